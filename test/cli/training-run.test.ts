// What a continued run is about: as it began, but for what has moved.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedRun } from "../../src/cli/training-run.js";
import { FileError, RunError } from "../../src/errors.js";
import { findPreset } from "../../src/mel/presets.js";
import { baseConfig } from "../../src/training/config.js";
import { RunFolder } from "../../src/training/run-folder.js";

let folder: string;
let run: RunFolder;
const parts = ["held-out.txt", "files.txt", "mels", "wavs"];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-run-"));
  for (const name of ["mels", "wavs", "elsewhere"]) mkdirSync(join(folder, name));
  for (const name of ["held-out.txt", "files.txt"]) writeFileSync(join(folder, name), "a\n");
  run = new RunFolder(join(folder, "run"));
  const paths = { corpus: "../wavs", checkpoint: "../voice", cache: "corpus" };
  await run.begin({
    config: baseConfig("mask-net"),
    mel: findPreset("hifigan-22k-80"),
    paths: { ...paths, heldOut: "../held-out.txt", files: "../files.txt", mels: "../mels" },
  });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a run that is continued", () => {
  it("names the option for each list and folder that has moved", async () => {
    for (const [name, option] of [
      ["held-out.txt", "--held-out LIST"],
      ["files.txt", "--files LIST"],
      ["mels", "--mels FOLDER"],
      ["wavs", "vocode train FOLDER --resume"],
    ]) {
      renameSync(join(folder, name), join(folder, "elsewhere", name));
      const refused = storedRun(run, undefined);
      await expect(refused).rejects.toBeInstanceOf(FileError);
      await expect(refused).rejects.toThrow(option);
      renameSync(join(folder, "elsewhere", name), join(folder, name));
    }
  });

  it("follows them to where they are now", async () => {
    for (const name of parts) renameSync(join(folder, name), join(folder, "elsewhere", name));
    const [heldOut, files, mels, wavs] = parts.map((name) => join(folder, "elsewhere", name));
    const description = await storedRun(run, wavs, { heldOut, files, mels });
    await run.change(description);
    const stored = JSON.parse(readFileSync(join(folder, "run", "run.json"), "utf8")) as { paths: unknown };
    expect(stored.paths).toEqual({
      corpus: join("..", "elsewhere", "wavs"),
      checkpoint: "../voice",
      cache: "corpus",
      heldOut: join("..", "elsewhere", "held-out.txt"),
      files: join("..", "elsewhere", "files.txt"),
      mels: join("..", "elsewhere", "mels"),
    });
    await expect(storedRun(run, undefined)).resolves.toMatchObject(stored);
  });

  it("takes no list that it began without", async () => {
    const description = (await run.describe())!;
    const { corpus, checkpoint, cache } = description.paths;
    await run.change({ ...description, paths: { corpus, checkpoint, cache } });
    const refused = storedRun(run, undefined, { heldOut: join(folder, "held-out.txt") });
    await expect(refused).rejects.toBeInstanceOf(RunError);
    await expect(refused).rejects.toThrow(
      "--held-out cannot be changed by --resume: the run began without it",
    );
  });
});

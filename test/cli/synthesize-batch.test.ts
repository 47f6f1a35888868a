import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const checkpoint = join(folder, "checkpoint");
const inputs = join(folder, "inputs");
const fast = ["--checkpoint", checkpoint, "--steps", "1", "--refine", "1"];

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "random");
  mkdirSync(join(inputs, "deeper"), { recursive: true });
  copyFileSync(audioFixture("speech.flac"), join(inputs, "copy.flac"));
  const { samples } = await readRecording(audioFixture("speech.wav"));
  await writeMel(join(inputs, "deeper", "speech.mel"), computeMel(samples, findPreset("hifigan-22k-80")));
  writeFileSync(join(inputs, "broken.npy"), "no mel");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("vocode <folder> <folder>", () => {
  it("turns all inputs into files of their names, and names those that it could not", async () => {
    const out = join(folder, "out");
    const { code, stdout, stderr } = await runCli([inputs, out, ...fast]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/out: 2 files, .* s of audio in .* real time/);
    expect(stderr).toMatch(/1 of 3 inputs could not be used:\n.*broken\.npy': The file is no mel/);
    const length = (await readRecording(audioFixture("speech.flac"))).samples.length;
    expect((await readRecording(join(out, "copy.wav"))).samples).toHaveLength(length);
    expect(existsSync(join(out, "broken.wav"))).toBe(false);
    // the same as alone
    const alone = join(folder, "alone.wav");
    expect((await runCli([join(inputs, "deeper", "speech.mel"), alone, ...fast])).code).toBe(0);
    expect(readFileSync(join(out, "deeper", "speech.wav"))).toEqual(readFileSync(alone));
  });

  it("takes several files, and lists them in JSON", async () => {
    const files = [join(inputs, "copy.flac"), join(inputs, "deeper", "speech.mel")];
    const { code, stdout } = await runCli([...files, join(folder, "both"), ...fast, "--json", "--quiet"]);
    expect(code).toBe(0);
    const { made, failures } = JSON.parse(stdout) as { made: { input: string }[]; failures: unknown[] };
    expect(made.map(({ input }) => input)).toEqual(files);
    expect(failures).toEqual([]);
  });

  it("shares the inputs among shards: each is done by one, to the same files", async () => {
    const out = join(folder, "shards");
    const [second, first] = [
      await runCli([inputs, out, ...fast, "--shard", "1/2"]),
      await runCli([inputs, out, ...fast, "--shard", "0/2"]),
    ];
    // in the order of their names: broken.npy and deeper/speech.mel, and copy.flac between them
    expect([second.code, second.stdout]).toEqual([0, expect.stringMatching(/shards: 1 file,/)]);
    expect([first.code, first.stdout]).toEqual([2, expect.stringMatching(/shards: 1 file,/)]);
    expect(first.stderr).toContain("1 of 2 inputs could not be used");
    for (const name of ["copy.wav", "deeper/speech.wav"])
      expect(readFileSync(join(out, name)), name).toEqual(readFileSync(join(folder, "out", name)));
  });

  it("leaves out what is there already, and tries again what failed", async () => {
    const out = join(folder, "shards");
    const copy = join(out, "copy.wav");
    writeFileSync(copy, "done");
    // what a process that was killed leaves of an output does not count as one
    renameSync(join(out, "deeper", "speech.wav"), join(out, "deeper", ".speech.wav.0a1b2c.part"));
    const { code, stdout, stderr } = await runCli([inputs, out, ...fast, "--skip-existing"]);
    expect([code, stdout]).toEqual([
      2,
      expect.stringMatching(/shards: 1 file, .* real time; 1 were there already\n$/),
    ]);
    expect(stderr).toContain("1 of 2 inputs could not be used");
    expect(readFileSync(copy, "utf8")).toBe("done");
    expect(existsSync(join(out, "deeper", "speech.wav"))).toBe(true);
    const rest = ["--skip-existing", "--shard", "1/2", "--json"];
    const again = await runCli([inputs, out, ...fast, ...rest]);
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ made: [], failures: [], existing: 1 });
  });

  it.each([
    [["--shard", "2/2"], "the last of 2 is 1/2"],
    [["--shard", "2"], "Write it as i/n"],
    [["--shard", "0/0"], "Write it as i/n"],
  ])("answers %j with what to do", async (options, message) => {
    const { code, stderr } = await runCli([inputs, join(folder, "none"), ...fast, ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it.each(["--shard=0/2", "--skip-existing"])("refuses %s for a single input", async (option) => {
    const wav = join(folder, "single.wav");
    const { code, stderr } = await runCli([join(inputs, "copy.flac"), wav, ...fast, option]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("is for several inputs")]);
  });

  it.each([
    ["a file as output", () => [inputs, join(folder, "one.wav")], /is named like one. Name a folder/],
    ["a pipe as output", () => [inputs, "-"], /name a folder in place of -/],
    [
      "a pipe among inputs",
      () => ["-", join(inputs, "copy.flac"), folder],
      /pipe can only be a single input/,
    ],
    [
      "two inputs of one name",
      () => [join(inputs, "copy.flac"), audioFixture("speech.wav"), join(inputs, "copy.flac"), folder],
      /would both become/,
    ],
    ["a folder without inputs", () => [checkpoint + "/../empty", folder], /holds no mels and no recordings/],
  ])("refuses %s before anything is done", async (_, args, message) => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    const { code, stderr } = await runCli([...args(), ...fast]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

// Commands as people mistype them: each is named, with what was meant, and nothing is written.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { clipSamples } from "../support/mel-reference.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const files = ["a.mel", "b.mel", "c.mel", "notes"];

beforeAll(async () => {
  const format = findPreset("hifigan-22k-80");
  const mel = computeMel(clipSamples("speech_22k"), format);
  const short = { ...mel, frames: 30, values: mel.values.slice(0, 30 * format.bands) };
  for (const name of ["a.mel", "b.mel", "c.mel"]) await writeMel(join(folder, name), short);
  writeFileSync(join(folder, "notes"), "nothing");
  await saveCheckpoint(join(folder, "voice"), randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<{ code: number | null; stderr: string }> {
  const { code, stderr } = await runCli(words, { cwd: folder });
  return { code, stderr };
}

describe("vocode", () => {
  it.each<[string[], RegExp]>([
    [
      ["infoo", "a.mel"],
      /unknown command 'infoo', and there is no file or folder.*\n\(Did you mean info\?\)/,
    ],
    [["synthesise", "a.mel", "out.wav"], /unknown command 'synthesise'.*\n\(Did you mean synthesize\?\)/],
    [["syntesize", "a.mel", "b.mel", "out"], /unknown command 'syntesize'.*\n\(Did you mean synthesize\?\)/],
    [["trian", ".", "--out", "made"], /unknown command 'trian'.*\n\(Did you mean train\?\)/],
    [["mles", "wavs"], /unknown command 'mles', and there is no file or folder of that name/],
    [["infoo"], /unknown command 'infoo'\n\(Did you mean info\?\)/],
    [["a.mel"], /There is an input, 'a\.mel', and no output/],
    [["absent.npy", "out.wav"], /absent\.npy/],
    [["a.mel", "b.mel", "c.mel"], /3 files and no output: the last one, 'c\.mel', is there already/],
    [["a.mel", "b.mel"], /named like a mel/],
    [["*.npy", "out.wav"], /There is no file '\*\.npy': it is a pattern.*Name the folder/],
    [["synthesize", "mels/*.mel", "out"], /There is no file 'mels\/\*\.mel'/],
  ])("%j is refused, and nothing is written", async (words, message) => {
    const { code, stderr } = await run(...words);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(readdirSync(folder).sort()).toEqual([...files, "voice"]);
  });

  it("remarks steps beside a schedule, and more threads than there are processors", async () => {
    const threads = availableParallelism() + 1;
    const words = ["a.mel", "out.wav", "--checkpoint", "voice", "--refine", "1"];
    const { code, stderr } = await run(
      ...words,
      "--schedule",
      "wg-3",
      "--steps",
      "50",
      "--threads",
      String(threads),
    );
    rmSync(join(folder, "out.wav"));
    expect(code).toBe(0);
    expect(stderr).toMatch(/--steps 50 does nothing: the schedule wg-3 has its own number of steps/);
    expect(stderr).toContain(`--threads ${threads} is more than the ${threads - 1} processors`);
    const silent = await run(...words, "--steps", "1", "--threads", "1");
    rmSync(join(folder, "out.wav"));
    expect(silent.stderr).not.toMatch(/does nothing|is more than/);
  });
});

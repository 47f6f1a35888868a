// Mels of other tools on the command line: what is read, what is refused before any sound is made, and what is said.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { parseMel } from "../../src/mel/file.js";
import { findPreset } from "../../src/mel/presets.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const checkpoint = join(folder, "checkpoint");
const fast = ["--checkpoint", checkpoint, "--steps", "1", "--refine", "1"];
const hifigan = findPreset("hifigan-22k-80");
const out = join(folder, "out.wav");
const speech = parseMel(readFileSync(`${fixtures}strange-mels/ln.npy`), { expected: hifigan }).mel;
/** Neighbouring bands averaged, as in a predicted mel. */
const smooth = speech.values.map((value, i) => {
  const [below, above] = [i % 80 > 0 ? i - 1 : i, i % 80 < 79 ? i + 1 : i];
  return (speech.values[below] + value + speech.values[above]) / 3;
});

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("vocode with a mel of another tool", () => {
  it.each(["one.npz", "tensor.pt"])("reads %s", async (name) => {
    const run = await runCli([`${fixtures}archives/${name}`, out, ...fast, "--trust-mel"]);
    expect(run.stderr).toContain("0.14 s of audio");
    expect(run.code).toBe(0);
    expect((await readRecording(out)).samples).toHaveLength(12 * 256);
  });

  it("takes the tensor that is named", async () => {
    const two = `${fixtures}archives/two.npz`;
    const refused = await runCli([two, out, ...fast, "--trust-mel"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("Name one with --mel-tensor");
    expect(await runCli([two, out, ...fast, "--trust-mel", "--mel-tensor", "after"])).toMatchObject({
      code: 0,
    });
  });

  it.each(["ln-of-power", "peak-1", "torchaudio"])("makes no sound of %s", async (name) => {
    const made = join(folder, `${name}.wav`);
    const run = await runCli([`${fixtures}strange-mels/${name}.npy`, made, ...fast]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("bands of peak 1");
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(made)).toBe(false);
  });

  it("reads what it is said to be", async () => {
    const run = await runCli([
      `${fixtures}strange-mels/peak-1.npy`,
      out,
      ...fast,
      "--mel-format",
      "norm=none",
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain("Its bands of peak 1 were area-normalised.");
  });
});

describe("vocode with mels that are odd, in a folder", () => {
  it("remarks on smooth ones and warns of clipping, each by its file's name", async () => {
    const inputs = join(folder, "inputs");
    mkdirSync(inputs);
    writeFileSync(join(inputs, "smooth.npy"), encodeNpy([speech.frames, 80], smooth));
    await writeMel(join(inputs, "stated.mel"), { ...speech, values: smooth });
    const loud = speech.values.map((value) => value + 5);
    await writeMel(join(inputs, "loud.mel"), { ...speech, values: loud });
    copyFileSync(`${fixtures}strange-mels/ln.npy`, join(inputs, "sharp.npy"));
    const run = await runCli([inputs, join(folder, "made"), ...fast]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain(
      `'${join(inputs, "smooth.npy")}': It is smoother than the mel of a recording`,
    );
    expect(run.stderr).toContain(
      `'${join(inputs, "stated.mel")}': It is smoother than the mel of a recording`,
    );
    expect(run.stderr).toMatch(
      /Warning: \d\S* % of the samples made of '[^']*loud\.mel' lie beyond full scale/,
    );
    expect(run.stderr).not.toContain("sharp.npy");
    const quiet = await runCli([inputs, join(folder, "made"), ...fast, "--quiet", "--json"]);
    expect(quiet.stderr).toBe("");
    const { made } = JSON.parse(quiet.stdout) as { made: { input: string; remarks: string[] }[] };
    expect(made.map(({ remarks }) => remarks.length)).toEqual([1, 0, 1, 1]);
  });
});

describe("vocode info", () => {
  it("says that a mel that states its format is smooth", async () => {
    const path = join(folder, "stated.mel");
    await writeMel(path, { ...speech, values: smooth });
    const { stdout } = await runCli(["info", path]);
    expect(stdout).toContain("! It is smoother than the mel of a recording");
  });
});

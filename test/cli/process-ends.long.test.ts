// Commands that open threads, sessions or pools, run as processes: each comes to its end by itself, whatever it opened.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audioFixture } from "../support/audio-fixtures.js";
import { runProgram } from "../support/run-cli.js";

const shipped = fileURLToPath(new URL("../../checkpoints/speech-22k", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-ends-"));
  mkdirSync(join(folder, "wavs"));
  copyFileSync(audioFixture("speech.wav"), join(folder, "wavs", "speech.wav"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the process of a command that opens threads or sessions", () => {
  it.each([
    ["evaluate wavs --steps 1 --refine 0"],
    ["evaluate wavs wavs"],
    ["compare wavs/speech.wav wavs/speech.wav"],
    ["pitch wavs/speech.wav"],
    ["corpus wavs"],
    ["bench wavs --steps 1 --rounds 1 --starts harmonic --samplers dpmpp-2m --precisions float32 --refine 0"],
    [`export ${shipped} voice.onnx --part colour`],
  ])("vocode %s ends by itself", async (line) => {
    const { code, stderr } = await runProgram([...line.split(" "), "--quiet"], { cwd: folder });
    expect(code, stderr).toBe(0);
  });
});

// A synthesis that is stopped in the middle: the built CLI as a process, with the shipped checkpoint, whose denoiser
// computes on several threads.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { fillNormals } from "../../src/diffusion/noise.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const format = findPreset("hifigan-22k-80");

beforeAll(async () => {
  const frames = 3000;
  const values = fillNormals(new Float32Array(frames * format.bands), { seed: 1, step: 0 });
  await writeMel(join(folder, "long.mel"), { frames, format, values: values.map((value) => value - 5) });
});
afterEach(() => {
  // nobody can tidy up behind SIGKILL
  for (const name of readdirSync(folder)) if (name !== "long.mel") rmSync(join(folder, name));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a synthesis of minutes and sends a signal so many milliseconds after its file was begun. */
async function stopped(signal: NodeJS.Signals, delay: number): Promise<number | null> {
  const args = ["long.mel", "speech.wav", "--steps", "1000", "--threads", "2"];
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (readdirSync(folder).length < 2 && child.exitCode === null) await setTimeout(5);
  await setTimeout(delay);
  child.kill(signal);
  return ended;
}

describe.skipIf(process.platform === "win32")("a signal amid a synthesis", () => {
  // at once the threads still open their engine; later they are within it most of the time, which aborts a careless end
  it.each([
    ["SIGINT", 130, 0],
    ["SIGINT", 130, 700],
    ["SIGINT", 130, 1100],
    ["SIGTERM", 143, 900],
  ] as const)("%s ends it with code %d, %d ms after its beginning, and leaves no file", async (...given) => {
    const [signal, code, delay] = given;
    expect(await stopped(signal, delay)).toBe(code);
    expect(readdirSync(folder)).toEqual(["long.mel"]);
  });

  it("SIGKILL leaves no output file", async () => {
    expect(await stopped("SIGKILL", 500)).toBeNull();
    expect(readdirSync(folder)).not.toContain("speech.wav");
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";
import { type CliRun, runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const [voice, other] = ["voice", "other"].map((name) => join(folder, name));

beforeAll(async () => {
  await saveCheckpoint(voice, harmonicCheckpoint(), "random");
  await saveCheckpoint(other, randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function synthesise(checkpoint: string, output: string, ...options: string[]): Promise<CliRun> {
  const paths = [audioFixture("speech.wav"), join(folder, output)];
  return runCli([...paths, "--checkpoint", checkpoint, "--steps", "2", "--refine", "1", ...options]);
}

describe("the start of vocode <mel> <wav>", () => {
  it("is harmonic where the checkpoint can, and says so", async () => {
    const { code, stderr } = await synthesise(voice, "a.wav");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/2 steps of dpmpp-2m on shallow-2 from a harmonic start at λ 0.0/);
    const { stdout } = await synthesise(voice, "b.wav", "--json", "--quiet", "--start-level", "0.5");
    expect(JSON.parse(stdout)).toMatchObject({ start: "harmonic", startLevel: 0.5 });
    expect(readFileSync(join(folder, "a.wav"))).not.toEqual(readFileSync(join(folder, "b.wav")));
  });

  it("is harmonic on the levels of a file with --start harmonic", async () => {
    const levels = join(folder, "levels.json");
    writeFileSync(levels, JSON.stringify({ logSnrs: [0.5, 6] }));
    const plain = await synthesise(voice, "f.wav", "--start-level", "0.5");
    const own = await synthesise(voice, "g.wav", "--start", "harmonic", "--schedule", levels);
    expect([plain.code, own.code], own.stderr).toEqual([0, 0]);
    expect(own.stderr).toMatch(/on \S*levels\.json from a harmonic start at λ 0\.5/);
    expect(readFileSync(join(folder, "g.wav"))).toEqual(readFileSync(join(folder, "f.wav")));
    const noise = await synthesise(voice, "h.wav", "--schedule", levels);
    expect(noise.stderr).toMatch(/on \S*levels\.json from noise/);
    const missing = await synthesise(voice, "i.wav", "--schedule", join(folder, "none.json"));
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain("none.json' does not exist");
    expect(existsSync(join(folder, "i.wav"))).toBe(false);
  });

  it("is noise with --start noise", async () => {
    const { stderr } = await synthesise(voice, "c.wav", "--start", "noise");
    expect(stderr).toMatch(/on logsnr-2 from noise/);
  });

  it.each([
    [["--start", "harmonic"], () => other, /no excitation model.*vocode train/],
    [["--start", "harmonic", "--schedule", "logsnr-2"], () => voice, /'logsnr-2' begins at noise/],
    [["--refine-exponent", "2"], () => voice, /exponent .* is 2; it lies from 0 to 1.6/],
  ] as const)("is refused with %j where it cannot be had", async (options, checkpoint, message) => {
    const { code, stderr } = await synthesise(checkpoint(), "e.wav", ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

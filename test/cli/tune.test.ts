import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeWav } from "../../src/host/node/recordings.js";
import { readCheckpointConfig, saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const checkpoint = join(folder, "voice");
const clips = join(folder, "clips");
const configPath = join(checkpoint, "config.json");

/** Pulses of a falling pitch: something with harmonics to hear. */
function voice(seconds: number, hertz: number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: Math.round(seconds * 22050) }, (_, n) => {
    phase += (hertz * (1 - n / 66_150)) / 22050;
    return 0.4 * Math.exp(-20 * (phase % 1)) - 0.02;
  });
}

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "");
  mkdirSync(clips);
  await writeWav(join(clips, "a.wav"), [voice(0.9, 150)], 22050, "16-bit");
  await writeWav(join(clips, "b.wav"), [voice(0.7, 220)], 22050, "16-bit");
  writeFileSync(join(clips, "list.txt"), "b.wav\n");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const short = ["--steps", "2,4", "--budget", "0.05", "--listen", "1", "--piece", "0.5"];

describe("vocode tune", () => {
  it("stores what it found, never worse than its start, and synthesis takes it", async () => {
    const run = await runCli(["tune", clips, "--checkpoint", checkpoint, ...short, "--json"]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/2 clips, 2 s; each trial hears 2 pieces, 1 s/);
    expect(run.stderr).toMatch(/2 steps: .* settings tried in/);
    const { tuned } = JSON.parse(run.stdout) as {
      tuned: { steps: number; objective: Record<string, number> }[];
    };
    expect(tuned.map(({ steps }) => steps)).toEqual([2, 4]);
    for (const { objective } of tuned) expect(objective["tuned"]).toBeLessThanOrEqual(objective["before"]);
    const { schedules, tunings } = await readCheckpointConfig(checkpoint);
    expect(schedules["tuned-4"]).toHaveLength(4);
    expect(tunings?.["tuned-2"]).toMatchObject({ start: "noise", sampler: "dpmpp-2m" });
    // between the two that were tuned
    const wav = join(folder, "out.wav");
    const said = ["--checkpoint", checkpoint, "--steps", "3", "--json", "--quiet"];
    const spoken = await runCli([join(clips, "a.wav"), wav, ...said]);
    expect(spoken).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(spoken.stdout)).toMatchObject({ schedule: "tuned-3", steps: 3 });
  });

  it("only prints with --no-store, and listens to the recordings of a list", async () => {
    const before = readFileSync(configPath, "utf8");
    const list = ["--files", join(clips, "list.txt"), "--no-store", "--steps", "1", "--budget", "0.02"];
    const run = await runCli(["tune", clips, "--checkpoint", checkpoint, ...list]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/^1 clip, 1 s/);
    expect(run.stdout).toMatch(/^steps +before +tuned +K +p +momentum/);
    expect(readFileSync(configPath, "utf8")).toBe(before);
  });

  it.each([
    [["--steps", "6,x"], /whole number from 1 to 1000/],
    [["--steps", "6,6"], /6 stands in it twice/],
    [["--budget", "0"], /--budget is 0/],
    [["--start", "silence"], /Allowed choices are noise, harmonic/],
    [["--files", "nowhere.txt"], /'nowhere.txt' does not exist/],
  ])("refuses %j", async (wrong, message) => {
    const run = await runCli(["tune", clips, "--checkpoint", checkpoint, ...wrong]);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it("refuses a folder without recordings and a checkpoint that is none", async () => {
    expect((await runCli(["tune", checkpoint, "--checkpoint", checkpoint])).stderr).toMatch(/no recordings/);
    expect((await runCli(["tune", clips, "--checkpoint", clips])).stderr).toMatch(/config\.json/);
  });
});

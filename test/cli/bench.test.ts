import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeWav } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const checkpoint = join(folder, "voice");
const clip = join(folder, "clip.wav");

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "");
  const noise = fillNormals(new Float32Array(12_000), { seed: 1, step: 0 }).map((value) => 0.05 * value);
  await writeWav(clip, [noise], 22050, "16-bit");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string): string {
  return join(folder, name);
}

const short = [
  ...["--steps", "1,2", "--samplers", "ddim", "--starts", "noise", "--rounds", "2", "--seconds", "0.5"],
  ...["--refine", "0", "--results", file("results.jsonl")],
];

interface Report {
  machine: { cpu: string; versions: Record<string, string> };
  rows: {
    setting: { steps: number };
    rounds: number;
    realTimeFactor: Record<string, number>;
    peakMegabytes?: number;
    firstSoundSeconds: Record<string, number>;
    metrics: Record<string, number>;
    objective: number;
  }[];
}

describe("vocode bench", () => {
  it(
    "measures every setting, prints a table and writes JSON, CSV and a picture",
    { timeout: 120_000 },
    async () => {
      const outputs = ["--json", file("out.json"), "--csv", file("out.csv"), "--picture", file("out.svg")];
      const run = await runCli(["bench", clip, "--checkpoint", checkpoint, ...short, ...outputs]);
      expect(run).toMatchObject({ code: 0 });
      expect(run.stdout).toMatch(/^sampler +schedule +steps +K +× real time/);
      expect(run.stderr).toMatch(/2 settings; quality on 1 clip of 0.5 s, speed in 2 rounds on 0.5 s/);
      const { machine, rows } = JSON.parse(readFileSync(file("out.json"), "utf8")) as Report;
      expect(machine.versions["node"]).toBe(process.versions.node);
      expect(readFileSync(file("out.json"), "utf8")).not.toContain(`"${hostname()}"`);
      expect(rows.map(({ setting }) => setting.steps)).toEqual([1, 2]);
      for (const row of rows) {
        expect(row.rounds).toBe(2);
        for (const { low, median, high } of [row.realTimeFactor, row.firstSoundSeconds] as {
          low: number;
          median: number;
          high: number;
        }[]) {
          expect(low).toBeGreaterThan(0);
          expect(low).toBeLessThanOrEqual(median);
          expect(median).toBeLessThanOrEqual(high);
        }
        // Node alone takes more than this
        expect(row.peakMegabytes).toBeGreaterThan(50);
        expect(row.metrics["mstft"]).toBeGreaterThan(0);
        expect(row.objective).toBeGreaterThan(0);
      }
      expect(readFileSync(file("out.csv"), "utf8").trim().split("\n")).toHaveLength(3);
      expect(readFileSync(file("out.svg"), "utf8")).toContain("times real time");
    },
  );

  it("goes on where it was, and measures nothing twice", { timeout: 120_000 }, async () => {
    const before = readFileSync(file("results.jsonl"), "utf8");
    const args = ["bench", clip, "--checkpoint", checkpoint, ...short];
    const again = await runCli([...args, "--json"]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toMatch(/already holds 8 measurements/);
    expect(readFileSync(file("results.jsonl"), "utf8")).toBe(before);
    expect((JSON.parse(again.stdout) as Report).rows).toHaveLength(2);
    // what a killed run leaves: the last line cut off
    writeFileSync(file("results.jsonl"), before.slice(0, -20));
    expect(await runCli([...args, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(file("results.jsonl"), "utf8").trim().split("\n")).toHaveLength(1 + 8);
    const other = await runCli([...args, "--seed", "2"]);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toMatch(/its seed is 1, and here it is 2/);
  });

  it.each([
    [["--steps", "6,six"], /whole number/],
    [["--samplers", "ddim,magic"], /'magic' is none of ddpm/],
    [["--refine", "4,many"], /whole number/],
    [["--seconds", "0"], /--seconds is 0/],
    [["--schedules", "wg-6", "--steps", "7"], /nothing to compare/],
    [["--picture", "out.jpg"], /\.png or \.svg/],
    [["--schedules", "default,foo"], /There is no schedule 'foo'/],
    [["--starts", "harmonic"], /no excitation model/],
  ])("refuses %j before any work", async (wrong, message) => {
    const results = file("unused.jsonl");
    const run = await runCli(["bench", clip, "--checkpoint", checkpoint, "--results", results, ...wrong]);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(existsSync(results)).toBe(false);
  });

  it("does not write JSON over a clip that follows --json", async () => {
    const before = readFileSync(clip);
    const run = await runCli(["bench", "--json", clip, "--checkpoint", checkpoint]);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/does not end in \.json/);
    expect(readFileSync(clip)).toEqual(before);
  });
});

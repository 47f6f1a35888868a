// Runs of training and benchmarks that vocode began before the redesign go on: test/fixtures/before-redesign/make.mjs made
// the files with the commit before. They go through the built command line, as their owners would use them.
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MelFormat } from "../src/mel/format.js";
import { parseSafetensors, tensorFloats } from "../src/formats/safetensors.js";
import { cacheFolderOf } from "../src/training/corpus/cache-index.js";
import { runCli } from "./support/run-cli.js";

const fixtures = fileURLToPath(new URL("fixtures/before-redesign/", import.meta.url));
const fixture = (...names: string[]): string => join(fixtures, ...names);

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "vocode-before-"));
});
afterAll(() => {
  rmSync(parent, { recursive: true });
});

/** The root of the sum of squared differences. */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
}

/** The network's weights of a safetensors file, by name. */
function networkWeights(path: string): Map<string, Float32Array> {
  const { tensors } = parseSafetensors(readFileSync(path));
  const network = [...tensors.values()].filter(({ name }) => /^(denoiser\.|average\/)/.test(name));
  return new Map(
    network.map((tensor) => [tensor.name.replace(/^average\//, "denoiser."), tensorFloats(tensor)]),
  );
}

describe("a training run that was killed before the redesign", () => {
  const lines = (path: string): Record<string, unknown>[] =>
    readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  beforeAll(() => {
    cpSync(fixture("run"), join(parent, "run"), { recursive: true });
    cpSync(fixture("clips"), join(parent, "wavs"), { recursive: true });
    writeFileSync(join(parent, "held-out.txt"), "clip-1.wav\n");
  });

  it("is reported with its curves and clips", async () => {
    const { code, stdout, stderr } = await runCli(["report", "run", "--out", "report.html", "--json"], {
      cwd: parent,
    });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ report: "report.html", measurements: 1, clips: 1, takes: 2 });
  });

  it(
    "goes on where it was and ends with the weights of one that was not killed",
    { timeout: 120_000 },
    async () => {
      // a cache lies where the recordings' place says, and they have moved
      const corpus = join(parent, "run", "corpus");
      const { mel } = JSON.parse(readFileSync(join(parent, "run", "run.json"), "utf8")) as { mel: MelFormat };
      const folder = cacheFolderOf(corpus, { format: mel, minimumFrames: 64 }, [join(parent, "wavs"), ""]);
      renameSync(join(corpus, readdirSync(corpus)[0]), folder);
      const { code, stdout, stderr } = await runCli(
        ["train", "--resume", "run", "--threads", "1", "--no-samples", "--measure-every", "40"],
        { cwd: parent },
      );
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/^Trained 100 steps/);
      // neither recordings nor prior are made a second time
      expect(stderr).not.toContain("recordings made ready");
      expect(stderr).not.toContain("prior 20/20");
      // the loss of step 50 came after the last save: it is measured again, once
      const metrics = lines(join(parent, "run", "metrics.jsonl"));
      expect(metrics.map(({ step }) => step)).toEqual([40, 50, 80, 100, 100]);
      expect(metrics[0]).toEqual(lines(fixture("run", "metrics.jsonl"))[0]);

      const begun = networkWeights(fixture("run", "state-00000040.safetensors"));
      const wanted = networkWeights(fixture("finished.safetensors"));
      const made = networkWeights(join(parent, "voice", "model.safetensors"));
      expect([...made.keys()].sort()).toEqual([...wanted.keys()].sort());
      for (const [name, values] of wanted) {
        // bit for bit where the processor rounds alike; another engine, which rounds otherwise, came within 2e-5
        const learned = distance(values, begun.get(name)!);
        expect(distance(values, made.get(name)!) / learned, name).toBeLessThan(1e-3);
      }
    },
  );
});

describe("a benchmark begun before the redesign", () => {
  const results = (): string => join(parent, "bench.jsonl");
  const bench = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(
      [
        ...["bench", "clips/clip-0.wav", "--checkpoint", "wavegrad", "--samplers", "ddpm", "--threads", "1"],
        ...["--rounds", "2", "--seconds", "0.5", "--refine", "0,4", "--results", results(), ...args],
      ],
      { cwd: fixtures },
    );
  const [head, ...measurements] = readFileSync(fixture("bench.jsonl"), "utf8").trim().split("\n");

  it("goes on with its measurements on the machine that it was begun on", { timeout: 120_000 }, async () => {
    const fields = JSON.parse(head) as { machine: Record<string, unknown> };
    const write = (machine: unknown): void => {
      writeFileSync(results(), `${[JSON.stringify({ ...fields, machine }), ...measurements].join("\n")}\n`);
    };
    // the checkpoint, the clips and the rest are found to be the same; the refusal says which machine this is
    write("elsewhere");
    const refused = await bench("--steps", "6");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    const pattern = /its machine is "elsewhere", and here it is (.*)\. Name another file/;
    expect(refused.stderr).toMatch(pattern);
    const machine = JSON.parse(pattern.exec(refused.stderr)![1]) as Record<string, unknown>;
    expect(Object.keys(machine)).toEqual(Object.keys(fields.machine));

    write(machine);
    const run = await bench("--steps", "6,2", "--schedules", "default,logsnr-N", "--no-memory", "--json");
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain(`already holds ${measurements.length} measurements`);
    const lines = readFileSync(results(), "utf8").trim().split("\n");
    // what was measured is as it was, and no line of it was measured again
    expect(lines.slice(1, 1 + measurements.length)).toEqual(measurements);
    const { rows } = JSON.parse(run.stdout) as { rows: { setting: { steps: number; schedule: string } }[] };
    const before = JSON.parse(readFileSync(fixture("bench.json"), "utf8")) as { rows: typeof rows };
    for (const row of before.rows) expect(rows).toContainEqual(row);
    expect(rows.length).toBeGreaterThan(before.rows.length);
  });
});

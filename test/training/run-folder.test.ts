import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { SafetensorsError } from "../../src/formats/safetensors.js";
import { RunError } from "../../src/errors.js";
import { RunFolder } from "../../src/training/run-folder.js";
import type { RunDescription, RunState } from "../../src/training/run.js";
import { defaultTrainConfig } from "../../src/training/config.js";

const description: RunDescription = {
  config: { ...defaultTrainConfig, steps: 7, speeds: [1] },
  mel: findPreset("hifigan-22k-80"),
  paths: { corpus: "../wavs", checkpoint: "../out", cache: "corpus", heldOut: "../dev.txt" },
};

let parent: string;
let path: string;
let run: RunFolder;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "vocode-run-"));
  path = join(parent, "runs", "mine");
  run = new RunFolder(path);
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

function state(step: number): RunState {
  return { step, tensors: { "weight/a": { data: Float32Array.of(step, -0.1), shape: [2] } } };
}

const states = (): string[] =>
  readdirSync(path)
    .filter((name) => name.includes("state-"))
    .sort();

describe("a run's description", () => {
  it("is read as it was written, with the folders above made", async () => {
    expect(await run.describe()).toBeUndefined();
    await run.begin(description);
    expect(await new RunFolder(path).describe()).toEqual(description);
  });

  it("is not replaced by another's", async () => {
    await run.begin(description);
    const before = readFileSync(join(path, "run.json"), "utf8");
    const other = new RunFolder(path).begin({ ...description, config: defaultTrainConfig });
    await expect(other).rejects.toThrow(RunError);
    await expect(other).rejects.toThrow(`'${path}' already holds a training run`);
    expect(readFileSync(join(path, "run.json"), "utf8")).toBe(before);
  });

  it.each([
    ["{", "is not JSON"],
    ["null", "lacks config and mel and paths"],
    ['{"config": {}, "mel": 3}', "lacks mel and paths"],
    [
      JSON.stringify({ ...description, paths: { ...description.paths, cache: 7 } }),
      "has 7 for 'paths.cache', which should be a text. The run cannot be continued.",
    ],
  ])("is refused as %j", async (text, message) => {
    await run.begin(description);
    writeFileSync(join(path, "run.json"), text);
    await expect(run.describe()).rejects.toThrow(RunError);
    await expect(run.describe()).rejects.toThrow(message);
  });
});

describe("a run's states", () => {
  beforeEach(() => run.begin(description));

  it("come back with their step, the newest first", async () => {
    expect(await run.newestState()).toBeUndefined();
    for (const step of [9, 10, 100]) await run.saveState(state(step));
    expect(await run.newestState()).toEqual(state(100));
  });

  it("are kept three at a time", async () => {
    for (const step of [5, 10, 15, 20, 25]) await run.saveState(state(step));
    expect(states()).toEqual([15, 20, 25].map((step) => `state-000000${step}.safetensors`));
  });

  it("are passed over where they are damaged", async () => {
    for (const step of [1, 2]) await run.saveState(state(step));
    writeFileSync(
      join(path, "state-00000002.safetensors"),
      readFileSync(join(path, "run.json")).subarray(0, 20),
    );
    expect(await run.newestState()).toEqual(state(1));
    writeFileSync(join(path, "state-00000001.safetensors"), "");
    await expect(run.newestState()).rejects.toThrow(SafetensorsError);
  });

  it("are not mixed up with what a killed process left, which is removed", async () => {
    const left = ".state-00000099.safetensors.0123456789ab.part";
    writeFileSync(join(path, left), "half of it");
    writeFileSync(join(path, "state-notes.txt"), "mine");
    expect(await run.newestState()).toBeUndefined();
    await run.saveState(state(3));
    expect(await run.newestState()).toEqual(state(3));
    expect(states()).toEqual(["state-00000003.safetensors", "state-notes.txt"]);
  });

  it("lie beside the prior", async () => {
    expect(await run.readPrior()).toBeUndefined();
    const prior = { bias: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } };
    await run.savePrior(prior);
    expect(await run.readPrior()).toEqual(prior);
    expect(await run.newestState()).toBeUndefined();
  });
});

describe("a run's measurements", () => {
  const line = (step: number): { step: number; devError: number } => ({ step, devError: 1 / step });
  beforeEach(async () => {
    await run.begin(description);
    expect(await run.readMetrics()).toEqual([]);
    for (const step of [1, 2, 3]) await run.addMetrics(line(step));
  });

  it("are read up to a step", async () => {
    expect(await run.readMetrics()).toEqual([1, 2, 3].map(line));
    expect(await run.readMetrics(2)).toEqual([1, 2].map(line));
  });

  it("are forgotten after a step", async () => {
    await run.forgetMetricsAfter(2);
    expect(await run.readMetrics()).toEqual([1, 2].map(line));
    await run.forgetMetricsAfter(0);
    expect(await run.readMetrics()).toEqual([]);
  });

  it("survive a line that was cut off, and one after it", async () => {
    appendFileSync(join(path, "metrics.jsonl"), '{"step":4,"devErr');
    expect(await run.readMetrics()).toEqual([1, 2, 3].map(line));
    await run.forgetMetricsAfter(3);
    await run.addMetrics(line(4));
    expect(await run.readMetrics()).toEqual([1, 2, 3, 4].map(line));
  });

  it("need not be there to be forgotten", async () => {
    rmSync(join(path, "metrics.jsonl"));
    await run.forgetMetricsAfter(2);
    expect(readdirSync(path)).toEqual(["run.json"]);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DivergedError, FileError } from "../../src/errors.js";
import { openEngine } from "../../src/host/node/engines.js";
import type { Engine } from "../../src/engine/engine.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { type RunState, whereThereIsRoom } from "../../src/training/run.js";
import { partOf } from "../../src/training/optimiser/optimiser.js";
import type { TrainConfig } from "../../src/training/config.js";
import { train, type TrainingOptions, type TrainingResult } from "../../src/training/trainer.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";
import { tinyTrainConfig } from "../support/tiny-train-config.js";

const source = syntheticCorpus();
const config: TrainConfig = { ...tinyTrainConfig, steps: 12, priorSteps: 10, excitationSteps: 0 };

let folder: string;
let runtime: Engine;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
  runtime = await openEngine({ engine: "graph", threads: 1 });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Options = Partial<TrainingOptions> & { readonly run?: RunFolder };

async function trainIn(name: string, options: Options = {}): Promise<TrainingResult> {
  const run = options.run ?? new RunFolder(join(folder, name));
  if (!(await run.describe())) await run.begin({ config, mel: source.format, paths: noPaths });
  return train({ runtime, source, config, run, saveEvery: 1e9, measureEvery: 1e9, ...options });
}

describe("training", () => {
  it("ends with the same weights when it is stopped and continued", async () => {
    const whole = await trainIn("whole");
    for (const stopAt of [3, 7]) {
      const stop = new AbortController();
      let steps = 0;
      const first = await trainIn("parts", {
        signal: stop.signal,
        beforeStep: () => {
          steps++;
          if (steps > stopAt) stop.abort();
          return Promise.resolve();
        },
      });
      expect(first.finished).toBe(false);
    }
    const continued = await trainIn("parts");
    expect(continued.finished).toBe(true);
    expect(continued.network).toEqual(whole.network);
    expect(continued.prior).toEqual(whole.prior);
  });

  it("says beforehand how long the network takes, without a trace in what it becomes", async () => {
    const told: (number | string)[] = [];
    const result = await trainIn("told", {
      onEstimate: (seconds) => told.push(seconds),
      onProgress: ({ phase }) => told.push(phase),
    });
    expect(told).toEqual([expect.any(Number), "prior", "network"]);
    // twelve steps of this network take more than a millisecond each, and no minute
    expect(told[0]).toBeGreaterThan(0.012);
    expect(told[0]).toBeLessThan(60);
    expect(result.network).toEqual((await trainIn("untold")).network);
    const again = await trainIn("told", { onEstimate: () => told.push("again") });
    expect([again.finished, told.length]).toEqual([true, 3]);
  });

  it("trains the excitation model once, before the network, and keeps it", async () => {
    const withExcitation = { ...config, excitationSteps: 2, steps: 1 };
    const stop = new AbortController();
    const first = await trainIn("run", {
      config: withExcitation,
      onProgress: () => {
        stop.abort();
      },
      signal: stop.signal,
    });
    expect([first.finished, first.excitation]).toEqual([false, undefined]);
    const phases = new Set<string>();
    const second = await trainIn("run", {
      config: { ...withExcitation, excitationSteps: 10 },
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect([second.finished, [...phases]]).toEqual([true, ["excitation"]]);
    expect(second.excitation!["output.weight"].shape).toEqual([192, 206]);
    const again = await trainIn("run", { config: withExcitation });
    expect(again.excitation).toEqual(second.excitation);
  });

  it("goes back to good weights after a step that gave no numbers", async () => {
    const remarks: string[] = [];
    let reads = 0;
    const poisoned = {
      ...source,
      readSamples: (...args: Parameters<typeof source.readSamples>) => {
        source.readSamples(...args);
        reads++;
        // the first crop of the network's third step
        if (reads === 2 * (config.priorSteps + 2) + 1) args[3].fill(NaN, args[4], args[4] + args[2]);
      },
    };
    const result = await trainIn("run", { source: poisoned, onRemark: (text) => remarks.push(text) });
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toContain("Step 3");
    expect(Object.values(result.network).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

/** A source whose first crop in some steps of the network is no number. */
function poisonedIn(steps: readonly number[], priorSteps: number, first = 0): typeof source {
  let reads = 0;
  return {
    ...source,
    readSamples: (...args: Parameters<typeof source.readSamples>) => {
      source.readSamples(...args);
      const step = Math.floor(reads / config.batch) - priorSteps + first;
      if (steps.includes(step) && reads % config.batch === 0) args[3].fill(NaN, args[4], args[4] + args[2]);
      reads++;
    },
  };
}

describe("a training step that went wrong", () => {
  const long: TrainConfig = { ...config, steps: 26 };

  it("returns to the same weights in a run that was continued shortly before", async () => {
    const { priorSteps } = config;
    const remarks: string[] = [];
    const onRemark = (text: string): number => remarks.push(text);
    const whole = await trainIn("whole", { config: long, source: poisonedIn([17], priorSteps), onRemark });
    expect(remarks).toEqual([expect.stringMatching(/^Step 18 .*; back to the weights of step 10\.$/)]);
    // stopped at step 14, between two copies of the state
    const stop = new AbortController();
    let steps = 0;
    const first = await trainIn("parts", {
      config: long,
      source: poisonedIn([17], priorSteps),
      signal: stop.signal,
      beforeStep: () => {
        if (++steps > priorSteps + 14) stop.abort();
        return Promise.resolve();
      },
    });
    expect([first.steps, first.finished]).toEqual([14, false]);
    const rest = await trainIn("parts", { config: long, source: poisonedIn([17], 0, 14), onRemark });
    expect(remarks[1]).toBe(remarks[0]);
    expect(rest.network).toEqual(whole.network);
  });

  it("ends training after ten others, and says what to do", async () => {
    const all = Array.from({ length: 26 }, (_, step) => step);
    const training = trainIn("bad", { config: long, source: poisonedIn(all, config.priorSteps) });
    await expect(training).rejects.toThrow(DivergedError);
    await expect(training).rejects.toThrow("no number in 11 steps up to step 11");
  });

  it("ends training after ten others, also where single good steps lie between them", async () => {
    const everyThird = Array.from({ length: 20 }, (_, i) => 3 * i);
    const longer: TrainConfig = { ...config, steps: 60 };
    const training = trainIn("bad", { config: longer, source: poisonedIn(everyThird, config.priorSteps) });
    await expect(training).rejects.toThrow("no number in 11 steps up to step 31");
  });

  it("ends training where the error grows beyond that of silence, without a loss that is no number", async () => {
    const wild: TrainConfig = { ...config, steps: 200, muonRate: 20, adamWRate: 1, gradientNorm: 1e6 };
    const training = trainIn("wild", { config: wild, measureEvery: 5 });
    await expect(training).rejects.toThrow(DivergedError);
  });
});

describe("a full disk in training", () => {
  it("pauses training, which goes on when there is room", async () => {
    const full = new FileError("'state' could not be written: the disk is full.", "state", "ENOSPC");
    class FullFolder extends RunFolder {
      left = 2;
      override async saveState(state: RunState, best?: number): Promise<void> {
        if (this.left-- > 0) throw full;
        await super.saveState(state, best);
      }
    }
    const remarks: string[] = [];
    const run = new FullFolder(join(folder, "full"));
    const result = await trainIn("full", { run, onRemark: (text) => remarks.push(text), diskWait: 1 });
    expect(result.finished).toBe(true);
    expect((await run.newestState())!.step).toBe(config.steps);
    expect(remarks).toEqual([
      expect.stringMatching(/^Training pauses\. .*the disk is full\. It goes on by itself/),
      "There is room on the disk again: training goes on.",
    ]);
  });

  it("ends training with an error where nobody waits for room", async () => {
    const full = new FileError("The disk is full.", "x", "EDQUOT");
    const stop = new AbortController();
    const write = vi.fn(() => Promise.reject(full));
    const remarks: string[] = [];
    const writing = whereThereIsRoom(write, {
      signal: stop.signal,
      onRemark: (text) => {
        remarks.push(text);
        queueMicrotask(() => {
          stop.abort();
        });
      },
    });
    await expect(writing).rejects.toBe(full);
    expect([write.mock.calls.length, remarks.length]).toEqual([2, 1]);
    const other = new Error("another");
    await expect(whereThereIsRoom(() => Promise.reject(other))).rejects.toBe(other);
  });
});

describe("measurements of a training run", () => {
  it("keep the best state beside the last three, whose weights a finished run gives", async () => {
    // rates that ruin the weights after the first steps
    const wild: TrainConfig = { ...config, steps: 30, muonRate: 3, adamWRate: 1 };
    const measured: number[] = [];
    const saves: number[] = [];
    const result = await trainIn("wild", {
      config: wild,
      measureEvery: 5,
      saveEvery: 0,
      onMeasure: (_, { mean }) => measured.push(mean),
      onSave: (step) => {
        saves.push(step);
        return Promise.resolve();
      },
    });
    const best = 5 * (1 + measured.indexOf(Math.min(...measured)));
    expect(best).toBeLessThan(30);
    expect([result.steps, result.weightsOf, saves.at(-1)]).toEqual([30, best, best]);
    expect(result.error?.mean).toBe(Math.min(...measured));
    const run = new RunFolder(join(folder, "wild"));
    expect((await run.newestState())!.step).toBe(30);
    expect(result.network).toEqual(partOf((await run.readState(best))!.tensors, "average/"));
  });
});

const noPaths = { corpus: ".", checkpoint: "out", cache: "cache" };

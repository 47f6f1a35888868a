// A run with a finishing phase that takes seconds: a tiny network on synthetic recordings.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { openEngine } from "../../src/host/node/engines.js";
import type { Settings } from "../../src/models/architecture.js";
import { defaultTrainConfig, type TrainConfig } from "../../src/training/config.js";
import type { CropSource } from "../../src/training/draws.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { train, type TrainingOptions, type TrainingResult } from "../../src/training/trainer.js";
import { syntheticCorpus } from "./synthetic-corpus.js";
import { tinyTrainConfig } from "./tiny-train-config.js";

export const finishingSource = syntheticCorpus();

export const tinyFinishing: TrainConfig = {
  ...tinyTrainConfig,
  steps: 4,
  excitationSteps: 2,
  finishSteps: 14,
  finishBatch: 2,
  finishCropFrames: 12,
  finishExcitationSteps: 3,
  // the discriminators take seconds to compile: where they are not asked for they are left out, and there are but two
  finishLosses: ["noise", "log-mel:8"],
  discriminatorSpectra: [512],
  discriminatorPeriods: [2],
};

export const withAllLosses = { finishLosses: defaultTrainConfig.finishLosses };

/** The same recordings, all of whose mels a model has predicted to be −5. */
export const predictedMels: CropSource = {
  ...finishingSource,
  readMel: (_, _first, count, target, at) => target.fill(-5, at, at + count * finishingSource.format.bands),
};

/** What the tests of a file train with. */
export interface FinishingRuns {
  readonly runtime: Engine;
  /** The folder of the test that is running, removed after it. */
  readonly folder: string;
  /** Trains a run in the folder from where it is on; without any there it begins one. */
  readonly trainIn: (
    name: string,
    settings?: Settings,
    options?: Partial<TrainingOptions>,
  ) => Promise<TrainingResult>;
}

/** Opens an engine for a test file, and a folder for each of its tests. */
export function finishingRuns(): FinishingRuns {
  let folder: string;
  let runtime: Engine;
  beforeAll(async () => {
    runtime = await openEngine({ engine: "graph", threads: 1 });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vocode-finishing-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  return {
    get runtime() {
      return runtime;
    },
    get folder() {
      return folder;
    },
    trainIn: async (name, settings = {}, options = {}) => {
      const run = new RunFolder(join(folder, name));
      const config = { ...tinyFinishing, ...settings };
      const source = finishingSource;
      if (!(await run.describe())) {
        const paths = { corpus: ".", checkpoint: "out", cache: "cache" };
        await run.begin({ config, mel: source.format, paths });
      }
      return train({ runtime, source, config, run, saveEvery: 1e9, measureEvery: 1e9, ...options });
    },
  };
}

// A run with a finishing phase that takes seconds: a tiny network on synthetic recordings.
import type { Engine } from "../../src/engine/engine.js";
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

/** Trains a run in a folder from where it is on; without any there it begins one. */
export async function trainFinishing(
  path: string,
  runtime: Engine,
  settings: Settings = {},
  options: Partial<TrainingOptions> = {},
): Promise<TrainingResult> {
  const run = new RunFolder(path);
  const config = { ...tinyFinishing, ...settings };
  const source = finishingSource;
  if (!(await run.describe())) {
    const paths = { corpus: ".", checkpoint: "out", cache: "cache" };
    await run.begin({ config, mel: source.format, paths });
  }
  return train({ runtime, source, config, run, saveEvery: 1e9, measureEvery: 1e9, ...options });
}

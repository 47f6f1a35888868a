// The checkpoint of a run: the averaged weights with what they are, so that it can be used while training goes on.
import { type Checkpoint, saveCheckpoint } from "../checkpoint/checkpoint.js";
import { excitationShape } from "../models/excitation-model.js";
import type { CropSource } from "./crop-source.js";
import { modelCard } from "./model-card.js";
import type { RunFolder } from "./run-folder.js";
import { withPrefix } from "./state-tensors.js";
import type { TrainConfig } from "./train-config.js";
import type { TrainedWeights } from "./trainer.js";
import { createTrainingModel } from "./training-model.js";

/** A run at some step. */
export interface Trained {
  readonly name: string;
  readonly config: TrainConfig;
  readonly corpus: CropSource;
  readonly steps: number;
  readonly weights: TrainedWeights;
  readonly run: RunFolder;
  /** The name of the checkpoint that the run began with. */
  readonly from?: string | undefined;
}

/** Writes the checkpoint of a run. */
export async function storeTrained(folder: string, trained: Trained): Promise<void> {
  const { name, config, corpus, steps, weights, run, from } = trained;
  const { format, utterances } = corpus;
  const recorded = utterances.filter(({ speed, heldOut }) => speed === 1 && !heldOut);
  const hoursOf = (frames: number): number => (frames * format.hopLength) / format.sampleRate / 3600;
  const audioHours = hoursOf(steps * config.batch * config.cropFrames);
  const recordedHours = hoursOf(recorded.reduce((sum, { frames }) => sum + frames, 0));
  const latest = (await run.readMetrics(steps)).findLast((metrics) => "devError" in metrics);
  const error = latest && {
    mean: latest["devError"] as number,
    byLevel: latest["devErrorByLevel"] as readonly number[],
  };
  const { prior, excitation, network } = weights;
  const all = {
    ...withPrefix("prior.", prior),
    ...withPrefix("excitation.", excitation ?? {}),
    ...withPrefix("denoiser.", network),
  };
  const { denoiser } = createTrainingModel(config, format);
  const facts = {
    ...(from !== undefined && { from }),
    ...{ recordings: recorded.length, recordedHours, steps, audioHours },
  };
  const checkpoint = {
    config: {
      ...denoiser.describe({
        mel: format,
        schedules: {},
        training: { ...facts, devError: error ?? null, settings: config },
      }),
      ...(excitation && { excitation: excitationShape }),
    },
    weights: all,
  } as Checkpoint;
  const weightCount = Object.values(network).reduce((sum, { data }) => sum + data.length, 0);
  await saveCheckpoint(
    folder,
    checkpoint,
    modelCard({ ...facts, name, config, denoiser, error, weightCount }),
  );
}

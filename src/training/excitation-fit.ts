// The excitation model of a run, before the network's steps: a few minutes that are not saved on the way, since a run that
// was killed trains the same model again.
import type { WeightValue } from "../models/weights.js";
import type { CropSource, PitchSource } from "./crop-source.js";
import { trainExcitation } from "./excitation-training.js";
import { whereThereIsRoom } from "./full-disk.js";
import { Meter } from "./meter.js";
import type { RunFolder } from "./run-folder.js";
import { partOf } from "./state-tensors.js";
import type { TrainConfig } from "./train-config.js";
import { REPORT_EVERY, type TrainingOptions } from "./training-options.js";

/**
 * The excitation model that a run has already: its own, or that of the checkpoint that it begins with.
 *
 * @param start that checkpoint's weights, where the run does not hold them yet
 */
export async function storedExcitation(
  run: RunFolder,
  start?: Readonly<Record<string, WeightValue>>,
): Promise<Record<string, WeightValue> | undefined> {
  const own = await run.readExcitation();
  if (own) return own;
  const begun = partOf(start ?? (await run.readStart()) ?? {}, "excitation.");
  return Object.keys(begun).length > 0 ? begun : undefined;
}

/** Whether a run is to train an excitation model: the harmonic start needs the domain of the spectral prior. */
export function wantsExcitation({ denoiser, excitationSteps }: TrainConfig): boolean {
  return denoiser === "mask-net" && excitationSteps > 0;
}

/**
 * The excitation model of a run: what it has, else a trained one; none where it is not to have one.
 *
 * @returns undefined where the signal ended the training
 */
export async function fittedExcitation(
  options: TrainingOptions,
): Promise<{ readonly excitation?: Record<string, WeightValue> } | undefined> {
  const { runtime, source, config, run, onProgress, onPitchMeasure, beforeStep, signal } = options;
  if (config.denoiser !== "mask-net") return {};
  const stored = await storedExcitation(run);
  if (stored) return { excitation: stored };
  if (!wantsExcitation(config)) return {};
  if (!tellsPitch(source)) throw new Error("The recordings are to teach their pitch, and do not tell it.");
  const total = config.excitationSteps;
  let meter: Meter | undefined;
  const trained = await trainExcitation({
    runtime,
    source,
    config,
    onStep: (step, loss, secondsAStep) => {
      meter ??= new Meter(secondsAStep);
      meter.add(loss);
      if (step % REPORT_EVERY === 0) {
        onProgress?.({ phase: "excitation", step, total, ...meter.take(), secondsAStep });
      }
    },
    ...(beforeStep && { beforeStep }),
    ...(signal && { signal }),
  });
  if (!trained) return undefined;
  if (trained.error) onPitchMeasure?.(trained.error);
  await whereThereIsRoom(() => run.saveExcitation(trained.weights), options);
  return { excitation: { ...trained.weights } };
}

function tellsPitch(source: CropSource & Partial<PitchSource>): source is CropSource & PitchSource {
  return source.readPitch !== undefined;
}

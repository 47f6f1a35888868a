// The fit of the spectral prior, before the network's steps: a minute that is not saved on the way, since a run that was
// killed fits the same prior again.
import type { WeightValue } from "../models/weights.js";
import type { BatchSource } from "./batches.js";
import { whereThereIsRoom } from "./full-disk.js";
import { audioSecondsAStep, Meter } from "./meter.js";
import { statePrefix } from "./optimiser/optimiser.js";
import { initialise } from "./start-values.js";
import { partOf } from "./state-tensors.js";
import { priorStep } from "./train-step.js";
import { REPORT_EVERY, type TrainingOptions } from "./training-options.js";
import type { TrainingModel } from "./training-model.js";

/**
 * The prior's weights: those of the run, else those that it begins with, else fitted ones.
 *
 * @returns undefined where the signal ended the fit; no weights where the model has no prior
 */
export async function fittedPrior(
  options: TrainingOptions,
  batches: BatchSource,
  { prior, format }: TrainingModel,
): Promise<Record<string, WeightValue> | undefined> {
  if (!prior) return {};
  const { runtime, config, run, onProgress, beforeStep, signal } = options;
  const start = await run.readStart();
  const stored = (await run.readPrior()) ?? (start && partOf(start, "prior."));
  if (stored) return stored;
  const values = initialise(prior.weights, config.seed);
  const { step: fn, signature } = priorStep(prior, format, config, values);
  const program = await runtime.compile(fn, signature);
  try {
    const total = config.priorSteps;
    const meter = new Meter(audioSecondsAStep(config, format));
    for (let step = 0; step < total; step++) {
      await beforeStep?.();
      if (signal?.aborted) return undefined;
      meter.add((await program.run(batches.priorInputs(step)))["loss"].data[0]);
      if ((step + 1) % REPORT_EVERY === 0) {
        onProgress?.({ phase: "prior", step: step + 1, total, ...meter.take() });
      }
    }
    const fitted = partOf(await program.readState(), statePrefix.weight);
    await whereThereIsRoom(() => run.savePrior(fitted), options);
    return fitted;
  } finally {
    await program.dispose();
  }
}

// How long the network's steps will take, measured before the prior and the excitation model have theirs: minutes pass
// until the network begins, and whoever has to wait for hours wants to know at once. The steps' result is thrown away.
import type { BatchSource } from "./batches.js";
import { initialise } from "./start-values.js";
import { networkStep } from "./train-step.js";
import type { TrainingModel } from "./training-model.js";
import type { TrainingOptions } from "./training-options.js";

const STEPS = 3;

/**
 * Seconds that a step of the network takes on an engine, the quickest of three behind one that warms up; undefined where
 * the signal ended it.
 */
export async function rehearse(
  {
    runtime,
    config,
    beforeStep,
    signal,
  }: Pick<TrainingOptions, "runtime" | "config" | "beforeStep" | "signal">,
  batches: BatchSource,
  model: TrainingModel,
): Promise<number | undefined> {
  const { step: fn, signature } = networkStep(model, config, {
    network: initialise(model.denoiser.weights, config.seed),
    prior: initialise(model.prior?.weights ?? [], config.seed),
  });
  const program = await runtime.compile(fn, signature);
  let quickest = Infinity;
  try {
    for (let step = 0; step <= STEPS; step++) {
      await beforeStep?.();
      if (signal?.aborted) return undefined;
      const begun = performance.now();
      await program.run(batches.networkInputs(step));
      if (step > 0) quickest = Math.min(quickest, performance.now() - begun);
    }
  } finally {
    await program.dispose();
  }
  return quickest / 1000;
}

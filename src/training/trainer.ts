// Training from beginning to end: the prior's fit, then the network's steps, measured and saved on the way. A step is a
// function of the state and its number alone, so a run that was killed and continued ends with the same weights.
import { BatchSource } from "./batches.js";
import { DevMeasure } from "./dev-measure.js";
import { fittedExcitation } from "./excitation-fit.js";
import { registerGradients } from "./gradients.js";
import { NetworkTraining } from "./network-training.js";
import { fittedPrior } from "./prior-fit.js";
import { rehearse } from "./rehearsal.js";
import { initialise } from "./start-values.js";
import { partOf } from "./state-tensors.js";
import { networkStep } from "./train-step.js";
import { createTrainingModel } from "./training-model.js";
import type { TrainingOptions, TrainingResult } from "./training-options.js";

export type {
  TrainedWeights,
  TrainingOptions,
  TrainingProgress,
  TrainingResult,
} from "./training-options.js";

/** Trains, or continues the run in the folder. */
export async function train(options: TrainingOptions): Promise<TrainingResult> {
  await registerGradients();
  const { runtime, source, config, run } = options;
  const model = createTrainingModel(config, source.format);
  const batches = new BatchSource(source, config, model.denoiser);
  const start = await run.readStart();
  // where the network begins at once, its own first steps tell
  if (options.onEstimate && model.prior && !start && !(await run.readPrior())) {
    const seconds = await rehearse(options, batches, model);
    if (seconds !== undefined) options.onEstimate(seconds * config.steps);
  }
  const prior = await fittedPrior(options, batches, model);
  const excitation = prior && (await fittedExcitation(options));
  if (!prior || !excitation) {
    return { prior: {}, network: {}, steps: 0, weightsOf: 0, finished: false, error: undefined };
  }
  const network = start ? partOf(start, "denoiser.") : initialise(model.denoiser.weights, config.seed);
  const { step: fn, signature } = networkStep(model, config, { network, prior });
  const program = await runtime.compile(fn, signature);
  const measure = await DevMeasure.create(runtime, model, config, source, prior, network);
  try {
    const training = new NetworkTraining(options, batches, program, measure, { prior, ...excitation });
    return await training.run(start !== undefined);
  } finally {
    await program.dispose();
    await measure.dispose();
  }
}

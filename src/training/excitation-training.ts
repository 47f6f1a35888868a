// Training of the excitation model: some minutes on mels and the pitch of their recordings, apart from the denoiser.
import { excitationWeights } from "../models/excitation-model.js";
import type { WeightValue } from "../models/weights.js";
import type { Runtime } from "../runtime/runtime.js";
import { scheduleInputs } from "./batches.js";
import type { CropSource, PitchSource } from "./crop-source.js";
import { ExcitationBatches } from "./excitation-batches.js";
import { measureExcitation, type PitchError } from "./excitation-measure.js";
import { excitationOptimiser, excitationStep } from "./excitation-step.js";
import { registerGradients } from "./gradients.js";
import { statePrefix } from "./optimiser/optimiser.js";
import { partOf } from "./state-tensors.js";
import type { TrainConfig } from "./train-config.js";
import { initialise } from "./start-values.js";

/** How to train an excitation model. */
export interface ExcitationTraining {
  readonly runtime: Runtime;
  readonly source: CropSource & PitchSource;
  /** Its seed, batch, gains and `excitationSteps` are used. */
  readonly config: TrainConfig;
  /** Called behind each step with its loss and the audio that it saw. */
  readonly onStep?: (step: number, loss: number, audioSeconds: number) => void;
  readonly beforeStep?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A trained excitation model. */
export interface TrainedExcitation {
  /** Averaged over the last steps. */
  readonly weights: Readonly<Record<string, WeightValue>>;
  /** On the held-out recordings; undefined where there are none with a voice. */
  readonly error: PitchError | undefined;
}

/**
 * Trains an excitation model from its start.
 *
 * @returns undefined where the signal ended it
 * @throws NothingToTrainOnError; Error where the loss becomes no number
 */
export async function trainExcitation(options: ExcitationTraining): Promise<TrainedExcitation | undefined> {
  const { runtime, source, config, onStep, beforeStep, signal } = options;
  await registerGradients();
  const { format } = source;
  const batches = new ExcitationBatches(source, config);
  const start = initialise(excitationWeights(format.bands), config.seed);
  const { step: fn, signature } = excitationStep(format, [config.batch, batches.cropFrames], start);
  const program = await runtime.compile(fn, signature);
  const total = config.excitationSteps;
  try {
    for (let step = 0; step < total; step++) {
      await beforeStep?.();
      if (signal?.aborted) return undefined;
      const inputs = batches.inputs(step);
      const schedule = scheduleInputs("cosine", step, total, excitationOptimiser.adamW);
      const loss = (await program.run({ ...inputs, ...schedule }))["loss"].data[0];
      if (!Number.isFinite(loss)) throw new Error("The excitation model's loss is no number any more.");
      onStep?.(
        step + 1,
        loss,
        (inputs["gain"].data.length * batches.cropFrames * format.hopLength) / format.sampleRate,
      );
    }
    const weights = partOf(await program.readState(), statePrefix.average);
    return { weights, error: await measureExcitation(runtime, source, weights) };
  } finally {
    await program.dispose();
  }
}

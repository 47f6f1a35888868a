// Training from beginning to end: the prior's fit, then the network's steps, measured and saved on the way. A step is a
// function of the state and its number alone, so a run that was killed and continued ends with the same weights.
import type { Program, Runtime, TensorValue } from "../runtime/runtime.js";
import type { WeightValue } from "../models/weights.js";
import { BatchSource } from "./batches.js";
import type { CropSource } from "./crop-source.js";
import { type DevError, DevMeasure } from "./dev-measure.js";
import { registerGradients } from "./gradients.js";
import { statePrefix } from "./optimiser/optimiser.js";
import type { RunFolder } from "./run-folder.js";
import type { TrainConfig } from "./train-config.js";
import { networkStep, priorStep } from "./train-step.js";
import { createTrainingModel, initialise } from "./training-model.js";

/** What training tells while it runs. */
export interface TrainingProgress {
  readonly phase: "prior" | "network";
  /** Steps done, of the phase's total. */
  readonly step: number;
  readonly total: number;
  /** Mean over the last steps. */
  readonly loss: number;
  /** Audio-seconds trained on a second, over the last steps. */
  readonly speed: number;
}

/** How to train. */
export interface TrainingOptions {
  readonly runtime: Runtime;
  readonly source: CropSource;
  readonly config: TrainConfig;
  readonly run: RunFolder;
  /** Weights to begin with instead of random ones. */
  readonly start?: TrainedWeights;
  /** Seconds between saved states. */
  readonly saveEvery: number;
  /** Steps between measurements on the held-out recordings. */
  readonly measureEvery: number;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onMeasure?: (step: number, error: DevError) => void;
  readonly onRemark?: (sentence: string) => void;
  /** Called with the averaged weights whenever a state was saved. */
  readonly onSave?: (step: number, weights: TrainedWeights) => Promise<void>;
  /** Waited for before each step: lets a caller pause, and the event loop turn. */
  readonly beforeStep?: () => Promise<void>;
  /** Saves the state and ends. */
  readonly signal?: AbortSignal;
}

/** What training makes. */
export interface TrainedWeights {
  readonly prior: Readonly<Record<string, WeightValue>>;
  /** Averaged over the last steps. */
  readonly network: Readonly<Record<string, WeightValue>>;
}

/** What a training ended with. */
export interface TrainingResult extends TrainedWeights {
  readonly steps: number;
  /** False where the signal ended it. */
  readonly finished: boolean;
  /** On the held-out recordings; undefined where there are none or it was ended before. */
  readonly error: DevError | undefined;
}

/** Steps between copies of the state in memory, to which a step that went wrong returns. */
const GOOD_STATE_EVERY = 100;
const REPORT_EVERY = 10;
const MOST_FAULTS = 10;

/** Trains, or continues the run in the folder. */
export async function train(options: TrainingOptions): Promise<TrainingResult> {
  await registerGradients();
  const { runtime, source, config, run } = options;
  const model = createTrainingModel(config, source.format);
  const batches = new BatchSource(source, config);
  const prior = await fittedPrior(options, batches, model);
  if (!prior) return { prior: {}, network: {}, steps: 0, finished: false, error: undefined };
  const network = options.start?.network ?? initialise(model.networkWeights, config.seed);
  const { step: fn, signature } = networkStep(model, config, { network, prior });
  const program = await runtime.compile(fn, signature);
  const saved = await run.newestState();
  if (saved) await program.writeState(saved.tensors);
  await run.forgetMetricsAfter(saved?.step ?? 0);
  const measure = await DevMeasure.create(runtime, model, config, source, prior, network);
  try {
    return await new NetworkTraining(options, batches, program, measure, prior).run(saved?.step ?? 0);
  } finally {
    await program.dispose();
    await measure.dispose();
  }
}

/** The prior of the run, fitted where it is not there yet; undefined where the signal ended it. */
async function fittedPrior(
  { runtime, config, run, start, onProgress, beforeStep, signal }: TrainingOptions,
  batches: BatchSource,
  model: ReturnType<typeof createTrainingModel>,
): Promise<Record<string, WeightValue> | undefined> {
  const stored = (await run.readPrior()) ?? start?.prior;
  if (stored) return stored;
  const values = initialise(model.priorWeights, config.seed);
  const { step: fn, signature } = priorStep(model, config, values);
  const program = await runtime.compile(fn, signature);
  const total = config.priorSteps;
  const meter = new Meter(config, model.format);
  for (let step = 0; step < total; step++) {
    await beforeStep?.();
    if (signal?.aborted) return undefined;
    meter.add((await program.run(batches.priorInputs(step)))["loss"].data[0]);
    if ((step + 1) % REPORT_EVERY === 0) {
      onProgress?.({ phase: "prior", step: step + 1, total, ...meter.take() });
    }
  }
  const fitted = partOf(await program.readState(), statePrefix.weight);
  await program.dispose();
  await run.savePrior(fitted);
  return fitted;
}

/** The loop over the network's steps. */
class NetworkTraining {
  readonly #options: TrainingOptions;
  readonly #batches: BatchSource;
  readonly #program: Program;
  readonly #measure: DevMeasure;
  readonly #prior: Readonly<Record<string, WeightValue>>;
  readonly #meter: Meter;
  #faults = 0;
  #good: Record<string, TensorValue> | undefined;

  constructor(
    options: TrainingOptions,
    batches: BatchSource,
    program: Program,
    measure: DevMeasure,
    prior: Readonly<Record<string, WeightValue>>,
  ) {
    this.#options = options;
    this.#batches = batches;
    this.#program = program;
    this.#measure = measure;
    this.#prior = prior;
    this.#meter = new Meter(options.config, options.source.format);
  }

  async run(first: number): Promise<TrainingResult> {
    const { config, signal, saveEvery, measureEvery, beforeStep } = this.#options;
    let lastSave = performance.now();
    let error: DevError | undefined;
    let step = first;
    for (; step < config.steps; step++) {
      await beforeStep?.();
      if (signal?.aborted) break;
      if ((step - first) % GOOD_STATE_EVERY === 0) this.#good = await this.#program.readState();
      await this.#oneStep(step);
      const done = step + 1;
      if (done % measureEvery === 0 || done === config.steps) error = await this.#measureAt(done);
      if (performance.now() - lastSave > 1000 * saveEvery && done < config.steps) {
        await this.#save(done);
        lastSave = performance.now();
      }
    }
    const finished = step >= config.steps;
    if (step > first) await this.#save(step);
    // a run that was killed between its last state and what is made of it
    else if (finished) await this.#options.onSave?.(step, await this.#weights());
    return { ...(await this.#weights()), steps: step, finished, error: finished ? error : undefined };
  }

  async #oneStep(step: number): Promise<void> {
    const { config, onProgress, onRemark } = this.#options;
    const { loss, gradientNorm } = await this.#program.run(this.#batches.networkInputs(step));
    if (!Number.isFinite(loss.data[0]) || !Number.isFinite(gradientNorm.data[0])) {
      this.#faults++;
      if (this.#faults > MOST_FAULTS) {
        throw new Error(`Training went wrong ${this.#faults} times: the loss is no number any more.`);
      }
      onRemark?.(
        `Step ${step + 1} gave a loss or gradient that is no number; back to the last good weights.`,
      );
      await this.#program.writeState(this.#good!);
      return;
    }
    this.#meter.add(loss.data[0]);
    if ((step + 1) % REPORT_EVERY === 0) {
      onProgress?.({ phase: "network", step: step + 1, total: config.steps, ...this.#meter.take() });
    }
  }

  async #measureAt(step: number): Promise<DevError | undefined> {
    if (this.#measure.crops === 0) return undefined;
    const { network } = await this.#weights();
    const begun = performance.now();
    const error = await this.#measure.measure(network);
    this.#meter.leaveOut(performance.now() - begun);
    const { config, source, run, onMeasure } = this.#options;
    const { hopLength, sampleRate } = source.format;
    const hours = (step * config.batch * config.cropFrames * hopLength) / sampleRate / 3600;
    await run.addMetrics({ step, hours, devError: error.mean, devErrorByLevel: error.byLevel });
    onMeasure?.(step, error);
    return error;
  }

  async #save(step: number): Promise<void> {
    await this.#options.run.saveState({ step, tensors: floats(await this.#program.readState()) });
    await this.#options.onSave?.(step, await this.#weights());
  }

  async #weights(): Promise<TrainedWeights> {
    const network = partOf(await this.#program.readState(), statePrefix.average);
    return { prior: this.#prior, network };
  }
}

/** Mean loss and speed since they were last taken. */
class Meter {
  readonly #secondsAStep: number;
  #sum = 0;
  #count = 0;
  #since = performance.now();

  constructor(config: TrainConfig, { hopLength, sampleRate }: CropSource["format"]) {
    this.#secondsAStep = (config.batch * config.cropFrames * hopLength) / sampleRate;
  }

  add(loss: number): void {
    this.#sum += loss;
    this.#count++;
  }

  /** Time that was not spent on steps. */
  leaveOut(milliseconds: number): void {
    this.#since += milliseconds;
  }

  take(): { loss: number; speed: number } {
    const now = performance.now();
    const speed = (1000 * this.#count * this.#secondsAStep) / (now - this.#since);
    const loss = this.#sum / this.#count;
    [this.#sum, this.#count, this.#since] = [0, 0, now];
    return { loss, speed };
  }
}

function floats(values: Readonly<Record<string, TensorValue>>): Record<string, WeightValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [name, { data: data as Float32Array, shape }]),
  );
}

/** The tensors whose names have a prefix, without it. */
function partOf(state: Readonly<Record<string, TensorValue>>, prefix: string): Record<string, WeightValue> {
  const entries = Object.entries(floats(state)).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}

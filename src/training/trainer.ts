// Training from beginning to end: the prior's fit, the network's steps, and where they are asked for the finishing ones,
// measured and saved on the way. A step is a function of the state and its number alone, so a run that was killed and
// continued ends with the same weights.
import { BatchSource, PredictedCrops } from "./batches.js";
import { DevMeasure } from "./dev-measure.js";
import { fittedExcitation } from "./excitation.js";
import { fittedPrior } from "./prior.js";
import { networkStep, registerGradients, resultPrefix } from "./step.js";
import { CannotFinishError, initialise } from "./start-weights.js";
import { floats, partOf, statePrefix, withoutPrefix } from "./optimiser/optimiser.js";
import { createTrainingModel, type TrainingModel } from "./model.js";
import { finishingConfig, type TrainConfig } from "./config.js";
import { FinishingBatches, predictedCount, sharpCrops } from "./finishing/batches.js";
import { finishedExcitation } from "./finishing/excitation.js";
import {
  audioSecondsAStep,
  type DevError,
  Meter,
  REPORT_EVERY,
  type TrainedWeights,
  type TrainingOptions,
  type TrainingResult,
} from "./progress.js";
import type { Program, TensorValue } from "../engine/engine.js";
import { DivergedError } from "../errors.js";
import { type Metrics, type RunState, whereThereIsRoom } from "./run.js";

// How long the network's steps will take, measured before the prior and the excitation model have theirs: minutes pass
// until the network begins, and whoever has to wait for hours wants to know at once. The steps' result is thrown away.

const STEPS = 3;

/**
 * Seconds that a step of the network takes on an engine, the quickest of three behind one that warms up; undefined where
 * the signal ended it.
 */
async function rehearse(
  { runtime, source, config, beforeStep, signal }: TrainingOptions,
  model: TrainingModel,
): Promise<number | undefined> {
  const batches = new BatchSource(source, config, model.denoiser, model.losses);
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

// The loop over the network's steps: progress, measurements, saved states, and the way back from a step that went wrong.

/**
 * Steps between copies of the state in memory, to which a step that went wrong returns. They are counted from the run's
 * first step, and a state that is saved between two of them is saved with the copy: so a run that was killed returns to
 * the same weights as one that was not.
 */
const GOOD_STATE_EVERY = 10;
/** Steps that may go wrong before so many that go well follow each other. */
const MOST_FAULTS = 10;
/** Good steps after which those that went wrong are forgotten: ten ways back to a copy of the state. */
const FORGOTTEN_AFTER = 10 * GOOD_STATE_EVERY;
/**
 * A mean error of ε̂ as large as the noise itself is what a network has that says nothing; twice that is worse than silence.
 * So many measurements in a row of it, each far from the best one, are a training that diverges without a NaN.
 */
const HOPELESS_ERROR = 2;
const MOST_HOPELESS = 3;
/** Steps between lines of loss and speed in the metrics. */
const LOSS_EVERY = 50;

/** Steps of one kind: those that predict noise, or those that finish a voice. */
interface Phase {
  readonly name: "network" | "finish";
  /** Steps of the run before it, and audio seen in them, in seconds. */
  readonly before: number;
  readonly secondsBefore: number;
  readonly steps: number;
  /** Seconds of audio in a step. */
  readonly secondsAStep: number;
  readonly program: Program;
  readonly measure: DevMeasure;
  /** Whether it ends with the weights whose noise error was the least, or with the last. */
  readonly choosesBest: boolean;
  /** The inputs of a step, counted from its first. */
  inputs(step: number): Promise<Inputs> | Inputs;
}

type Inputs = Readonly<Record<string, TensorValue>>;

/** Trains the network of a run in one phase, from its last saved state on. */
class NetworkTraining {
  readonly #options: TrainingOptions;
  readonly #phase: Phase;
  readonly #program: Program;
  readonly #measure: DevMeasure;
  readonly #others: Omit<TrainedWeights, "network">;
  /** For the progress, and for the metrics. */
  readonly #meters: readonly [Meter, Meter];
  #faults = 0;
  #goodSteps = 0;
  #hopeless = 0;
  #good: RunState | undefined;
  #best: (Metrics & { readonly devError: number }) | undefined;
  #lastSave = performance.now();

  constructor(options: TrainingOptions, phase: Phase, others: Omit<TrainedWeights, "network">) {
    this.#options = options;
    this.#phase = phase;
    this.#program = phase.program;
    this.#measure = phase.measure;
    this.#others = others;
    this.#meters = [new Meter(phase.secondsAStep), new Meter(phase.secondsAStep)];
  }

  /** @param measureStart whether the weights before the first step are worth measuring */
  async run(measureStart: boolean): Promise<TrainingResult> {
    const { signal, saveEvery, measureEvery, beforeStep } = this.#options;
    const { before } = this.#phase;
    const end = before + this.#phase.steps;
    const first = await this.#load();
    if (first === before && measureStart) await this.#measureAt(first);
    for (const meter of this.#meters) meter.take();
    let saved = first;
    let step = first;
    for (; step < end; step++) {
      await beforeStep?.();
      if (signal?.aborted) break;
      if ((step - before) % GOOD_STATE_EVERY === 0) this.#good = await this.#state(step);
      await this.#oneStep(step);
      const done = step + 1;
      const measured = done % measureEvery === 0 || done === end;
      const improved = measured && (await this.#measureAt(done));
      // a copy for the way back belongs to each state, so states are saved where there is one anyway
      const whole = (done - before) % GOOD_STATE_EVERY === 0;
      const due = whole && performance.now() - this.#lastSave > 1000 * saveEvery;
      if (done < end && (due || improved)) {
        await this.#save(done);
        saved = done;
      }
    }
    const finished = step >= end;
    if (step > saved) await this.#saveState(step);
    const chosen = finished ? await this.#chosen(step) : { step, weights: await this.#weights() };
    // also where a run was killed between its last state and what is made of it
    if (step > saved || finished)
      await this.#room(async () => this.#options.onSave?.(chosen.step, chosen.weights));
    const error = this.#best?.step === chosen.step ? errorOf(this.#best) : undefined;
    return { ...chosen.weights, steps: step, finished, weightsOf: chosen.step, error };
  }

  /** Takes up the run where it was saved last: the steps done. */
  async #load(): Promise<number> {
    const { run } = this.#options;
    const { before, choosesBest } = this.#phase;
    const newest = await run.newestState();
    // the state that the phase before ended with is not one of this phase
    const saved = newest && (newest.step > before || before === 0) ? newest : undefined;
    if (saved) {
      await this.#program.writeState(saved.tensors);
      const copied = saved.step - ((saved.step - before) % GOOD_STATE_EVERY);
      this.#good = (await run.readState(copied)) ?? saved;
    }
    // what the phase before measured at its end stays
    await run.forgetMetricsAfter(saved?.step ?? (before > 0 ? before : -1));
    if (choosesBest) for (const metrics of await run.readMetrics()) this.#noteBest(metrics);
    return saved?.step ?? before;
  }

  async #oneStep(step: number): Promise<void> {
    const { run, onProgress } = this.#options;
    const { name, before, steps } = this.#phase;
    const inputs = await this.#phase.inputs(step - before);
    const { loss, gradientNorm, ...told } = await this.#program.run(inputs);
    const norms = Object.values(withoutPrefix(resultPrefix.norm, told));
    if (![loss, gradientNorm, ...norms].every(({ data }) => Number.isFinite(data[0]))) {
      await this.#stepBack(step);
      return;
    }
    if (++this.#goodSteps >= FORGOTTEN_AFTER) this.#faults = 0;
    const figures = Object.entries(withoutPrefix(resultPrefix.figure, told)).map(
      ([name, { data }]) => [name, data[0]] as const,
    );
    for (const meter of this.#meters) meter.add(loss.data[0], Object.fromEntries(figures));
    const done = step + 1;
    const doneHere = done - before;
    if (doneHere % REPORT_EVERY === 0) {
      onProgress?.({
        ...{ phase: name, step: doneHere, total: steps, secondsAStep: this.#phase.secondsAStep },
        ...this.#meters[0].take(),
      });
    }
    if (doneHere % LOSS_EVERY === 0) {
      const { figures: means, ...loss } = this.#meters[1].take();
      const metrics = { step: done, hours: this.#hours(done), ...loss, ...means };
      await this.#room(() => run.addMetrics(metrics));
    }
  }

  /** The step counts as done, with what it would have changed left out. */
  async #stepBack(step: number): Promise<void> {
    this.#faults++;
    this.#goodSteps = 0;
    const good = this.#good!;
    if (this.#faults > MOST_FAULTS) throw new DivergedError(step + 1, this.#faults);
    this.#options.onRemark?.(
      `Step ${step + 1} gave a loss or gradient that is no number; back to the weights of step ${good.step}.`,
    );
    await this.#program.writeState(good.tensors);
  }

  /** Measures the averaged weights; whether they are the best so far. */
  async #measureAt(step: number): Promise<boolean> {
    if (this.#measure.crops === 0) return false;
    const { run, onMeasure } = this.#options;
    const { network } = await this.#weights();
    const begun = performance.now();
    const error = await this.#measure.measure(network);
    for (const meter of this.#meters) meter.leaveOut(performance.now() - begun);
    const metrics = {
      step,
      hours: this.#hours(step),
      devError: error.mean,
      devErrorByLevel: error.byLevel,
    };
    await this.#room(() => run.addMetrics(metrics));
    const improved = this.#phase.choosesBest && this.#noteBest(metrics);
    onMeasure?.(step, error);
    // also NaN, which is no error at all
    this.#hopeless = error.mean < HOPELESS_ERROR ? 0 : this.#hopeless + 1;
    if (this.#hopeless >= MOST_HOPELESS) throw new DivergedError(step, this.#hopeless, "measured error");
    if (improved && step === 0) await this.#save(0);
    return improved;
  }

  #noteBest(metrics: Metrics): boolean {
    const { devError } = metrics;
    if (typeof devError !== "number" || !(devError < (this.#best?.devError ?? Infinity))) return false;
    this.#best = { ...metrics, devError };
    return true;
  }

  async #save(step: number): Promise<void> {
    const begun = performance.now();
    await this.#saveState(step);
    const weights = await this.#weights();
    await this.#room(async () => this.#options.onSave?.(step, weights));
    this.#lastSave = performance.now();
    for (const meter of this.#meters) meter.leaveOut(this.#lastSave - begun);
  }

  async #saveState(step: number): Promise<void> {
    const states = [await this.#state(step)];
    if ((step - this.#phase.before) % GOOD_STATE_EVERY !== 0 && this.#good) states.unshift(this.#good);
    for (const state of states) {
      await this.#room(() => this.#options.run.saveState(state, this.#best?.step));
    }
  }

  /** What a finished run gives: the weights that measured best, as long as they are there. */
  async #chosen(step: number): Promise<{ step: number; weights: TrainedWeights }> {
    const best =
      this.#best && this.#best.step !== step ? await this.#options.run.readState(this.#best.step) : undefined;
    if (!best) return { step, weights: await this.#weights() };
    this.#options.onRemark?.(
      `Step ${best.step} measured best on the held-out recordings: its weights are taken.`,
    );
    const network = partOf(best.tensors, statePrefix.average);
    return { step: best.step, weights: { ...this.#others, network } };
  }

  async #state(step: number): Promise<RunState> {
    return { step, tensors: floats(await this.#program.readState()) };
  }

  async #weights(): Promise<TrainedWeights> {
    const network = partOf(await this.#program.readState(), statePrefix.average);
    return { ...this.#others, network };
  }

  #hours(step: number): number {
    const { before, secondsBefore, secondsAStep } = this.#phase;
    return (secondsBefore + (step - before) * secondsAStep) / 3600;
  }

  #room<T>(write: () => Promise<T>): Promise<T> {
    return whereThereIsRoom(write, this.#options);
  }
}

function errorOf({ devError, devErrorByLevel }: Metrics): DevError {
  return { mean: devError as number, byLevel: devErrorByLevel as readonly number[] };
}

export type { TrainedWeights, TrainingOptions, TrainingProgress, TrainingResult } from "./progress.js";

/** Trains, or continues the run in the folder. */
export async function train(options: TrainingOptions): Promise<TrainingResult> {
  await registerGradients();
  const { source, config, run } = options;
  const model = await createTrainingModel(config, source.format);
  const start = await run.readStart();
  const rehearses = options.onEstimate && config.steps > 0 && model.prior;
  // where the network begins at once, its own first steps tell
  if (rehearses && !start && !(await run.readPrior())) {
    const seconds = await rehearse(options, model);
    if (seconds !== undefined) options.onEstimate?.(seconds * config.steps);
  }
  const prior = await fittedPrior(options, model);
  const excitation = prior && (await fittedExcitation(options));
  if (!prior || !excitation) return nothingTrained;
  const others = { prior, ...excitation };
  const begun = await run.readFinishStart();
  if (begun) return finish(options, { ...others, network: begun });
  const network = start
    ? partOf(start, "denoiser.")
    : floats(initialise(model.denoiser.weights, config.seed));
  const trained =
    config.steps > 0
      ? await trainNetwork(options, model, { ...others, network }, start !== undefined)
      : { ...nothingTrained, network, finished: true };
  if (config.finishSteps === 0 || !trained.finished) return trained;
  // whatever becomes of the states before, a run that was killed finishes the same weights again
  await whereThereIsRoom(() => run.saveFinishStart(trained.network), options);
  return finish(options, { ...others, network: trained.network });
}

const nothingTrained: TrainingResult = {
  prior: {},
  network: {},
  steps: 0,
  weightsOf: 0,
  finished: false,
  error: undefined,
};

/** What is known of a result where the signal ended it at a step. */
function stoppedAt(step: number): Pick<TrainingResult, "steps" | "weightsOf" | "finished" | "error"> {
  return { steps: step, weightsOf: step, finished: false, error: undefined };
}

/** The phase that predicts noise. */
async function trainNetwork(
  options: TrainingOptions,
  model: TrainingModel,
  { network, ...others }: TrainedWeights,
  measureStart: boolean,
): Promise<TrainingResult> {
  const { runtime, source, config } = options;
  const { prior } = others;
  const batches = new BatchSource(source, config, model.denoiser, model.losses);
  const { step: fn, signature } = networkStep(model, config, { network, prior });
  const program = await runtime.compile(fn, signature);
  const measure = await DevMeasure.create(runtime, model, config, source, prior, network);
  try {
    const phase: Phase = {
      ...{ name: "network", before: 0, secondsBefore: 0, steps: config.steps, program, measure },
      secondsAStep: audioSecondsAStep(config, source.format),
      choosesBest: true,
      inputs: (step) => batches.networkInputs(step),
    };
    return await new NetworkTraining(options, phase, others).run(measureStart);
  } finally {
    await program.dispose();
    await measure.dispose();
  }
}

/** The phase that finishes a voice: the sampler's own steps, judged as waveforms. */
async function finish(options: TrainingOptions, begun: TrainedWeights): Promise<TrainingResult> {
  const { runtime, source, config } = options;
  const { prior, network } = begun;
  if (!begun.excitation || Object.keys(prior).length === 0) throw new CannotFinishError();
  const excitation = await finishedExcitation(options, begun.excitation);
  if (!excitation) return { ...begun, ...stoppedAt(config.steps) };
  const own: TrainConfig = finishingConfig(config);
  const model = await createTrainingModel(own, source.format);
  const known = sharpCrops(own);
  const count = options.predicted ? predictedCount(own) : 0;
  const predicted =
    options.predicted && count > 0 ? new PredictedCrops(options.predicted, own.cropFrames, count) : undefined;
  const part = { known, before: config.steps, predicted };
  const crops = new BatchSource(source, own, model.denoiser, model.losses, part);
  const batches = await FinishingBatches.open(runtime, crops, own, source.format, excitation);
  const { step: fn, signature } = networkStep(model, own, { network, prior }, known);
  const program = await runtime.compile(fn, signature);
  const measure = await DevMeasure.create(runtime, model, own, source, prior, network);
  try {
    const phase: Phase = {
      ...{ name: "finish", before: config.steps, steps: own.steps, program, measure, choosesBest: false },
      secondsBefore: config.steps * audioSecondsAStep(config, source.format),
      secondsAStep: audioSecondsAStep(own, source.format),
      inputs: (step) => batches.inputs(step),
    };
    return await new NetworkTraining(options, phase, { prior, excitation }).run(config.steps === 0);
  } finally {
    await batches.dispose();
    await program.dispose();
    await measure.dispose();
  }
}

// Speech as it comes: mel frames in, samples out, the wavefront advanced with each piece of frames. It keeps the time that
// computing takes apart from the time that it waits for frames, and how long the first sound took.
import { InputError } from "../errors.js";
import { isFloat32Array, kindOf, type MelFormat } from "../mel/format.js";
import type { Seed } from "../diffusion/noise.js";
import type { SamplingPlan } from "../diffusion/samplers/sampling-plan.js";
import type { MelCorrection, RefinementOptions } from "../mel/consistency.js";
import type { Networks } from "./denoiser.js";
import { type Refiner, RefinementStage } from "./refinement.js";
import type { StartSignal } from "./start.js";
import type { StepView } from "./settings.js";
import {
  conditioningStage,
  MatchStage,
  showingStage,
  startStage,
  stepStage,
  type StepState,
  waveformStage,
} from "./stages.js";
import { type Stage, Track, Wavefront } from "./wavefront.js";

// The whole way from mel to waveform as one wavefront: conditioning, start, the plan's steps, the waveform, its mel
// corrections, and a look at how well it has the mel. Natural-log mel [frames, bands] in, samples [frames·hop] out.

/** What computes. */
export interface SynthesisParts {
  readonly format: MelFormat;
  readonly networks: Networks;
  /** Corrects waveforms. */
  readonly refiner: Refiner;
  /** Measures waveforms. */
  readonly correction: MelCorrection;
}

/** What is computed. */
interface SynthesisSettings {
  readonly plan: SamplingPlan;
  readonly start: StartSignal;
  /** Of the noise that the plan adds. */
  readonly seed: Seed;
  readonly refinement: RefinementOptions;
  /** Frames that a stage computes at once, about. */
  readonly tile: number;
  /** Where the signal begins in a longer one, as far as its noise goes. */
  readonly firstFrame: number;
  readonly onStep?: ((view: StepView) => void) | undefined;
}

/** The synthesis of one signal. */
export class SynthesisWavefront {
  readonly #wavefront: Wavefront;
  readonly #match: MatchStage;
  readonly #stages: number;

  constructor({ format, networks, refiner, correction }: SynthesisParts, settings: SynthesisSettings) {
    const { plan, start, seed, refinement, tile, firstFrame, onStep } = settings;
    const noise = { seed, firstFrame };
    const mel = new Track(format.bands);
    const conditioning = conditioningStage(networks, mel);
    const begin = startStage(start, mel, format.hopLength, firstFrame);
    const stages: Stage[] = [...conditioning.stages, begin];
    let state: StepState = { z: begin.z, x0: undefined };
    for (const [index, step] of plan.steps.entries()) {
      const isLast = index + 1 === plan.steps.length;
      const stage = stepStage(networks, step, index, isLast, state, conditioning.tracks, noise);
      stages.push(stage);
      if (onStep) {
        const shown = { noisy: state.z, estimate: stage.state.x0 } as const;
        for (const signal of ["noisy", "estimate"] as const) {
          const show = (samples: Float32Array<ArrayBuffer>, firstSample: number): void => {
            onStep({ step: index, logSnr: step.logSnr, signal, firstSample, samples });
          };
          stages.push(showingStage(networks, shown[signal], conditioning.tracks, show));
        }
      }
      state = stage.state;
    }
    const coloured = waveformStage(networks, state.x0 ?? state.z, conditioning.tracks);
    stages.push(coloured);
    let { waveform } = coloured;
    if (refinement.iterations > 0) {
      const refining = new RefinementStage(refiner, refinement, mel, waveform);
      stages.push(refining);
      [waveform] = refining.outputs;
    }
    this.#match = new MatchStage(correction, mel, waveform);
    stages.push(this.#match);
    this.#stages = stages.length;
    this.#wavefront = new Wavefront(stages, mel, waveform, tile);
  }

  /** Mel frames behind a frame of the waveform that have to be known before it comes out. */
  get lookAhead(): number {
    return this.#wavefront.lookAhead;
  }

  /** The mean absolute difference between the waveform's log-mel and the given one so far, in ln. */
  get melDifference(): number {
    return this.#match.difference;
  }

  /** The work that is done, in frames times stages. */
  get workDone(): number {
    return this.#wavefront.framesDone;
  }

  /** The whole work on a mel of so many frames. */
  workFor(frames: number): number {
    return this.#stages * frames;
  }

  /** Takes the mel's next frames. */
  push(mel: Float32Array): void {
    this.#wavefront.push(mel);
  }

  /** Says that the mel has ended. */
  end(): void {
    this.#wavefront.end();
  }

  /**
   * Computes what can be computed.
   *
   * @param afterEach called between tiles; what it throws ends the work
   * @returns the waveform's next samples
   */
  async advance(afterEach: () => void): Promise<Float32Array> {
    await this.#wavefront.advance(afterEach);
    return this.#wavefront.take();
  }
}

/** What frames look like and how they are taken. */
interface SpeechStreamOptions {
  readonly bands: number;
  /** Waits with each piece for the one behind it, so that the last one is computed together with the end. */
  readonly patient: boolean;
  readonly signal?: AbortSignal;
  /** Called between tiles of work; what it throws ends the work. */
  readonly onAdvance?: () => void;
  /** Does a piece of work at a time at which that can be done. */
  readonly during?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What a stream has done so far. */
interface SpeechMeasures {
  readonly samples: number;
  /** Spent computing, without waiting for frames or for whoever takes the samples. */
  readonly seconds: number;
  /** From the start to the first sound, waiting for frames included. */
  readonly firstSoundSeconds: number;
  /** The largest magnitude. */
  readonly peak: number;
  /** Samples beyond −1…1. */
  readonly clippedSamples: number;
}

/** Frames of a stream are no rows of finite numbers, or of numbers that no sound has. */
export class MelFramesError extends InputError {}

/**
 * No sound has a mel of more, in ln: float32 samples of full scale reach 6 with any window and bank in use. Squares of
 * what lies up to here still fit into float32.
 */
const HIGHEST_LEVEL = 40;

/** One signal on its way through a wavefront. */
export class SpeechStream {
  readonly #wavefront: SynthesisWavefront;
  readonly #options: SpeechStreamOptions;
  #frames = 0;
  #samples = 0;
  #seconds = 0;
  #begun = 0;
  #firstSoundSeconds = 0;
  #peak = 0;
  #clippedSamples = 0;

  constructor(wavefront: SynthesisWavefront, options: SpeechStreamOptions) {
    this.#wavefront = wavefront;
    this.#options = options;
  }

  get measures(): SpeechMeasures {
    return {
      samples: this.#samples,
      seconds: this.#seconds,
      firstSoundSeconds: this.#firstSoundSeconds,
      peak: this.#peak,
      clippedSamples: this.#clippedSamples,
    };
  }

  /**
   * Turns frames into samples.
   *
   * @param mel natural-log mel in pieces [frames, bands], each of which is computed at once
   * @returns the waveform's pieces, [hop times frames in all]
   * @throws MelFramesError, the signal's reason
   */
  async *pieces(
    mel: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  ): AsyncGenerator<Float32Array, void, undefined> {
    const { bands, patient } = this.#options;
    this.#begun = performance.now();
    let waiting = new Float32Array(0);
    for await (const rows of mel) {
      const first = this.#frames + waiting.length / bands;
      requireFrames(rows, bands, first);
      requireLevels(rows, bands, first);
      const next = patient ? waiting : rows;
      if (patient) waiting = rows as Float32Array<ArrayBuffer>;
      const ready = next.length > 0 ? await this.#advance(next, false) : next;
      if (ready.length > 0) yield ready;
    }
    const rest = await this.#advance(waiting, true);
    if (rest.length > 0) yield rest;
  }

  async #advance(rows: Float32Array, isLast: boolean): Promise<Float32Array> {
    const { during } = this.#options;
    const work = (): Promise<Float32Array> => this.#compute(rows, isLast);
    return during ? during(work) : work();
  }

  async #compute(rows: Float32Array, isLast: boolean): Promise<Float32Array> {
    const { signal, onAdvance, bands } = this.#options;
    signal?.throwIfAborted();
    const begun = performance.now();
    this.#frames += rows.length / bands;
    this.#wavefront.push(rows);
    if (isLast) this.#wavefront.end();
    const ready = await this.#wavefront.advance(() => {
      signal?.throwIfAborted();
      onAdvance?.();
    });
    this.#measure(ready);
    this.#seconds += (performance.now() - begun) / 1000;
    return ready;
  }

  #measure(samples: Float32Array): void {
    if (this.#samples === 0 && samples.length > 0) {
      this.#firstSoundSeconds = (performance.now() - this.#begun) / 1000;
    }
    for (let n = 0; n < samples.length; n++) {
      const magnitude = Math.abs(samples[n]);
      if (!(magnitude < Infinity)) throw new NonFiniteSpeechError(this.#samples + n);
      if (magnitude > this.#peak) this.#peak = magnitude;
      if (magnitude > 1) this.#clippedSamples++;
    }
    this.#samples += samples.length;
  }
}

/** The computed speech is no number: nothing of it is given out. */
export class NonFiniteSpeechError extends InputError {
  constructor(readonly sample: number) {
    super(
      `The speech came out as no number (NaN or infinite) at sample ${sample}. The mel's values are far from any speech's, ` +
        "or the checkpoint's weights are damaged: try another mel, then another checkpoint.",
    );
  }
}

/** @throws MelFramesError where values are no whole frames, or no numbers */
function requireFrames(rows: Float32Array, bands: number, frame: number): void {
  if (!isFloat32Array(rows)) {
    throw new MelFramesError(
      `Frame ${frame} of the mel comes as ${kindOf(rows)}, and a Float32Array with the values of one frame or of several ` +
        "is expected. Float32Array.from(values) makes one.",
    );
  }
  if (rows.length % bands !== 0) {
    throw new MelFramesError(
      `Frame ${frame} of the mel comes with ${rows.length} values, which are no whole frames of ${bands} bands.`,
    );
  }
  const broken = rows.findIndex((value) => !Number.isFinite(value));
  if (broken < 0) return;
  const at = frame + Math.floor(broken / bands);
  throw new MelFramesError(`Frame ${at} of the mel holds values that are no numbers (NaN or infinite).`);
}

/** @param rows natural logarithms @throws MelFramesError where values are higher than any sound's */
function requireLevels(rows: Float32Array, bands: number, frame: number): void {
  const beyond = rows.findIndex((value) => value > HIGHEST_LEVEL);
  if (beyond < 0) return;
  throw new MelFramesError(
    `Frame ${frame + Math.floor(beyond / bands)} of the mel holds ln ${rows[beyond].toFixed(1)}, and no sound goes beyond ` +
      "ln 6. Check what its values are: 'vocode info' says what they look like, and --mel-format names what they are.",
  );
}

/**
 * Puts frames together to tiles; the last piece may be shorter.
 *
 * @param frames [any number of frames, bands] each; their owner may use the arrays again
 * @param slack frames that the last piece may have beyond a tile; so many more have to be there before a tile comes
 * @throws MelFramesError where values are no whole frames, or no numbers
 */
export async function* gatherFrames(
  frames: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  bands: number,
  tile: number,
  slack = 0,
): AsyncGenerator<Float32Array, void> {
  const size = tile * bands;
  const held = new Float32Array(size + slack * bands);
  let [filled, passed] = [0, 0];
  for await (const rows of frames) {
    requireFrames(rows, bands, passed);
    passed += rows.length / bands;
    for (let taken = 0; taken < rows.length;) {
      const more = rows.subarray(taken, taken + held.length - filled);
      held.set(more, filled);
      filled += more.length;
      taken += more.length;
      if (filled < held.length) continue;
      yield held.slice(0, size);
      held.copyWithin(0, size);
      filled -= size;
    }
  }
  if (filled > 0) yield held.slice(0, filled);
}

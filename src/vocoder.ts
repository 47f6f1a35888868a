// Vocoder: a checkpoint that turns mels into speech. mel → conditioning → start → the plan's steps → waveform → mel
// consistency, as a wavefront of tiles: a whole mel and a stream of frames go the same way.
import type { MelFrames } from "./mel/open-mel.js";
import { naturalLog } from "./mel/encoding.js";
import { formatDifferences, type Mel, type MelFormat, MelMismatchError, requireMel } from "./mel/format.js";
import { InputError } from "./errors.js";
import { openCheckpoint } from "./checkpoint/checkpoint.js";
import type { CheckpointConfig } from "./checkpoint/config.js";
import type { Seed } from "./diffusion/noise.js";
import { planFor } from "./diffusion/samplers/plan-for.js";
import type { SamplingPlan } from "./diffusion/samplers/sampling-plan.js";
import type { Host } from "./host.js";
import { Lifetime, ThreadPool } from "./host/thread-pool.js";
import {
  defaultPrecision,
  hasInt8,
  type Precision,
  precisionNames,
  PrecisionUnavailableError,
  type Engine,
  type EngineSettings,
} from "./engine/engine.js";
import { createMelCorrection, type SynthesisPool } from "./synthesis/thread.js";
import { ExcitationSource } from "./synthesis/excitation.js";
import { HarmonicStart, noiseStart, type StartSignal } from "./synthesis/start.js";
import { type PitchChoice, requirePitchFrames } from "./synthesis/given-pitch.js";
import { MelDenoiser } from "./synthesis/denoiser.js";
import { melTiles } from "./synthesis/stages.js";
import { Refiner } from "./synthesis/refinement.js";
import {
  gatherFrames,
  SpeechStream,
  type SynthesisParts,
  SynthesisWavefront,
} from "./synthesis/speech-stream.js";
import {
  checkSynthesisOptions,
  chosenSettings,
  type ChosenSettings,
  defaultSynthesis,
  type StreamOptions,
  type SynthesisOptions,
} from "./synthesis/settings.js";
import type { SynthesisReport } from "./synthesis/report.js";

/** Where and how the networks run. */
export interface VocoderOptions extends EngineSettings {
  /**
   * Of the denoiser's Linear layers; int8 is there for the graph engine on the CPU, and the default there for a checkpoint
   * that was calibrated for it.
   */
  readonly precision?: Precision;
}

/** The platform that a vocoder runs on. */
export interface Hosted {
  readonly host: Host;
}

/** The longest tile of a stream, in frames, where nothing is said: sound should come soon. */
const STREAM_TILE = 256;

/** A synthesised waveform and how it came about. */
export interface Synthesis {
  /** [frames·hop], about −1…1. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly report: SynthesisReport;
}

/** Speech that comes while its mel does: iterate over it once. */
export interface SpeechIterator extends AsyncIterable<Float32Array> {
  /** Hz. */
  readonly sampleRate: number;
  /** Mel frames that have to follow a frame before its samples can come, and so many seconds of audio; then a tile. */
  readonly lookAhead: { readonly frames: number; readonly seconds: number };
  /** How the waveform came about, up to now. */
  readonly report: SynthesisReport;
}

/** Turns mels into speech; load it once and use it many times. */
export class Vocoder {
  /** What mels it takes. */
  readonly format: MelFormat;
  /** Which denoiser it has. */
  readonly kind: string;
  /** Of the denoiser's Linear layers. */
  readonly precision: Precision;
  readonly #config: CheckpointConfig;
  readonly #runtime: Engine;
  readonly #pool: SynthesisPool;
  readonly #parts: SynthesisParts;
  readonly #excitation: ExcitationSource | undefined;
  readonly #lifetime = new Lifetime("The vocoder");

  protected constructor(
    config: CheckpointConfig,
    precision: Precision,
    runtime: Engine,
    pool: SynthesisPool,
    parts: SynthesisParts,
    excitation: ExcitationSource | undefined,
  ) {
    this.format = parts.format;
    this.kind = config.denoiser.kind;
    this.#config = config;
    this.precision = precision;
    this.#runtime = runtime;
    this.#pool = pool;
    this.#parts = parts;
    this.#excitation = excitation;
  }

  /**
   * Loads a checkpoint onto an engine.
   *
   * @param folder the checkpoint's place, as the host reads it
   * @throws CheckpointError, EngineUnavailableError; PrecisionUnavailableError, NotCalibratedError for int8; what the host
   *   throws where it cannot read
   */
  static async load(folder: string, { host, ...options }: VocoderOptions & Hosted): Promise<Vocoder> {
    if (typeof folder !== "string")
      throw new InputError(
        "Vocoder.load takes a checkpoint's folder first, then the options: Vocoder.load(folder, { … }).",
      );
    const { precision: asked } = options;
    if (asked !== undefined && !precisionNames.includes(asked))
      throw new InputError(
        `There is no precision '${asked as string}'. There are ${precisionNames.join(" and ")}.`,
      );
    const checkpoint = await openCheckpoint(folder, host);
    const runtime = await host.openEngine(options);
    const { precision = defaultPrecision(runtime, checkpoint.config) } = options;
    if (precision === "int8" && !hasInt8(runtime)) {
      throw new PrecisionUnavailableError(runtime.engine, runtime.device);
    }
    // begun first: they load their code while this thread compiles
    const pool: SynthesisPool = new ThreadPool(host.spawnAll("synthesis", (runtime.threads ?? 1) - 1));
    try {
      const format = checkpoint.config.mel;
      const networks = await MelDenoiser.create(runtime, checkpoint, precision, pool);
      const correction = await createMelCorrection(format);
      const parts = { format, networks, refiner: new Refiner(pool, correction), correction };
      const excitation = await ExcitationSource.create(runtime, checkpoint, precision);
      return new this(checkpoint.config, precision, runtime, pool, parts, excitation);
    } catch (error) {
      await pool.dispose();
      throw error;
    }
  }

  /**
   * Synthesises a waveform with the mel given.
   *
   * @throws InputError for what is no mel; MelMismatchError for a mel of another format, MelFramesError for one with values
   *   that are no numbers or no sound's; what checkSynthesisOptions, planFor and chosenSettings throw; PieceError for one
   *   that does not lie within the longer mel; PitchFramesError for a pitch of another length; the signal's reason;
   *   DisposedError
   */
  async synthesize(mel: Mel, options: SynthesisOptions = {}): Promise<Synthesis> {
    requireMel(mel, "The mel");
    const stream = this.stream(mel, options);
    const samples = new Float32Array(mel.frames * this.format.hopLength);
    let filled = 0;
    for await (const piece of stream) {
      samples.set(piece, filled);
      filled += piece.length;
    }
    return { samples, sampleRate: stream.sampleRate, report: stream.report };
  }

  /**
   * Synthesises a waveform piece by piece, also while its mel comes: the same samples as `synthesize` gives, and memory
   * does not grow with the length.
   *
   * @param source a mel, also one in its file (openMel), or frames in the vocoder's format, [any number, bands] each
   * @throws what synthesize throws; while iterating MelFramesError, the signal's reason, DisposedError, and what `source`
   *   throws
   */
  stream(
    source: Mel | MelFrames | AsyncIterable<Float32Array> | Iterable<Float32Array>,
    options: StreamOptions = {},
  ): SpeechIterator {
    const { hopLength, sampleRate } = this.format;
    this.#lifetime.requireOpen();
    checkSynthesisOptions(options);
    const isWhole = isWholeMel(source);
    const patient = options.patient ?? isWhole;
    const longest = this.#parts.networks.tile;
    const { tile = patient ? longest : Math.min(STREAM_TILE, longest) } = options;
    if (isWhole) this.#requireFormat(source);
    if (isWhole && options.pitch) requirePitchFrames(options.pitch, (options.within ?? source).frames);
    const pieces = isWhole ? melTiles(source, tile) : this.#gathered(source, tile, patient);
    const expected = isWhole ? { expectedFrames: source.frames } : {};
    const speech = this.#open({ ...options, ...expected, tile, patient });
    return {
      sampleRate,
      lookAhead: { frames: speech.lookAhead, seconds: (speech.lookAhead * hopLength) / sampleRate },
      [Symbol.asyncIterator]: () => speech.pieces(pieces),
      get report() {
        return speech.report();
      },
    };
  }

  async *#gathered(
    frames: AsyncIterable<Float32Array> | Iterable<Float32Array>,
    tile: number,
    patient: boolean,
  ): AsyncGenerator<Float32Array, void> {
    const slack = patient ? Math.floor(tile / 2) : 0;
    for await (const values of gatherFrames(frames, this.format.bands, tile, slack)) {
      yield naturalLog({ format: this.format, values });
    }
  }

  #open(options: StreamOptions & { tile: number; patient: boolean }): OpenSpeech {
    const { seed } = { ...defaultSynthesis, ...options };
    const { tile, patient, signal, onProgress } = options;
    const chosen = chosenSettings(this.#config, options);
    const { refinement } = chosen;
    const plan = planFor(chosen.sampler, chosen.schedule);
    const wavefront = new SynthesisWavefront(this.#parts, {
      plan,
      start: this.#start(chosen, seed, options),
      seed,
      refinement,
      tile,
      firstFrame: options.firstFrame ?? 0,
      onStep: options.onStep,
    });
    const total = wavefront.workFor(options.expectedFrames ?? 0);
    const speech = new SpeechStream(wavefront, {
      bands: this.format.bands,
      patient,
      ...(signal === undefined ? {} : { signal }),
      during: (work) => this.#lifetime.during(work),
      onAdvance: () => {
        this.#lifetime.requireOpen();
        onProgress?.(wavefront.workDone, total);
      },
    });
    return {
      pieces: (mel) => speech.pieces(mel),
      lookAhead: wavefront.lookAhead,
      report: () => this.#report(plan, { ...options, seed, ...chosen }, wavefront, speech),
    };
  }

  #start(
    { start, schedule }: ChosenSettings,
    seed: Seed,
    { within, firstFrame = 0, pitch, pitchShift }: SynthesisOptions,
  ): StartSignal {
    if (within) {
      requireMel(within, "The mel of 'within'");
      this.#requireFormat(within);
    }
    if (start === "noise" || !this.#excitation) return noiseStart(seed);
    return new HarmonicStart(this.#excitation, {
      format: this.format,
      seed,
      logSnr: schedule.logSnrs[0],
      ...(within && { within: { values: naturalLog(within), firstFrame } }),
      ...((pitch ?? pitchShift) !== undefined && {
        choice: { ...(pitch && { pitch }), ...(pitchShift !== undefined && { pitchShift }) },
      }),
    });
  }

  #requireFormat(mel: Pick<Mel, "format">): void {
    const differences = formatDifferences(mel.format, this.format);
    if (differences.length === 0) return;
    const named = differences.map(({ field, first, second }) => `${field} ${first} in place of ${second}`);
    throw new MelMismatchError(
      `The mel has another format than the checkpoint expects: ${named.join(", ")}.`,
      this.format,
      mel.format,
    );
  }

  #report(
    plan: SamplingPlan,
    { seed, start, refinement, pitch, pitchShift = 0 }: ReportedSettings,
    wavefront: SynthesisWavefront,
    speech: SpeechStream,
  ): SynthesisReport {
    const { hopLength, sampleRate } = this.format;
    const { samples, seconds, firstSoundSeconds, peak, clippedSamples } = speech.measures;
    const audioSeconds = samples / sampleRate;
    return {
      sampler: plan.sampler,
      schedule: plan.schedule,
      steps: plan.steps.length,
      start,
      ...(start === "harmonic" && { startLevel: plan.steps[0].logSnr }),
      ...(pitch && { pitch: "given" as const }),
      ...(pitchShift !== 0 && { pitchShift }),
      refine: refinement.iterations,
      refineExponent: refinement.exponent,
      refineMomentum: refinement.momentum,
      seed: String(seed),
      engine: this.#runtime.engine,
      device: this.#runtime.device,
      threads: this.#runtime.threads,
      precision: this.precision,
      sampleRate,
      audioSeconds,
      seconds,
      realTimeFactor: seconds / audioSeconds,
      firstSoundSeconds,
      lookAheadSeconds: (wavefront.lookAhead * hopLength) / sampleRate,
      melDifference: wavefront.melDifference,
      peak,
      clippedSamples,
    };
  }

  /**
   * Frees the engine's memory and ends the threads; may be called again. What is at work ends within a tile, and its caller
   * gets a DisposedError.
   */
  async dispose(): Promise<void> {
    await this.#lifetime.end(async () => {
      await this.#parts.networks.dispose();
      await this.#excitation?.dispose();
      await this.#pool.dispose();
      this.#parts.correction.dispose();
    });
  }
}

/**
 * Whether a stream's source is a mel and not frames one after the other.
 *
 * @throws InputError for what is neither
 */
function isWholeMel(source: unknown): source is Mel | MelFrames {
  const isObject = typeof source === "object" && source !== null;
  if (isObject && "frames" in source) {
    if (!("rows" in source)) requireMel(source, "The mel");
    return true;
  }
  if (isObject && (Symbol.asyncIterator in source || Symbol.iterator in source)) return false;
  throw new InputError(
    "A stream takes a mel, or an iterable of frames: a Float32Array with the values of one frame or of several each.",
  );
}

/** The settings that a report names. */
type ReportedSettings = Pick<ChosenSettings, "start" | "refinement"> & PitchChoice & { readonly seed: Seed };

/** A signal that is being synthesised. */
interface OpenSpeech {
  readonly lookAhead: number;
  pieces(mel: AsyncIterable<Float32Array> | Iterable<Float32Array>): AsyncGenerator<Float32Array, void>;
  report(): SynthesisReport;
}

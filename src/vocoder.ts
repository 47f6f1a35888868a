// Vocoder: a checkpoint that turns mels into speech. mel → conditioning → noise → the plan's steps → waveform → mel
// consistency.
import { encodingOf, toNaturalLog } from "./audio/mel-format/mel-encoding.js";
import { formatDifferences } from "./audio/mel-format/mel-format-text.js";
import type { Mel, MelFormat } from "./audio/mel-format/mel-format.js";
import { loadCheckpoint } from "./checkpoint/checkpoint.js";
import type { CheckpointConfig } from "./checkpoint/config.js";
import type { DenoiserKind } from "./checkpoint/denoiser-config.js";
import { fillNormals, type Seed } from "./diffusion/noise.js";
import { planFor, type SamplerName } from "./diffusion/samplers/plan-for.js";
import { runPlan, seededNoise } from "./diffusion/samplers/run-plan.js";
import { scheduleByName } from "./diffusion/schedules/named-schedules.js";
import { InputError } from "./errors.js";
import { openRuntime, type RuntimeOptions } from "./runtime/engines.js";
import type { Runtime } from "./runtime/runtime.js";
import { defaultSampler, defaultSchedule } from "./synthesis/default-process.js";
import { MelDenoiser } from "./synthesis/mel-denoiser.js";
import { type Precision, PrecisionUnavailableError } from "./synthesis/precision.js";
import { refinementFor } from "./synthesis/mel-consistency.js";
import { RefinementPool } from "./synthesis/refinement-pool.js";

/** Where and how the networks run. */
export interface VocoderOptions extends RuntimeOptions {
  /** Of the denoiser's Linear layers; int8 is there for the graph engine on the CPU. Default: float32. */
  readonly precision?: Precision;
}

/** How to synthesise. What is left out is as in `defaultSynthesis`. */
export interface SynthesisOptions {
  /** Denoiser calls of the default schedule. */
  readonly steps?: number;
  /** Without it dpmpp-2m for a mask-net, and ddpm for a WaveGrad, over the published schedule of so many steps. */
  readonly sampler?: SamplerName;
  /** A schedule by name, instead of the default one for `steps`. */
  readonly schedule?: string;
  readonly seed?: Seed;
  /** K, mel corrections of the waveform after the last step. */
  readonly refine?: number;
  readonly signal?: AbortSignal;
  /** Called after each step and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What is used where an option is left out; sampler and schedule depend on the denoiser. */
export const defaultSynthesis = { steps: 6, seed: 1, refine: 4 } as const;

/** A synthesised waveform and how it came about. */
export interface Synthesis {
  /** [frames·hop], about −1…1. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly report: SynthesisReport;
}

/** How a waveform was synthesised. */
export interface SynthesisReport {
  readonly sampler: string;
  readonly schedule: string;
  readonly steps: number;
  readonly refine: number;
  readonly seed: string;
  readonly engine: string;
  readonly device: string;
  readonly precision: Precision;
  readonly audioSeconds: number;
  /** From the mel in memory to the waveform in memory. */
  readonly seconds: number;
  /** seconds/audioSeconds: below 1 is faster than real time. */
  readonly realTimeFactor: number;
}

/** A mel that a checkpoint does not take. */
export class MelMismatchError extends InputError {
  constructor(
    readonly given: MelFormat,
    readonly expected: MelFormat,
  ) {
    const differences = formatDifferences(given, expected)
      .map(({ field, first, second }) => `${field} ${first} in place of ${second}`)
      .join(", ");
    super(`The mel has another format than the checkpoint expects: ${differences}.`);
  }
}

/** Turns mels into speech; load it once and use it many times. */
export class Vocoder {
  /** What mels it takes. */
  readonly format: MelFormat;
  /** Which denoiser it has. */
  readonly kind: DenoiserKind;
  /** Of the denoiser's Linear layers. */
  readonly precision: Precision;
  readonly #runtime: Runtime;
  readonly #denoiser: MelDenoiser;
  readonly #pool: RefinementPool;

  private constructor(
    { denoiser: { kind }, mel }: CheckpointConfig,
    precision: Precision,
    runtime: Runtime,
    denoiser: MelDenoiser,
    pool: RefinementPool,
  ) {
    this.format = mel;
    this.kind = kind;
    this.precision = precision;
    this.#runtime = runtime;
    this.#denoiser = denoiser;
    this.#pool = pool;
  }

  /**
   * Loads a checkpoint onto an engine.
   *
   * @param folder the checkpoint
   * @throws CheckpointError, FileError, EngineUnavailableError; PrecisionUnavailableError, NotCalibratedError for int8
   */
  static async load(folder: string, options: VocoderOptions = {}): Promise<Vocoder> {
    const { precision = "float32" } = options;
    const checkpoint = await loadCheckpoint(folder);
    const runtime = await openRuntime(options);
    if (precision === "int8" && !(runtime.engine === "graph" && runtime.device === "cpu")) {
      throw new PrecisionUnavailableError(runtime.engine, runtime.device);
    }
    const denoiser = await MelDenoiser.create(runtime, checkpoint, precision);
    const pool = new RefinementPool(runtime.threads ?? 1);
    return new Vocoder(checkpoint.config, precision, runtime, denoiser, pool);
  }

  /**
   * Synthesises a waveform with the mel given.
   *
   * @throws MelMismatchError for a mel of another format; what planFor and scheduleByName throw
   */
  async synthesize(mel: Mel, options: SynthesisOptions = {}): Promise<Synthesis> {
    const differences = formatDifferences(mel.format, this.format);
    if (differences.length > 0) throw new MelMismatchError(mel.format, this.format);
    const { steps, seed, refine } = { ...defaultSynthesis, ...options };
    const { sampler = defaultSampler(this.kind) } = options;
    const schedule = scheduleByName(options.schedule ?? defaultSchedule(this.kind, sampler, steps));
    const plan = planFor(sampler, schedule);
    const begun = performance.now();
    const encoding = encodingOf(this.format);
    const naturalLog = mel.values.map((value) => toNaturalLog(value, encoding));
    const conditioning = await this.#denoiser.condition(naturalLog);
    const count = mel.frames * this.format.hopLength;
    const start = fillNormals(new Float32Array(count), { seed, step: 0 });
    const denoise = (z: Float32Array, logSnr: number): Promise<Float32Array> =>
      this.#denoiser.noise(z, logSnr, conditioning);
    let whitened = start;
    for await (const { step, x0 } of runPlan(plan, denoise, start, seededNoise(seed))) {
      options.signal?.throwIfAborted();
      whitened = x0;
      options.onProgress?.(step + 1, plan.steps.length + 1);
    }
    let samples = await this.#denoiser.waveform(whitened, conditioning);
    if (refine > 0) {
      samples = await this.#pool.refine(samples, mel, refinementFor(refine));
    }
    options.onProgress?.(plan.steps.length + 1, plan.steps.length + 1);
    const seconds = (performance.now() - begun) / 1000;
    const audioSeconds = count / this.format.sampleRate;
    return {
      samples,
      sampleRate: this.format.sampleRate,
      report: {
        sampler: plan.sampler,
        schedule: plan.schedule,
        steps: plan.steps.length,
        refine,
        seed: String(seed),
        engine: this.#runtime.engine,
        device: this.#runtime.device,
        precision: this.precision,
        audioSeconds,
        seconds,
        realTimeFactor: seconds / audioSeconds,
      },
    };
  }

  /** Frees the engine's memory and ends the threads. */
  async dispose(): Promise<void> {
    await this.#denoiser.dispose();
    await this.#pool.dispose();
  }
}

// A thread's share of a synthesis: a denoiser of its own, on one thread, for its part of each tile, and mel corrections of
// its range of a waveform. All signals lie in memory that the threads share; a thread is told of it once and then called
// with a few numbers. Its trunk is a copy of what the caller compiled: it holds no weights but the engine's and loads no
// tensor library.
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { OpenModel, ProgramCopy } from "../engine/engine.js";
import type { ThreadScript } from "../host.js";
import type { ThreadPool } from "../host/thread-pool.js";
import type { Mel, MelFormat } from "../mel/format.js";
import type { MelCorrection, MelPart, RefinementOptions } from "../mel/consistency.js";
import type { FastDenoiser } from "./fast-denoiser.js";
import { sharedFloats } from "./memory.js";
import { naturalLog } from "../mel/encoding.js";
import { KernelCorrection } from "../kernel/kernel-correction.js";

// Mel consistency (mel/consistency.ts) of waveforms in memory, whole or range by range; no training. The diffusion gives the
// start, the mel is the constraint. models/layers/mel-consistency.ts does the same in tensors.

// Mel corrections for a format: in WebAssembly where the kernel knows its transform, frame by frame elsewhere.

/** Opens corrections towards mels of a format. */
export async function createMelCorrection(format: MelFormat): Promise<MelCorrection> {
  if (KernelCorrection.isSupported(format)) return KernelCorrection.create(format);
  // loaded here, with an FFT of its own
  const { FrameCorrection } = await import("./frame-correction.js");
  return FrameCorrection.create(format);
}

/** A refinement of a part of a waveform; threads that share the work share its arrays, each [samples]. */
interface RefinementState {
  /** The part's first sample in the whole. */
  readonly first: number;
  /** Samples of the whole; Infinity while its end is not known. */
  readonly total: number;
  /** x_k, in the end the result. */
  readonly current: Float32Array;
  /** What correction k reads; correction k+1 reads the other one, so that no thread overwrites what another reads. */
  readonly starts: readonly [Float32Array, Float32Array];
}

/**
 * The waveform after K corrections: x_{k+1} = C(x_k + momentum·(x_k − x_{k−1})), C one correction, x_{−1} = x_0.
 *
 * @param samples x_0, [samples]; left as it is
 * @param target the log-mel that the waveform should have
 */
export async function refine(
  samples: Float32Array,
  target: Mel,
  options: RefinementOptions,
): Promise<Float32Array> {
  const correction = await createMelCorrection(target.format);
  const state: RefinementState = {
    first: 0,
    total: samples.length,
    current: samples.slice(),
    starts: [samples.slice(), new Float32Array(samples.length)],
  };
  const mel = { values: naturalLog(target), first: 0, total: target.frames };
  try {
    for (let k = 0; k < options.iterations; k++) {
      refineRange(correction, state, k, mel, options, [0, samples.length]);
    }
  } finally {
    correction.dispose();
  }
  return state.current;
}

/** Correction k for the samples from range[0] to range[1] of the whole; all that they see must have come to k before. */
export function refineRange(
  correction: MelCorrection,
  { first, total, current, starts }: RefinementState,
  k: number,
  target: MelPart,
  { exponent, momentum }: RefinementOptions,
  [from, to]: readonly [number, number],
): void {
  const samples = starts[k % 2];
  const nextStart = starts[(k + 1) % 2];
  correction.correct({ samples, first, total }, nextStart, from, to, target, exponent);
  for (let n = from - first; n < to - first; n++) {
    const corrected = nextStart[n];
    nextStart[n] = corrected + momentum * (corrected - current[n]);
    current[n] = corrected;
  }
}

/** What a thread opens a denoiser of. */
interface DenoiserCopy {
  readonly config: CheckpointConfig;
  readonly widths: PartWidths;
  readonly trunk: ProgramCopy;
}

/** A part's values, with room for as many frames as the longest part had. */
export interface PartMemory {
  readonly z: Float32Array;
  readonly mel: Float32Array;
  readonly sigma: Float32Array;
  readonly encoded: Float32Array;
  /** [1] */
  readonly logSnr: Float64Array;
  /** The estimate. */
  readonly x0: Float32Array;
}

/** Values a frame. */
export interface PartWidths {
  readonly hop: number;
  readonly bands: number;
  readonly channels: number;
}

/** Memory for a part of so many frames. */
export function sharedPart(frames: number, { hop, bands, channels }: PartWidths): PartMemory {
  return {
    z: sharedFloats(frames * hop),
    mel: sharedFloats(frames * bands),
    sigma: sharedFloats(frames * hop),
    encoded: sharedFloats(frames * channels),
    logSnr: new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)),
    x0: sharedFloats(frames * hop),
  };
}

/** A waveform that threads refine. All arrays lie in shared memory. */
export interface SharedRefinement {
  readonly state: RefinementState;
  readonly format: MelFormat;
  readonly target: MelPart;
  readonly options: RefinementOptions;
}

/** What a thread can be asked. */
export type SynthesisTasks = Readonly<{
  /** Loads the engine's code: there is time for it while the caller compiles. */
  load: (nothing: undefined) => Promise<void>;
  /** Opens its denoiser. */
  open: (copy: DenoiserCopy) => Promise<void>;
  /** Its part of tiles lies there from now on. */
  usePart: (memory: PartMemory) => void;
  /** Corrections are of this waveform from now on. */
  useWaveform: (waveform: SharedRefinement) => Promise<void>;
}>;

/** What a thread can be called for: the part of so many frames, and correction k from one sample of the state to another. */
export const synthesisCalls = { estimate: 0, refine: 1 } as const;

/** The threads of a synthesis. */
export type SynthesisPool = ThreadPool<SynthesisTasks>;

/** @param engine loads what opens models */
export function synthesisScript(engine: () => Promise<OpenModel>): ThreadScript<SynthesisTasks> {
  const denoiser = new PartDenoiser(engine);
  const corrections = new RangeCorrections();
  return {
    tasks: {
      load: async () => {
        await denoiser.load();
      },
      open: (copy) => denoiser.open(copy),
      usePart: (memory) => {
        denoiser.memory = memory;
      },
      useWaveform: (waveform) => corrections.use(waveform),
    },
    // in the order of synthesisCalls
    calls: [
      (frames) => denoiser.estimate(frames),
      (k, from, to) => {
        corrections.refine(k, from, to);
      },
    ],
  };
}

/** The denoiser of one thread's parts. */
class PartDenoiser {
  memory: PartMemory | undefined;
  readonly #engine: () => Promise<OpenModel>;
  #denoiser: FastDenoiser | undefined;
  #widths: PartWidths | undefined;
  /** A copy of `encoded`, since onnxruntime takes no shared memory. */
  #encoded = new Float32Array(0);

  constructor(engine: () => Promise<OpenModel>) {
    this.#engine = engine;
  }

  async load(): Promise<{
    readonly openModel: OpenModel;
    readonly openCopy: typeof import("../engine/graph-engine.js").openCopy;
    readonly FastDenoiser: typeof FastDenoiser;
  }> {
    const [openModel, { openCopy }, { FastDenoiser }] = await Promise.all([
      this.#engine(),
      import("../engine/graph-engine.js"),
      import("./fast-denoiser.js"),
    ]);
    return { openModel, openCopy, FastDenoiser };
  }

  async open({ config, widths, trunk }: DenoiserCopy): Promise<void> {
    const { openModel, openCopy, FastDenoiser } = await this.load();
    await this.#denoiser?.dispose();
    this.#denoiser = await FastDenoiser.create(config, await openCopy(trunk, openModel));
    this.#widths = widths;
  }

  async estimate(frames: number): Promise<void> {
    const { z, mel, sigma, encoded, logSnr, x0 } = this.memory!;
    const { hop, bands, channels } = this.#widths!;
    const count = frames * channels;
    if (this.#encoded.length < count) this.#encoded = new Float32Array(count);
    this.#encoded.set(encoded.subarray(0, count));
    const tile = {
      z: z.subarray(0, frames * hop),
      mel: mel.subarray(0, frames * bands),
      sigma: sigma.subarray(0, frames * hop),
      encoded: this.#encoded.subarray(0, count),
      logSnr: logSnr[0],
    };
    await this.#denoiser!.estimate(tile, x0.subarray(0, frames * hop));
  }
}

/** The corrections of one thread's ranges. */
class RangeCorrections {
  #correction: MelCorrection | undefined;
  #format = "";
  #waveform: SharedRefinement | undefined;

  /** The tables of the format that was asked for last are kept: tiles of a long waveform follow each other. */
  async use(waveform: SharedRefinement): Promise<void> {
    const format = JSON.stringify(waveform.format);
    this.#waveform = waveform;
    if (this.#correction && this.#format === format) return;
    this.#correction?.dispose();
    this.#correction = await createMelCorrection(waveform.format);
    this.#format = format;
  }

  refine(k: number, from: number, to: number): void {
    const { state, target, options } = this.#waveform!;
    refineRange(this.#correction!, state, k, target, options, [state.first + from, state.first + to]);
  }
}

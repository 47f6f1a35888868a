// mask-net without its trunk (models/mask-net/graph.ts defines it): from the noisy whitened waveform to the features that the
// trunk is given, and from the trunk's output to the estimate x̂₀, on one thread in WebAssembly SIMD. Fast Fourier
// transforms take the place of the graph's matrix products. Rows are mel frames: features [F, features + bands] and output
// [F, outputs] by frequency, as the weights have them; signals [F·hop].
import type { MelFormat } from "../mel/format.js";
import { type MaskNetConfig, outputCount } from "../models/mask-net/shape.js";
import { HANN_POWER } from "../mel/frames.js";
import { placeConstants, type SignalConstants, SignalPathError, signalPathFault } from "./constants.js";
import { Kernel } from "./kernel.js";
import { type Buffers, SignalMemory } from "./signal-memory.js";

const BYTES = Float32Array.BYTES_PER_ELEMENT;
// as models/mask-net/graph.ts has them
const FEATURE_FLOOR = 0.01;
const RESIDUAL_LIMIT = 3;
const CORRECTION_LIMIT = 1;
const SHARPNESS_SOFTENER = 0.05;

/** What the kernel is given of a tile of F frames. */
export interface SignalInputs {
  /** Noisy whitened waveform [F·hop]. */
  readonly z: Float32Array;
  /** σ of each MDCT coefficient [F, hop]. */
  readonly sigma: Float32Array;
  /** Natural-log mel [F, bands]. */
  readonly mel: Float32Array;
  /** λ */
  readonly logSnr: number;
}

interface Levels {
  readonly signal: number;
  readonly noise: number;
  readonly sharpness: number;
}

function levelsOf(logSnr: number): Levels {
  const signal = Math.sqrt(1 / (1 + Math.exp(-logSnr)));
  const noise = Math.sqrt(1 / (1 + Math.exp(logSnr)));
  return { signal, noise, sharpness: signal / (noise + SHARPNESS_SOFTENER) };
}

function requireLength(name: string, values: Float32Array, length: number): void {
  if (values.length === length) return;
  throw new RangeError(`The ${name} of a tile has ${values.length} values instead of ${length}.`);
}

/** The signal path of one mask-net; holds memory for the longest tile it has seen. */
export class MaskNetSignal {
  /** Samples a frame. */
  readonly hopLength: number;
  /** Columns of the features, the mel residual's included. */
  readonly featureColumns: number;
  /** Columns of the trunk's output. */
  readonly outputColumns: number;
  readonly #kernel: Kernel;
  readonly #constants: SignalConstants;
  readonly #corrections: number;
  readonly #bands: number;
  readonly #memory: SignalMemory;
  #buffers: Buffers | undefined;
  #levels: Levels = levelsOf(0);

  private constructor(kernel: Kernel, config: MaskNetConfig, format: MelFormat, magnitudeEpsilon: number) {
    const { bands, hopLength } = format;
    this.#kernel = kernel;
    this.#constants = placeConstants(kernel, config, format, magnitudeEpsilon);
    this.#corrections = config.corrections;
    this.#bands = bands;
    this.hopLength = hopLength;
    this.featureColumns = this.#constants.featureCount + bands;
    this.outputColumns = outputCount(config, bands, hopLength);
    this.#memory = new SignalMemory(kernel, this.#constants, {
      hop: hopLength,
      bands,
      features: this.featureColumns,
      output: this.outputColumns,
    });
  }

  /** Whether the kernel can do a network with a mel format here. */
  static isSupported(config: MaskNetConfig, format: MelFormat): boolean {
    return signalPathFault(config, format) === undefined;
  }

  /**
   * @param magnitudeEpsilon under the root of the mel's magnitudes, the format's unless given
   * @throws SignalPathError where the kernel cannot do the network
   */
  static async create(
    config: MaskNetConfig,
    format: MelFormat,
    magnitudeEpsilon = format.magnitudeEpsilon,
  ): Promise<MaskNetSignal> {
    const fault = signalPathFault(config, format);
    if (fault !== undefined) throw new SignalPathError(fault);
    return new MaskNetSignal(await Kernel.create(), config, format, magnitudeEpsilon);
  }

  /**
   * The trunk's features: log powers, window after window, sub-frame after sub-frame, bin after bin; then the clipped
   * mel residual times κ.
   *
   * @returns [F, featureColumns] in the kernel's memory, until the next tile is analysed
   */
  analyse({ z, sigma, mel, logSnr }: SignalInputs): Float32Array {
    const frames = z.length / this.hopLength;
    const { transforms } = this.#constants;
    const { functions } = this.#kernel;
    requireLength("σ", sigma, frames * this.hopLength);
    requireLength("mel", mel, frames * this.#bands);
    const buffers = this.#memory.prepare(frames);
    this.#buffers = buffers;
    this.#levels = levelsOf(logSnr);
    this.#place(buffers, z, sigma, mel);
    const stride = this.featureColumns * BYTES;
    for (const { pointer, length, hop, column } of transforms) {
      functions.analyse(
        pointer,
        buffers.z - ((length - hop) / 2) * BYTES,
        buffers.features + column * BYTES,
        stride,
        1 / (HANN_POWER * length),
        FEATURE_FLOOR,
      );
    }
    this.#memory.colour(buffers.z, buffers.sigma, buffers.coloured);
    functions.melResidual(
      transforms[0].pointer,
      this.#constants.bank,
      this.#firstSample(buffers.coloured),
      this.#constants.spectrum,
      buffers.mel,
      buffers.residual,
      buffers.features + this.#constants.featureCount * BYTES,
      stride,
      this.#levels.sharpness,
      RESIDUAL_LIMIT,
    );
    return this.#kernel.floats(buffers.features, frames * this.featureColumns);
  }

  /** Where the trunk's output for the tile that was analysed last is to be written: [F, outputColumns]. */
  get output(): Float32Array {
    const count = this.#memory.frames * this.outputColumns;
    return this.#kernel.floats(this.#analysed.output, count);
  }

  /**
   * The estimate of the clean whitened waveform for the tile that was analysed last, by what was written to `output`.
   *
   * @returns x̂₀ [F·hop] in the kernel's memory, until the next tile is analysed
   */
  synthesise(): Float32Array {
    const buffers = this.#analysed;
    const { functions } = this.#kernel;
    const { transforms } = this.#constants;
    this.#memory.clearRowsBeyond(buffers.output, this.outputColumns);
    for (const { windowBack, windowBackPointer, length } of transforms) {
      const target = this.#kernel.floats(windowBackPointer, length);
      for (let n = 0; n < length; n++) target[n] = this.#levels.noise * windowBack[n];
    }
    this.#memory.clear(buffers.estimate);
    transforms.forEach((_, index) => {
      this.#mask(buffers, index);
    });
    this.#memory.add(buffers.estimate, buffers.z, this.#levels.signal, buffers.estimate);
    this.#memory.clearBeyond(buffers.estimate);
    if (this.#corrections > 0) {
      this.#correct(buffers);
      // only the difference goes back through 1/σ: the round trip is not exact enough at high SNR
      this.#memory.colour(buffers.change, buffers.inverseSigma, buffers.coloured);
      functions.addScaled(
        buffers.estimate,
        buffers.coloured,
        1,
        buffers.estimate,
        4 * Math.ceil((this.#memory.frames * this.hopLength) / 4),
      );
    }
    return this.#kernel.floats(buffers.estimate, this.#memory.frames * this.hopLength);
  }

  get #analysed(): Buffers {
    if (!this.#buffers) throw new Error("There is nothing to synthesise before a tile was analysed.");
    return this.#buffers;
  }

  #mask(buffers: Buffers, index: number): void {
    const { transforms, featureCount, bank, masks } = this.#constants;
    const { pointer, column, length, hop } = transforms[index];
    const constants = buffers.output + column * BYTES;
    const gains = buffers.output + 2 * featureCount * BYTES;
    this.#kernel.functions.mask(
      pointer,
      constants,
      constants + featureCount * BYTES,
      this.outputColumns * BYTES,
      buffers.features + column * BYTES,
      this.featureColumns * BYTES,
      masks,
      index === 0 ? bank : 0,
      gains,
      gains + this.#bands * BYTES,
      buffers.residual,
      buffers.estimate - ((length - hop) / 2) * BYTES,
    );
  }

  /** buffers.change ← what the corrections add in the coloured domain. */
  #correct(buffers: Buffers): void {
    const { transforms, featureCount, bank, masks, spectrum } = this.#constants;
    this.#memory.colour(buffers.estimate, buffers.sigma, buffers.coloured);
    this.#memory.clear(buffers.change);
    for (let round = 0; round < this.#corrections; round++) {
      if (round > 0) this.#memory.add(buffers.current, buffers.change, 1, buffers.coloured);
      const gains = buffers.output + (2 * featureCount + 2 * (1 + round) * this.#bands) * BYTES;
      this.#kernel.functions.correct(
        transforms[0].pointer,
        bank,
        this.#firstSample(round > 0 ? buffers.current : buffers.coloured),
        spectrum,
        buffers.mel,
        buffers.residual,
        masks,
        gains,
        gains + this.#bands * BYTES,
        this.outputColumns * BYTES,
        this.#firstSample(buffers.change),
        CORRECTION_LIMIT,
        this.#levels.sharpness,
        RESIDUAL_LIMIT,
      );
      this.#memory.clearBeyond(buffers.change);
    }
  }

  /** Where the first frame of the first transform begins. */
  #firstSample(signal: number): number {
    const { length, hop } = this.#constants.transforms[0];
    return signal - ((length - hop) / 2) * BYTES;
  }

  #place(buffers: Buffers, z: Float32Array, sigma: Float32Array, mel: Float32Array): void {
    const { functions } = this.#kernel;
    const groups = this.#memory.groups;
    this.#kernel.floats(buffers.z, z.length).set(z);
    this.#memory.clearBeyond(buffers.z);
    this.#memory.placeRows(buffers.sigmaRows, sigma, this.hopLength);
    this.#memory.placeRows(buffers.melRows, mel, this.#bands);
    functions.toLanes(buffers.sigmaRows, this.hopLength * BYTES, this.hopLength, groups, buffers.sigma);
    functions.toLanes(buffers.melRows, this.#bands * BYTES, this.#bands, groups, buffers.mel);
    functions.reciprocals(buffers.sigma, buffers.inverseSigma, 4 * groups * this.hopLength);
  }
}

// The kernel's memory for a tile of F frames: signals with room for half a window beyond both ends, rows of the caller's
// values filled up to whole groups of four frames, and lanes [groups][values][4].
import { endTangents, placeSpectra, setGroups, type SignalConstants, sine } from "./constants.js";
import type { Kernel } from "./kernel.js";

// The closed ends of an MDCT (models/layers/mdct.ts says how they come about) for the kernel, whose transform is open at both
// ends: before it a signal is continued by half a hop on each side, and behind it the outermost samples are divided.

/** The ends of signals of whole hops. */
export class ClosedEnds {
  readonly #tangents: Float32Array;
  readonly #edge: Float32Array;

  constructor(hop: number) {
    this.#tangents = endTangents(hop);
    this.#edge = sine(hop, 1).slice(hop / 2, hop);
  }

  /**
   * Continues a signal.
   *
   * @param before receives the half hop before it
   * @param behind receives the half hop behind it
   */
  continueBeyond(signal: Float32Array, before: Float32Array, behind: Float32Array): void {
    const half = this.#tangents.length;
    const last = signal.length - 1;
    for (let n = 0; n < half; n++) {
      before[half - 1 - n] = -this.#tangents[half - 1 - n] * signal[n];
      behind[n] = this.#tangents[half - 1 - n] * signal[last - n];
    }
  }

  /** Divides what only one frame covers of a signal by its window. */
  divide(signal: Float32Array): void {
    const last = signal.length - 1;
    for (let n = 0; n < this.#edge.length; n++) {
      signal[n] /= this.#edge[n];
      signal[last - n] /= this.#edge[n];
    }
  }
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Pointers to what belongs to a number of frames. */
export interface Buffers {
  /** Signals, at their first sample. */
  readonly z: number;
  readonly coloured: number;
  readonly change: number;
  readonly current: number;
  readonly estimate: number;
  /** Rows of the caller's values. */
  readonly sigmaRows: number;
  readonly melRows: number;
  readonly features: number;
  readonly output: number;
  /** Lanes. */
  readonly sigma: number;
  readonly inverseSigma: number;
  readonly mel: number;
  readonly residual: number;
}

/** Values a frame. */
interface Widths {
  readonly hop: number;
  readonly bands: number;
  readonly features: number;
  readonly output: number;
}

/** Memory for one tile at a time; it keeps what the longest needed. */
export class SignalMemory {
  /** F of the present tile. */
  frames = 0;
  readonly #kernel: Kernel;
  readonly #constants: SignalConstants;
  readonly #widths: Widths;
  readonly #margin: number;
  readonly #ends: ClosedEnds;
  readonly #mark: number;
  #buffers: Buffers | undefined;
  #capacity = 0;

  constructor(kernel: Kernel, constants: SignalConstants, widths: Widths) {
    this.#kernel = kernel;
    this.#constants = constants;
    this.#widths = widths;
    this.#margin = constants.transforms[0].length / 2;
    this.#ends = new ClosedEnds(widths.hop);
    this.#mark = kernel.mark;
  }

  /** Groups of four frames. */
  get groups(): number {
    return Math.ceil(this.frames / 4);
  }

  /** Room for a tile of so many frames. */
  prepare(frames: number): Buffers {
    this.frames = frames;
    if (!this.#buffers || this.groups > this.#capacity) {
      this.#capacity = this.groups;
      this.#kernel.release(this.#mark);
      this.#buffers = this.#allocate();
    }
    setGroups(this.#kernel, this.#constants, this.groups);
    return this.#buffers;
  }

  /** target ← factor·a + b, margins included. */
  add(target: number, a: number, factor: number, b: number): void {
    const margin = this.#margin * BYTES;
    const count = this.#signalSize();
    this.#kernel.functions.addScaled(target - margin, a - margin, factor, b - margin, count);
  }

  /** Makes a signal 0, margins included. */
  clear(signal: number): void {
    this.#kernel.floats(signal - this.#margin * BYTES, this.#signalSize()).fill(0);
  }

  /** Makes a signal 0 before its start and behind its end. */
  clearBeyond(signal: number): void {
    const count = this.frames * this.#widths.hop;
    const size = this.#signalSize();
    const whole = this.#kernel.floats(signal - this.#margin * BYTES, size);
    whole.fill(0, 0, this.#margin);
    whole.fill(0, this.#margin + count);
  }

  /** Copies rows; those that fill the last group up are 0. */
  placeRows(pointer: number, rows: Float32Array, columns: number): void {
    this.#kernel.floats(pointer, this.frames * columns).set(rows);
    this.clearRowsBeyond(pointer, columns);
  }

  /** Makes the rows that fill the last group up 0. */
  clearRowsBeyond(pointer: number, columns: number): void {
    this.#kernel.floats(pointer, 4 * this.groups * columns).fill(0, this.frames * columns);
  }

  /** target ← MDCT⁻¹(gains·MDCT(signal)) with closed ends; the signal must be 0 beyond its ends, and is again. */
  colour(signal: number, gains: number, target: number): void {
    const half = this.#widths.hop / 2;
    const count = this.frames * this.#widths.hop;
    const before = this.#kernel.floats(signal - half * BYTES, half);
    const behind = this.#kernel.floats(signal + count * BYTES, half);
    this.#ends.continueBeyond(this.#kernel.floats(signal, count), before, behind);
    this.clear(target);
    this.#kernel.functions.colour(this.#constants.mdct, signal - half * BYTES, gains, target - half * BYTES);
    before.fill(0);
    behind.fill(0);
    this.clearBeyond(target);
    this.#ends.divide(this.#kernel.floats(target, count));
  }

  /** Samples of a signal with its margins. */
  #signalSize(): number {
    return 4 * this.groups * this.#widths.hop + 2 * this.#margin;
  }

  #allocate(): Buffers {
    const kernel = this.#kernel;
    const signal = (): number => kernel.allocate(this.#signalSize()) + this.#margin * BYTES;
    const rows = (columns: number): number => kernel.allocate(4 * this.groups * columns);
    placeSpectra(kernel, this.#constants, this.groups);
    return {
      z: signal(),
      coloured: signal(),
      change: signal(),
      current: signal(),
      estimate: signal(),
      sigmaRows: rows(this.#widths.hop),
      melRows: rows(this.#widths.bands),
      features: rows(this.#widths.features),
      output: rows(this.#widths.output),
      sigma: rows(this.#widths.hop),
      inverseSigma: rows(this.#widths.hop),
      mel: rows(this.#widths.bands),
      residual: rows(this.#widths.bands),
    };
  }
}

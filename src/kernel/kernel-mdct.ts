// MDCT⁻¹(gains·MDCT(signal)) in WebAssembly SIMD, for the excitation's mixture and for the waveform of a whitened one
// (models/layers/mdct.ts and models/prior/graph.ts define them). Signals [F·hop]; gains lie as lanes [groups][hop][4], four
// frames being a group.
import { ClosedEnds } from "./signal-memory.js";
import { placeMdct, setMdctGroups } from "./constants.js";
import { Kernel } from "./kernel.js";
import { mdctFault } from "./support.js";

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Where the kernel's memory has what belongs to a number of frames. */
interface Buffers {
  /** Room for so many groups. */
  readonly groups: number;
  /** A signal, at its first sample; half a hop of room on both sides, as beside `result`. */
  readonly signal: number;
  readonly result: number;
  readonly gains: readonly number[];
}

/** Filtered signals that are added up, one sum at a time; holds memory for the longest that it has seen. */
export class KernelMdct {
  readonly hop: number;
  readonly kernel: Kernel;
  readonly #gainSets: number;
  readonly #ends: ClosedEnds;
  readonly #mdct: number;
  readonly #mark: number;
  #buffers: Buffers | undefined;
  #groups = 0;

  private constructor(kernel: Kernel, hop: number, gainSets: number) {
    this.kernel = kernel;
    this.hop = hop;
    this.#gainSets = gainSets;
    this.#ends = new ClosedEnds(hop);
    this.#mdct = placeMdct(kernel, hop, kernel.allocate(8 * hop));
    this.#mark = kernel.mark;
  }

  /** Whether the kernel can do a hop here. */
  static isSupported(hop: number): boolean {
    return mdctFault(hop) === undefined;
  }

  /**
   * @param hop one that is supported
   * @param gainSets how many sets of gains there is room for
   */
  static async create(hop: number, gainSets: number): Promise<KernelMdct> {
    return new KernelMdct(await Kernel.create(), hop, gainSets);
  }

  /** Begins a sum for so many frames. @returns pointers to the gains */
  begin(frames: number): readonly number[] {
    this.#groups = Math.ceil(frames / 4);
    if (!this.#buffers || this.#groups > this.#buffers.groups) this.#buffers = this.#allocate(this.#groups);
    setMdctGroups(this.kernel, this.#mdct, this.#groups);
    this.#room(this.#buffers.result).fill(0);
    return this.#buffers.gains;
  }

  /** sum ← sum + MDCT⁻¹(gains·MDCT(signal)) @param gains pointer, with no part for what fills the last group up */
  add(signal: Float32Array, gains: number): void {
    const buffers = this.#buffers!;
    const half = this.hop / 2;
    const room = this.#room(buffers.signal);
    room.set(signal, half);
    room.fill(0, half + signal.length);
    const behind = room.subarray(half + signal.length, signal.length + 2 * half);
    this.#ends.continueBeyond(signal, room.subarray(0, half), behind);
    this.kernel.functions.colour(
      this.#mdct,
      buffers.signal - half * BYTES,
      gains,
      buffers.result - half * BYTES,
    );
  }

  /** The sum's samples. */
  end(samples: number): Float32Array {
    const result = this.kernel.floats(this.#buffers!.result, samples);
    this.#ends.divide(result);
    return result.slice();
  }

  /** A signal with its room on both sides. */
  #room(signal: number): Float32Array {
    return this.kernel.floats(signal - (this.hop / 2) * BYTES, (4 * this.#groups + 1) * this.hop);
  }

  #allocate(groups: number): Buffers {
    const { kernel } = this;
    kernel.release(this.#mark);
    const room = (4 * groups + 1) * this.hop;
    const place = (): number => kernel.allocate(room) + (this.hop / 2) * BYTES;
    const [signal, result] = [place(), place()];
    const gains = Array.from({ length: this.#gainSets }, () => kernel.allocate(4 * groups * this.hop));
    return { groups, signal, result, gains };
  }
}

/** The waveform of a whitened one: MDCT⁻¹(σ·MDCT(w)), one signal at a time. */
export class KernelColour {
  readonly #mdct: KernelMdct;

  private constructor(mdct: KernelMdct) {
    this.#mdct = mdct;
  }

  /** Whether the kernel can do a hop here. */
  static isSupported(hop: number): boolean {
    return KernelMdct.isSupported(hop);
  }

  /** @param hop one that is supported */
  static async create(hop: number): Promise<KernelColour> {
    return new KernelColour(await KernelMdct.create(hop, 2));
  }

  /**
   * @param whitened [F·hop]
   * @param sigma σ of each MDCT coefficient [F, hop]
   * @returns [F·hop]
   */
  colour(whitened: Float32Array, sigma: Float32Array): Float32Array {
    const { hop, kernel } = this.#mdct;
    const frames = whitened.length / hop;
    const groups = Math.ceil(frames / 4);
    const [rows, lanes] = this.#mdct.begin(frames);
    const placed = kernel.floats(rows, 4 * groups * hop);
    placed.set(sigma);
    placed.fill(0, sigma.length);
    kernel.functions.toLanes(rows, hop * BYTES, hop, groups, lanes);
    this.#mdct.add(whitened, lanes);
    return this.#mdct.end(whitened.length);
  }
}

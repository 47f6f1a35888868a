// A mel correction in WebAssembly SIMD, four frames at once: twenty times as fast as frame by frame. Frames go in groups of
// four that begin at multiples of four in the whole waveform, so a sample is summed in the same order whatever the range.
import { frameStart, OVERLAP_SUM, periodicHann } from "../mel/frames.js";
import type { MelFormat } from "../mel/format.js";
import {
  framesOver,
  LARGEST_CORRECTION,
  type MelCorrection,
  type MelPart,
  reflectedPlace,
  type WaveformPart,
  wholeSamples,
  windowSum,
} from "../mel/consistency.js";
import { placeConstants, type SignalConstants } from "./constants.js";
import { Kernel } from "./kernel.js";
import { melFormatFault } from "./support.js";

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Frames that go through at once: what they need stays in the processor's cache. */
const BATCH = 64;

/** Corrections for formats whose FFT is a power of two and four hops long. */
export class KernelCorrection implements MelCorrection {
  readonly format: MelFormat;
  readonly #kernel: Kernel;
  readonly #constants: SignalConstants;
  readonly #window: Float32Array;
  /** Samples in which a group's frames overlap the next one's. */
  readonly #overlap: number;
  /** A batch's samples, and its corrected ones, [BATCH·hop + overlap]. */
  readonly #input: number;
  readonly #output: number;
  /** A batch's mel as rows, and as lanes; the latter hold distances too. */
  readonly #rows: number;
  readonly #lanes: number;
  readonly #distances: number;

  private constructor(format: MelFormat, kernel: Kernel) {
    const { bands, fftSize, hopLength, magnitudeEpsilon } = format;
    this.format = format;
    this.#kernel = kernel;
    const windowLengths = [fftSize];
    this.#constants = placeConstants(kernel, { windowLengths }, format, magnitudeEpsilon, "nothing");
    this.#window = Float32Array.from(periodicHann(format));
    this.#overlap = fftSize - hopLength;
    const samples = BATCH * hopLength + this.#overlap;
    [this.#input, this.#output] = [kernel.allocate(samples), kernel.allocate(samples)];
    [this.#rows, this.#lanes, this.#distances] = [0, 1, 2].map(() => kernel.allocate(BATCH * bands));
  }

  /** Whether the kernel can do a format here. */
  static isSupported(format: MelFormat): boolean {
    return format.windowLength === format.fftSize && melFormatFault(format) === undefined;
  }

  static async create(format: MelFormat): Promise<KernelCorrection> {
    return new KernelCorrection(format, await Kernel.create());
  }

  correct(
    input: WaveformPart,
    output: Float32Array,
    from: number,
    to: number,
    target: MelPart,
    exponent: number,
  ): void {
    const { hopLength } = this.format;
    const { transforms, bank, masks, spectrum } = this.#constants;
    const [firstFrame, lastFrame] = framesOver(this.format, target, from, to);
    const corrected = this.#kernel.floats(this.#output, BATCH * hopLength + this.#overlap);
    corrected.fill(0);
    for (let frame = 4 * Math.floor(firstFrame / 4); frame <= lastFrame; frame += BATCH) {
      const groups = Math.min(BATCH / 4, Math.floor((lastFrame - frame) / 4) + 1);
      const known = [Math.max(firstFrame, frame), Math.min(lastFrame + 1, frame + BATCH)] as const;
      this.#place(input, target, frame, groups, known);
      this.#kernel.functions.approach(
        transforms[0].pointer,
        bank,
        groups,
        this.#input,
        spectrum,
        this.#lanes,
        masks,
        this.#output,
        LARGEST_CORRECTION,
        exponent,
        known[0] - frame,
        known[1] - frame,
      );
      const isLast = frame + BATCH > lastFrame;
      const start = frameStart(this.format, frame);
      const done = 4 * groups * hopLength + (isLast ? this.#overlap : 0);
      const [first, end] = [Math.max(from, start), Math.min(to, start + done)];
      if (first < end) output.set(corrected.subarray(first - start, end - start), first - input.first);
      // what reaches into the next batch is the beginning of its sums
      corrected.copyWithin(0, BATCH * hopLength);
      corrected.fill(0, this.#overlap);
    }
    this.#divideEnds(output, from, to, input.first, target.total);
  }

  distance(input: WaveformPart, target: MelPart, from: number, to: number): number {
    const { bands } = this.format;
    const { transforms, bank, spectrum } = this.#constants;
    let sum = 0;
    for (let frame = from; frame < to; frame += BATCH) {
      const count = Math.min(BATCH, to - frame);
      const groups = Math.ceil(count / 4);
      this.#place(input, target, frame, groups, [frame, frame + count]);
      this.#kernel.functions.melDistance(
        transforms[0].pointer,
        bank,
        groups,
        this.#input,
        spectrum,
        this.#lanes,
        this.#distances,
      );
      const lanes = this.#kernel.floats(this.#distances, 4 * groups * bands);
      const whole = Math.floor(count / 4) * 4 * bands;
      for (let i = 0; i < whole; i++) sum += Math.abs(lanes[i]);
      for (let i = whole; i < lanes.length; i++) if (i % 4 < count % 4) sum += Math.abs(lanes[i]);
    }
    return sum;
  }

  dispose(): void {
    // its memory goes when it does
  }

  /** Puts the samples and the mel of a batch's frames in place; zeros stand for frames that are not known. */
  #place(
    input: WaveformPart,
    target: MelPart,
    frame: number,
    groups: number,
    [from, to]: readonly [number, number],
  ): void {
    const { bands, fftSize, hopLength } = this.format;
    const start = frameStart(this.format, frame);
    const samples = this.#kernel.floats(this.#input, 4 * groups * hopLength + this.#overlap);
    const first = frameStart(this.format, from);
    const end = frameStart(this.format, to - 1) + fftSize;
    // within the waveform its samples lie side by side, beyond its ends they are reflected
    const insideFrom = Math.min(end, Math.max(first, 0));
    const insideTo = Math.max(insideFrom, Math.min(end, input.total));
    samples.fill(0);
    for (let n = first; n < insideFrom; n++) samples[n - start] = input.samples[reflectedPlace(input, n)];
    samples.set(input.samples.subarray(insideFrom - input.first, insideTo - input.first), insideFrom - start);
    for (let n = insideTo; n < end; n++) samples[n - start] = input.samples[reflectedPlace(input, n)];
    const rows = this.#kernel.floats(this.#rows, 4 * groups * bands);
    rows.fill(0);
    rows.set(
      target.values.subarray((from - target.first) * bands, (to - target.first) * bands),
      (from - frame) * bands,
    );
    this.#kernel.functions.toLanes(this.#rows, bands * BYTES, bands, groups, this.#lanes);
  }

  /** The kernel divides by what the squared windows of four frames sum to: fewer cover the ends. */
  #divideEnds(output: Float32Array, from: number, to: number, first: number, frames: number): void {
    const [wholeFrom, wholeTo] = wholeSamples(this.format, frames, from, to);
    const divide = (sample: number): void => {
      output[sample - first] *= OVERLAP_SUM / windowSum(this.format, this.#window, sample, frames);
    };
    for (let n = from; n < wholeFrom; n++) divide(n);
    for (let n = wholeTo; n < to; n++) divide(n);
  }
}

// The kernel's constants for one network in its memory: transforms, MDCT and filter bank as the structures that
// kernel/*.as reads, all fields of 4 bytes.
import { concatenate } from "../formats/bytes.js";
import { type BandRow, melBandRows } from "../mel/bank.js";
import type { MelFormat } from "../mel/format.js";
import type { MaskNetConfig } from "../models/mask-net/shape.js";
import { OVERLAP_SUM } from "../mel/frames.js";
import { hasKernel, type Kernel } from "./kernel.js";
import { InputError } from "../errors.js";

// The constants of the kernel's transforms, in float64 before they are rounded; kernel/*.as says how they are used.

/** Complex numbers exp(i·angle) side by side. Plain loops here and below: a start waits for them. */
function turnsBy(count: number, angle: (index: number) => number): Float32Array {
  const turns = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    turns[2 * i] = Math.cos(angle(i));
    turns[2 * i + 1] = Math.sin(angle(i));
  }
  return turns;
}

/** Lengths of the radix-4 passes of a complex transform: the rest, 8, is one step. */
function passes(size: number): number[] {
  return size > 8 || size === 4 ? [size, ...passes(size / 4)] : [];
}

/** Twiddles of a complex transform, pass after pass: w, w², w³. */
function fftTwiddles(size: number): Float32Array {
  const parts = passes(size).map((length) =>
    turnsBy((3 * length) / 4, (i) => (-2 * Math.PI * (1 + (i % 3)) * Math.floor(i / 3)) / length),
  );
  return concatenate(parts);
}

/** Where frequency k of a complex transform lies, in bytes of [size][re, im][4]. */
function fftPlaces(size: number): Int32Array {
  const place = (k: number, length: number): number =>
    length > 8 || length === 4 ? ((k % 4) * length) / 4 + place(Math.floor(k / 4), length / 4) : k;
  return Int32Array.from({ length: size }, (_, k) => 32 * place(k, size));
}

/** −i·exp(−2πi·k/N) for k ≤ N/4: between the spectrum of N real values and that of N/2 complex ones. */
function realTurns(length: number): Float32Array {
  return turnsBy(length / 4 + 1, (k) => -Math.PI / 2 - (2 * Math.PI * k) / length);
}

/** exp(−iπ(8n+1)/(8N)): before and after the complex transform of a DCT-IV of N values. */
function cosineTurns(hop: number): Float32Array {
  return turnsBy(hop / 2, (n) => (-Math.PI * (8 * n + 1)) / (8 * hop));
}

/** A periodic Hann window times a factor. */
function hann(length: number, factor: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => factor * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length)));
}

/** The sine window over 2N samples times a factor. */
export function sine(hop: number, factor: number): Float32Array {
  return Float32Array.from(
    { length: 2 * hop },
    (_, n) => factor * Math.sin((Math.PI * (n + 0.5)) / (2 * hop)),
  );
}

/** tan of half the sine window's angle: what continues a signal beyond a closed end. [N/2] */
export function endTangents(hop: number): Float32Array {
  return Float32Array.from({ length: hop / 2 }, (_, n) => Math.tan((Math.PI * (n + 0.5)) / (4 * hop)));
}

/** First bin and number of bins of each band, then the weights of all. */
function bankTables(rows: readonly BandRow[]): { rows: Int32Array; weights: Float32Array } {
  return {
    rows: Int32Array.from(rows.flatMap(({ firstBin, weights }) => [firstBin, weights.length])),
    weights: concatenate(rows.map(({ weights }) => Float32Array.from(weights))),
  };
}

/** The two neighbouring bands that a bin takes its gain from: the lower one and the weights of both. */
interface BinSpread {
  readonly band: number;
  readonly weights: readonly [number, number];
}

/**
 * How each bin takes its gain from the bands, as a MelAnalysis spreads it: by the bank's weights, which sum to 1 then; bins
 * below the first band take band 0, those above the last the last.
 *
 * @returns undefined if a bin takes it from bands that are not neighbours
 */
export function binSpreads(rows: readonly BandRow[], bins: number): BinSpread[] | undefined {
  const seen = Array.from({ length: bins }, (): { band: number; weight: number }[] => []);
  rows.forEach(({ firstBin, weights }, band) => {
    weights.forEach((weight, index) => seen[firstBin + index].push({ band, weight }));
  });
  const spreads: BinSpread[] = [];
  let isAbove = false;
  for (const used of seen) {
    const [lower, upper, third] = used;
    isAbove ||= used.length > 0;
    if (used.length === 0) {
      spreads.push({ band: isAbove ? rows.length - 1 : 0, weights: [1, 0] });
      continue;
    }
    if (third !== undefined || (upper !== undefined && upper.band !== lower.band + 1)) return undefined;
    const total = used.reduce((sum, { weight }) => sum + weight, 0);
    spreads.push({
      band: lower.band,
      weights: [Math.fround(lower.weight / total), Math.fround((upper?.weight ?? 0) / total)],
    });
  }
  return spreads;
}

/** The same in the kernel's form: the band's place in bytes of [bands][4], and two float32 weights. [bins][3] */
function spreadTable(spreads: readonly BinSpread[]): Int32Array {
  const table = new Int32Array(3 * spreads.length);
  const floats = new Float32Array(table.buffer);
  spreads.forEach(({ band, weights }, bin) => {
    table[3 * bin] = 16 * band;
    floats.set(weights, 3 * bin + 1);
  });
  return table;
}

/** A transform's place in the kernel's memory, and what its caller must know. */
interface SignalTransform {
  readonly pointer: number;
  readonly length: number;
  readonly hop: number;
  readonly bins: number;
  /** Frames a mel frame. */
  readonly subFrames: number;
  /** Its first column of the features. */
  readonly column: number;
  /** The window on the way back at unit noise, and where the scaled one lies. */
  readonly windowBack: Float32Array;
  readonly windowBackPointer: number;
}

/** A bin that takes nothing from any band. */
const nothing: BinSpread = { band: 0, weights: [0, 0] };

/** Places of Transform's and Mdct's fields that depend on the number of frames. */
const fields = { transformGroups: 2, spectra: 9, mdctGroups: 1 } as const;

/** A network's constants in the kernel's memory. */
export interface SignalConstants {
  readonly transforms: readonly SignalTransform[];
  readonly mdct: number;
  readonly bank: number;
  /** All columns of the features without the mel residual's. */
  readonly featureCount: number;
  /** Room for a group's spectra and gains of the first transform. */
  readonly spectrum: number;
  readonly masks: number;
}

/** What bins below the first band take: what it has, as in a network, or nothing, as in a mel correction. */
type BinsBelow = "first band" | "nothing";

/** Places the constants. @param magnitudeEpsilon under the root of the mel's magnitudes */
export function placeConstants(
  kernel: Kernel,
  { windowLengths }: Pick<MaskNetConfig, "windowLengths">,
  format: MelFormat,
  magnitudeEpsilon: number,
  binsBelow: BinsBelow = "first band",
): SignalConstants {
  const { hopLength } = format;
  const [first] = windowLengths;
  const work = kernel.allocate(4 * first);
  let column = 0;
  const transforms = windowLengths.map((length) => {
    const transform = placeTransform(kernel, length, hopLength, column, work);
    column += transform.subFrames * transform.bins;
    return transform;
  });
  const bins = first / 2 + 1;
  const masks = kernel.allocate(4 * bins);
  return {
    transforms,
    mdct: placeMdct(kernel, hopLength, work),
    bank: placeBank(kernel, format, magnitudeEpsilon, masks, binsBelow),
    featureCount: column,
    spectrum: kernel.allocate(8 * bins),
    masks,
  };
}

/** Tells the kernel how many groups of four mel frames there are. */
export function setGroups(kernel: Kernel, { transforms, mdct }: SignalConstants, groups: number): void {
  for (const { pointer, subFrames } of transforms) {
    kernel.integers(pointer, fields.transformGroups + 1)[fields.transformGroups] = groups * subFrames;
  }
  setMdctGroups(kernel, mdct, groups);
}

/** The same for an MDCT by itself. */
export function setMdctGroups(kernel: Kernel, mdct: number, groups: number): void {
  kernel.integers(mdct, fields.mdctGroups + 1)[fields.mdctGroups] = groups;
}

/** Allocates what the transforms keep of so many groups. */
export function placeSpectra(kernel: Kernel, { transforms }: SignalConstants, groups: number): void {
  for (const { pointer, subFrames, bins } of transforms) {
    const spectra = kernel.allocate(8 * bins * groups * subFrames);
    kernel.integers(pointer, fields.spectra + 1)[fields.spectra] = spectra;
  }
}

function placeTransform(
  kernel: Kernel,
  length: number,
  hopLength: number,
  column: number,
  work: number,
): SignalTransform {
  const hop = length / 4;
  const size = length / 2;
  const bins = size + 1;
  const subFrames = hopLength / hop;
  const windowBack = hann(length, 1 / (length * OVERLAP_SUM));
  const windowBackPointer = kernel.place(windowBack);
  const pointer = kernel.place(
    Int32Array.of(
      size,
      bins,
      0,
      subFrames,
      kernel.place(hann(length, 0.5)),
      windowBackPointer,
      kernel.place(fftTwiddles(size)),
      kernel.place(fftPlaces(size)),
      kernel.place(realTurns(length)),
      0,
      work,
    ),
  );
  return { pointer, length, hop, bins, subFrames, column, windowBack, windowBackPointer };
}

/** Places an MDCT of N coefficients. @param work room for a group's frames, [2N][4] */
export function placeMdct(kernel: Kernel, hop: number, work: number): number {
  const size = hop / 2;
  return kernel.place(
    Int32Array.of(
      size,
      0,
      kernel.place(sine(hop, 1)),
      kernel.place(sine(hop, 2 / hop)),
      kernel.place(fftTwiddles(size)),
      kernel.place(fftPlaces(size)),
      kernel.place(cosineTurns(hop)),
      work,
      kernel.allocate(8 * size),
    ),
  );
}

function placeBank(
  kernel: Kernel,
  format: MelFormat,
  magnitudeEpsilon: number,
  work: number,
  binsBelow: BinsBelow,
): number {
  const { bands, floor, fftSize } = format;
  const bins = fftSize / 2 + 1;
  const gains = kernel.place(new Float32Array(4 * (bands + 1)));
  const floats = new Int32Array(Float32Array.of(floor, magnitudeEpsilon).buffer);
  const bandRows = melBandRows(format);
  const { rows, weights } = bankTables(bandRows);
  const firstBin = binsBelow === "nothing" ? Math.min(...bandRows.map((row) => row.firstBin)) : 0;
  const spreads = binSpreads(bandRows, bins)!.map((spread, bin) => (bin < firstBin ? nothing : spread));
  return kernel.place(
    Int32Array.of(
      bands,
      bins,
      floats[0],
      floats[1],
      kernel.place(rows),
      kernel.place(weights),
      kernel.place(spreadTable(spreads)),
      work,
      gains,
    ),
  );
}

// Which mask-nets and mel formats the kernel can do.

/** The kernel cannot do a network's transforms. */
export class SignalPathError extends InputError {
  constructor(readonly fault: string) {
    super(
      `The fast signal path cannot do this network: ${fault}. The network as a graph can: use the graph engine's denoiser.`,
    );
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;
}

/** Why the kernel cannot do an MDCT; undefined if it can. */
export function mdctFault(hopLength: number): string | undefined {
  if (!isPowerOfTwo(hopLength) || hopLength < 16) {
    return `its hop is ${hopLength}, not a power of two from 16 upwards`;
  }
  return hasKernel() ? undefined : "this JavaScript engine has no WebAssembly SIMD";
}

/** Why the kernel cannot do a mel format; undefined if it can. */
export function melFormatFault(format: MelFormat): string | undefined {
  const { hopLength, fftSize, bands } = format;
  const fault = mdctFault(hopLength);
  if (fault !== undefined) return fault;
  if (fftSize !== 4 * hopLength)
    return `its mel's FFT length is ${fftSize}, not 4 times the hop of ${hopLength}`;
  if (bands % 4 !== 0) return `its mel has ${bands} bands, not a multiple of 4`;
  if (!binSpreads(melBandRows(format), fftSize / 2 + 1)) {
    return "its mel bank has bins in more than two neighbouring bands";
  }
  return undefined;
}

/** Why the kernel cannot do a network with a mel format; undefined if it can. */
export function signalPathFault({ windowLengths }: MaskNetConfig, format: MelFormat): string | undefined {
  const fault = melFormatFault(format);
  if (fault !== undefined) return fault;
  const [first] = windowLengths;
  if (first !== format.fftSize) {
    return `its first window is ${first}, not its mel's FFT length of ${format.fftSize}`;
  }
  const odd = windowLengths.find((length) => !isPowerOfTwo(length) || length < 16 || length > first);
  return odd === undefined ? undefined : `its window ${odd} is not a power of two from 16 to ${first}`;
}

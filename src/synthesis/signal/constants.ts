// The kernel's constants for one network in its memory: transforms, MDCT and filter bank as the structures that
// kernel/*.as reads, all fields of 4 bytes.
import { melBandRows } from "../../audio/mel-analysis/mel-bank.js";
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import type { MaskNetConfig } from "../../models/mask-net-config.js";
import { createMelAnalysis } from "../../models/mel-bands.js";
import { OVERLAP_SUM } from "../../models/window-sums.js";
import type { Kernel } from "./kernel.js";
import {
  bankTables,
  type BinSpread,
  binSpreads,
  cosineTurns,
  fftPlaces,
  fftTwiddles,
  hann,
  realTurns,
  sine,
  spreadTable,
} from "./tables.js";

/** A transform's place in the kernel's memory, and what its caller must know. */
export interface SignalTransform {
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
export type BinsBelow = "first band" | "nothing";

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
  const byFrequency = Int32Array.from({ length: bins }, (_, bin) => bin);
  const gains = kernel.place(new Float32Array(4 * (bands + 1)));
  const floats = new Int32Array(Float32Array.of(floor, magnitudeEpsilon).buffer);
  const bandRows = melBandRows(format);
  const { rows, weights } = bankTables(bandRows);
  const firstBin = binsBelow === "nothing" ? Math.min(...bandRows.map((row) => row.firstBin)) : 0;
  const spreads = binSpreads(createMelAnalysis(format, byFrequency))!.map((spread, bin) =>
    bin < firstBin ? nothing : spread,
  );
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

// The constants of the kernel's transforms, in float64 before they are rounded; kernel/*.as says how they are used.
import type { MelAnalysis } from "../../models/mel-bands.js";
import type { BandRow } from "../../audio/mel-analysis/mel-bank.js";

/** Complex numbers exp(i·angle) side by side. */
function turnsBy(angles: readonly number[]): Float32Array {
  return Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
}

function range<T>(count: number, value: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => value(index));
}

/** Lengths of the radix-4 passes of a complex transform: the rest, 8, is one step. */
function passes(size: number): number[] {
  return size > 8 || size === 4 ? [size, ...passes(size / 4)] : [];
}

/** Twiddles of a complex transform, pass after pass: w, w², w³. */
export function fftTwiddles(size: number): Float32Array {
  const angles = passes(size).flatMap((length) =>
    range(length / 4, (j) => [1, 2, 3].map((times) => (-2 * Math.PI * times * j) / length)).flat(),
  );
  return turnsBy(angles);
}

/** Where frequency k of a complex transform lies, in bytes of [size][re, im][4]. */
export function fftPlaces(size: number): Int32Array {
  const place = (k: number, length: number): number =>
    length > 8 || length === 4 ? ((k % 4) * length) / 4 + place(Math.floor(k / 4), length / 4) : k;
  return Int32Array.from({ length: size }, (_, k) => 32 * place(k, size));
}

/** −i·exp(−2πi·k/N) for k ≤ N/4: between the spectrum of N real values and that of N/2 complex ones. */
export function realTurns(length: number): Float32Array {
  return turnsBy(range(length / 4 + 1, (k) => -Math.PI / 2 - (2 * Math.PI * k) / length));
}

/** exp(−iπ(8n+1)/(8N)): before and after the complex transform of a DCT-IV of N values. */
export function cosineTurns(hop: number): Float32Array {
  return turnsBy(range(hop / 2, (n) => (-Math.PI * (8 * n + 1)) / (8 * hop)));
}

/** A periodic Hann window times a factor. */
export function hann(length: number, factor: number): Float32Array {
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
export function bankTables(rows: readonly BandRow[]): { rows: Int32Array; weights: Float32Array } {
  return {
    rows: Int32Array.from(rows.flatMap(({ firstBin, weights }) => [firstBin, weights.length])),
    weights: Float32Array.from(rows.flatMap(({ weights }) => [...weights])),
  };
}

/** The two neighbouring bands that a bin takes its gain from: the lower one and the weights of both. */
export interface BinSpread {
  readonly band: number;
  readonly weights: readonly [number, number];
}

/**
 * How each bin takes its gain from the bands.
 *
 * @returns undefined if a bin takes it from bands that are not neighbours
 */
export function binSpreads({ bands, bins, spread }: MelAnalysis): BinSpread[] | undefined {
  const spreads = range(bins, (bin) => {
    const used = range(bands, (band) => band).filter((band) => spread[band * bins + bin] !== 0);
    const [band] = used;
    const fits = used.length > 0 && used[used.length - 1] - band <= 1;
    const weight = (index: number): number => (index < bands ? spread[index * bins + bin] : 0);
    return fits ? ({ band, weights: [weight(band), weight(band + 1)] } as const) : undefined;
  });
  return spreads.every((one) => one !== undefined) ? spreads : undefined;
}

/** The same in the kernel's form: the band's place in bytes of [bands][4], and two float32 weights. [bins][3] */
export function spreadTable(spreads: readonly BinSpread[]): Int32Array {
  const table = new Int32Array(3 * spreads.length);
  const floats = new Float32Array(table.buffer);
  spreads.forEach(({ band, weights }, bin) => {
    table[3 * bin] = 16 * band;
    floats.set(weights, 3 * bin + 1);
  });
  return table;
}

// Signals as grids of hops, for exported graphs: [batch, h, 1, F+1], a column for each hop of h samples, a row for each
// place within it; half a hop of zeros stands before the signal and after it, so column g begins at sample h·g − h/2.
// Frames of any transform that moves by one hop are then a convolution over the columns, in one node, and so is the sum
// of overlapping frames; spectra lie with frames last: nothing is cut up or moved between the products.
//
// The short-time Fourier transform of N = 4h samples, periodic Hann window, at a hop of h. Its phase counts from half a
// sample before the frame, where cosines are symmetric and sines antisymmetric about the frame's middle, and about its
// quarters for even or odd bins (a real transform as type-II and type-IV cosine and sine transforms; Wang 1984). So the
// frame's four hops a, b, c, d, windowed, b and d reversed, add up to four hops that are transformed by themselves, with
// a quarter of a dense product's multiplications:
//   real, even bins: a + d + b + c    real, odd bins: a + d − b − c
//   imag, even bins: a − d − b + c    imag, odd bins: a − d + b − c
// Rows stand in pairs, each place next to its mirror image, so that the sums are a convolution in groups of two rows.
import * as tf from "@tensorflow/tfjs-core";
import { OVERLAP_SUM, RADIX } from "../../mel/frames.js";
import { type Composition, runComposition } from "./composites.js";
import { createMdct } from "./mdct.js";

/** The place within the hop at each row of a grid: 0, h−1, 1, h−2 … */
export function rowPlaces(hop: number): Int32Array {
  return Int32Array.from({ length: hop }, (_, row) => (row % 2 === 0 ? row / 2 : hop - 1 - (row - 1) / 2));
}

/** The row of each place within the hop. */
function placeRows(hop: number): Int32Array {
  return Int32Array.from({ length: hop }, (_, place) =>
    place < hop / 2 ? 2 * place : 2 * (hop - 1 - place) + 1,
  );
}

/** A signal as a grid: [batch, F·h] → [batch, h, 1, F+1]. */
export function toGrid(signal: tf.Tensor, hop: number): tf.Tensor {
  const half = hop / 2;
  return columnsOf(
    tf.pad(signal, [
      [0, 0],
      [half, half],
    ]),
    hop,
  );
}

/** Hops as columns: [batch, columns·h] → [batch, h, 1, columns]. */
export function columnsOf(signal: tf.Tensor, hop: number): tf.Tensor {
  const [batch, samples] = signal.shape;
  const hops = tf.transpose(tf.reshape(signal, [batch, samples / hop, 1, hop]), [0, 3, 2, 1]);
  return tf.gather(hops, tf.tensor1d(rowPlaces(hop), "int32"), 1);
}

/** The signal of a grid; what stands outside of the signal is cut off. [batch, h, 1, F+1] → [batch, F·h] */
export function fromGrid(grid: tf.Tensor): tf.Tensor {
  const [batch, hop, , columns] = grid.shape;
  const hops = tf.gather(grid, tf.tensor1d(placeRows(hop), "int32"), 1);
  const signal = tf.reshape(tf.transpose(hops, [0, 3, 2, 1]), [batch, columns * hop]);
  return tf.slice(signal, [0, hop / 2], [batch, (columns - 1) * hop]);
}

interface ConvolutionInputs {
  /** [batch, channels, 1, columns] */
  readonly x: tf.Tensor;
  /** [outputs, channels/groups, 1, taps] */
  readonly weight: tf.Tensor;
  readonly [name: string]: tf.Tensor;
}

/** A convolution's groups, and the columns of zeros on both sides. */
interface ConvolutionShape {
  readonly groups: number;
  readonly before: number;
  readonly after: number;
}

// tfjs has no convolution in groups; onnxruntime has it as one operator
const convolution: Composition<ConvolutionInputs, Record<keyof ConvolutionShape, number>> = {
  name: "ColumnConvolution",
  forward: ({ x, weight }, { groups, before, after }) => {
    const [batch, channels, , columns] = x.shape;
    const [outputs, inputs, , taps] = weight.shape;
    const count = columns + before + after - taps + 1;
    const padded = tf.pad(tf.reshape(x, [batch, groups, channels / groups, columns]), [
      [0, 0],
      [0, 0],
      [0, 0],
      [before, after],
    ]);
    const filters = tf.reshape(weight, [groups, outputs / groups, inputs, taps]);
    const products = Array.from({ length: taps }, (_, tap) =>
      tf.matMul(
        tf.squeeze(tf.slice(filters, [0, 0, 0, tap], [groups, outputs / groups, inputs, 1]), [3]),
        tf.slice(padded, [0, 0, 0, tap], [batch, groups, inputs, count]),
      ),
    );
    return tf.reshape(tf.addN(products), [batch, outputs, 1, count]);
  },
};

/** A filter over columns and how it is laid on them. */
export interface ColumnFilter extends ConvolutionShape {
  /** [outputs, channels/groups, 1, taps] */
  readonly weight: Float32Array;
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
}

/** A convolution over a grid's columns: [batch, channels, 1, columns] → [batch, outputs, 1, …]. */
export function convolveColumns(
  x: tf.Tensor,
  { weight, outputs, inputs, taps, ...shape }: ColumnFilter,
): tf.Tensor {
  const { groups, before, after } = shape;
  const filter = tf.tensor4d(weight, [outputs, inputs, 1, taps]);
  return runComposition(convolution, { x, weight: filter }, { groups, before, after });
}

/** A filter whose weights are a function of output, input within its group, and tap. */
export function columnFilter(
  sizes: Omit<ColumnFilter, "weight">,
  value: (output: number, input: number, tap: number) => number,
): ColumnFilter {
  const { outputs, inputs, taps } = sizes;
  const weight = new Float32Array(outputs * inputs * taps);
  for (let output = 0, i = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) weight[i++] = value(output, input, tap);
    }
  }
  return { ...sizes, weight };
}

/** Products with a grid's constants, by their equations in Einstein's notation. */
const contractions = {
  /** hops of sums → spectra, and back: parts c, parities e, bins q, rows m, items b, frames f */
  "c1eqm,bmcef->cbeqf": (basis, x) =>
    tf.transpose(tf.matMul(tf.squeeze(basis, [1]), tf.transpose(x, [0, 2, 3, 1, 4])), [1, 0, 2, 3, 4]),
  "c1emq,cbeqf->bmcef": (basis, x) =>
    tf.transpose(tf.matMul(tf.squeeze(basis, [1]), tf.transpose(x, [1, 0, 2, 3, 4])), [0, 3, 1, 2, 4]),
  /** bins → bands n, and back */
  "neq,beqf->bnf": (bank, x) => {
    const [bands] = bank.shape;
    const [batch, , , frames] = x.shape;
    return tf.matMul(tf.reshape(bank, [1, bands, -1]), tf.reshape(x, [batch, -1, frames]));
  },
  "eqn,bnf->beqf": (spread, x) => {
    const [parities, bins, bands] = spread.shape;
    const [batch, , frames] = x.shape;
    const values = tf.matMul(tf.reshape(spread, [1, -1, bands]), x);
    return tf.reshape(values, [batch, parities, bins, frames]);
  },
} as const satisfies Readonly<Record<string, (matrix: tf.Tensor, x: tf.Tensor) => tf.Tensor>>;

type Equation = keyof typeof contractions;

// tfjs's einsum multiplies everything with everything before it adds up; onnxruntime has it as a matrix product
const contraction: Composition<{ matrix: tf.Tensor; x: tf.Tensor }, { equation: string }> = {
  name: "Contraction",
  forward: ({ matrix, x }, { equation }) => contractions[equation as Equation](matrix, x),
};

/** A product with a constant. */
export function contract(equation: Equation, matrix: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return runComposition(contraction, { matrix, x }, { equation });
}

/** A short-time Fourier transform of grids. */
export interface GridTransform {
  readonly hop: number;
  /** h+1: bins 0, 2 … 2h, and bins 1, 3 … 2h−1, after which one stands that is always zero. */
  readonly bins: number;
  /** Windowed hops of each frame, added up: [4h, 2, 1, 4]. */
  readonly fold: ColumnFilter;
  /** Its adjoint with the window for the way back: [h, 8, 1, 4]. */
  readonly unfold: ColumnFilter;
  /** [2, 2, bins, h]: part (real, imaginary), even and odd, bin, row. */
  readonly analysis: Float32Array;
  /** [2, 2, h, bins]: the transpose, bins that stand for a mirror image too counted twice. */
  readonly synthesis: Float32Array;
}

/** Signs of a frame's hops a, b, c, d in the four sums, by part and parity. */
const SIGNS = [
  [1, 1, 1, 1],
  [1, -1, -1, 1],
  [1, -1, 1, -1],
  [1, 1, -1, -1],
] as const;

/** The constants of the transform of 4h samples, in float64 before they are rounded. */
export function createGridTransform(hop: number): GridTransform {
  const length = RADIX * hop;
  const bins = hop + 1;
  const places = rowPlaces(hop);
  const window = (n: number): number => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length);
  const back = 1 / (length * OVERLAP_SUM);
  // hops b and d are reversed: sum at place n takes their places h−1−n, which stand in the other row of the pair
  const share = (sum: number, from: number, tap: number): number => {
    const [row, part] = [Math.floor(sum / 4), sum % 4];
    const isReversed = tap % 2 === 1;
    const isSource = isReversed ? row % 2 !== from : row % 2 === from;
    if (!isSource) return 0;
    const place = isReversed ? hop - 1 - places[row] : places[row];
    return SIGNS[part][tap] * window(tap * hop + place);
  };
  const fold = columnFilter(
    { outputs: 4 * hop, inputs: 2, taps: 4, groups: hop / 2, before: 1, after: 1 },
    share,
  );
  const unfold = columnFilter(
    { outputs: hop, inputs: 8, taps: 4, groups: hop / 2, before: 2, after: 2 },
    (row, input, tap) => back * share(4 * (row - (row % 2)) + input, row % 2, 3 - tap),
  );
  const analysis = new Float32Array(4 * bins * hop);
  const synthesis = new Float32Array(4 * bins * hop);
  for (let part = 0; part < 4; part++) {
    for (let index = 0; index < bins; index++) {
      const bin = 2 * index + (part % 2);
      if (bin > length / 2) continue;
      for (let row = 0; row < hop; row++) {
        const angle = (2 * Math.PI * (places[row] + 0.5) * bin) / length;
        const value = part < 2 ? Math.cos(angle) : -Math.sin(angle);
        analysis[(part * bins + index) * hop + row] = value;
        synthesis[(part * hop + row) * bins + index] = value * (bin === 0 || bin === length / 2 ? 1 : 2);
      }
    }
  }
  return { hop, bins, fold, unfold, analysis, synthesis };
}

/** The bin at each position of a grid's spectra, even ones first; −1 where there is none. [2·bins] */
export function gridBins({ hop, bins }: Pick<GridTransform, "hop" | "bins">): Int32Array {
  return Int32Array.from({ length: 2 * bins }, (_, i) => {
    const bin = 2 * (i % bins) + Math.floor(i / bins);
    return bin > 2 * hop ? -1 : bin;
  });
}

/**
 * The spectra of a grid.
 *
 * @param grid [batch, h, 1, F+1]; or, with `isPadded`, a column more on both sides, the signal's margins in them
 * @returns [2, batch, 2, bins, F]: real and imaginary part, item, even and odd bins
 */
export function gridSpectra(transform: GridTransform, grid: tf.Tensor, isPadded = false): tf.Tensor {
  const { hop, bins, fold, analysis } = transform;
  const sums = convolveColumns(grid, isPadded ? { ...fold, before: 0, after: 0 } : fold);
  const [batch, , , frames] = sums.shape;
  const x = tf.reshape(sums, [batch, hop, 2, 2, frames]);
  return contract("c1eqm,bmcef->cbeqf", tf.tensor5d(analysis, [2, 1, 2, bins, hop]), x);
}

/**
 * The grid of spectra, windowed again and overlap-added: it gives back the grid whose spectra they are, save for the
 * outermost samples, where fewer windows overlap, and what stands outside of the signal.
 */
export function gridOfSpectra(transform: GridTransform, spectra: tf.Tensor): tf.Tensor {
  const { hop, bins, unfold, synthesis } = transform;
  const [, batch, , , frames] = spectra.shape;
  const sums = contract("c1emq,cbeqf->bmcef", tf.tensor5d(synthesis, [2, 1, 2, hop, bins]), spectra);
  return convolveColumns(tf.reshape(sums, [batch, 4 * hop, 1, frames]), unfold);
}

/** |Z|² of spectra whose parts stand first: [2, …] → […]. */
export function powerOfParts(spectra: tf.Tensor): tf.Tensor {
  return tf.sum(tf.square(spectra), 0);
}

/** 1 inside the signal and 0 outside, or a value for each end's half-window: [1, h, 1, F+1]. */
export function overGrid(columns: number, first: Float32Array, last: Float32Array): tf.Tensor {
  const hop = first.length;
  return tf.concat(
    [
      tf.tensor4d(first, [1, hop, 1, 1]),
      tf.ones([1, hop, 1, columns - 2]),
      tf.tensor4d(last, [1, hop, 1, 1]),
    ],
    3,
  );
}

/** The MDCT of mdct.ts for grids: a frame is two columns. */
export interface GridMdct {
  readonly hop: number;
  /** [h coefficients, h rows, 1, 2] */
  readonly analysis: ColumnFilter;
  /** [h rows, h coefficients, 1, 2] */
  readonly synthesis: ColumnFilter;
  /** 1/window where the first half-hop of the signal stands, by row of the first column, and of the last likewise. */
  readonly first: Float32Array;
  readonly last: Float32Array;
}

/** The constants of an MDCT of grids. */
export function createGridMdct(hop: number): GridMdct {
  const { basis, edge } = createMdct(hop);
  const places = rowPlaces(hop);
  const half = hop / 2;
  const value = (place: number, coefficient: number): number => basis[place * hop + coefficient];
  const sizes = { outputs: hop, inputs: hop, taps: 2, groups: 1 };
  return {
    hop,
    analysis: columnFilter({ ...sizes, before: 0, after: 0 }, (coefficient, row, tap) =>
      value(tap * hop + places[row], coefficient),
    ),
    synthesis: columnFilter({ ...sizes, before: 1, after: 1 }, (row, coefficient, tap) =>
      value((1 - tap) * hop + places[row], coefficient),
    ),
    first: Float32Array.from(places, (place) => (place < half ? 0 : 1 / edge[place - half])),
    last: Float32Array.from(places, (place) => (place < half ? 1 / edge[half - 1 - place] : 0)),
  };
}

/** The coefficients of a grid: [batch, h, 1, F+1] → [batch, h, 1, F]. Only one frame covers the ends: see mdct.ts. */
export function gridMdct(transform: GridMdct, grid: tf.Tensor): tf.Tensor {
  return convolveColumns(tf.mul(grid, ends(transform, grid.shape[3]!)), transform.analysis);
}

/** The grid of coefficients, zero outside of the signal: the inverse of gridMdct. */
export function inverseGridMdct(transform: GridMdct, coefficients: tf.Tensor): tf.Tensor {
  const grid = convolveColumns(coefficients, transform.synthesis);
  return tf.mul(grid, ends(transform, grid.shape[3]!));
}

function ends({ first, last }: GridMdct, columns: number): tf.Tensor {
  return overGrid(columns, first, last);
}

/** 1 inside of the signal, 0 outside: [1, h, 1, F+1]. */
export function insideGrid(transform: GridMdct, columns: number): tf.Tensor {
  return tf.cast(tf.greater(ends(transform, columns), 0), "float32");
}

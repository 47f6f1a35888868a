// How a layer's input becomes 8-bit: of several ranges, from the whole one downwards, the one whose rounding and
// clipping together change the layer's output least. x [rows, inputs], W [inputs, outputs].
import type { InputQuantisation, TensorValue } from "../runtime/runtime.js";

/** Parts of the whole range that are tried at each end. */
const RANGES: readonly number[] = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
/** Columns of the weights that the output's error is taken over; more find the same ranges. */
const COLUMNS = 96;

/** Values of a layer's input. */
export interface InputSample {
  /** Some rows [rows, inputs]. */
  readonly rows: TensorValue;
  /** Smallest and largest value of all rows. */
  readonly low: number;
  readonly high: number;
}

/** The quantisation of the range low … high, which zero is always in. */
export function quantisationOfRange(low: number, high: number): InputQuantisation {
  const [least, largest] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = (largest - least) / 255 || 1;
  return { scale, zeroPoint: Math.round(-least / scale) };
}

/** A value after it was 8-bit. */
export function throughEightBits(value: number, { scale, zeroPoint }: InputQuantisation): number {
  const level = Math.round(value / scale) + zeroPoint;
  return (Math.min(255, Math.max(0, level)) - zeroPoint) * scale;
}

/** The quantisation with the smallest squared error of x·W over the sample. */
export function bestQuantisation({ rows, low, high }: InputSample, weight: TensorValue): InputQuantisation {
  const some = someColumns(weight);
  let best = { error: Infinity, quantisation: quantisationOfRange(low, high), low, high };
  const tryRange = (nextLow: number, nextHigh: number): void => {
    const quantisation = quantisationOfRange(nextLow, nextHigh);
    const error = outputError(rows, some, quantisation);
    if (error < best.error) best = { error, quantisation, low: nextLow, high: nextHigh };
  };
  for (const part of RANGES) tryRange(low, part * high);
  const { high: bestHigh } = best;
  for (const part of RANGES) tryRange(part * low, bestHigh);
  return best.quantisation;
}

/** Columns at equal distances, each in one piece. */
function someColumns({ data, shape }: TensorValue): Float32Array[] {
  const [inputs, outputs] = shape;
  const count = Math.min(COLUMNS, outputs);
  return Array.from({ length: count }, (_, index) => {
    const column = Math.floor((index * outputs) / count);
    return Float32Array.from({ length: inputs }, (_, input) => data[input * outputs + column]);
  });
}

function outputError(
  { data, shape }: TensorValue,
  columns: readonly Float32Array[],
  quantisation: InputQuantisation,
): number {
  const [rows, inputs] = shape;
  const change = new Float32Array(inputs);
  let error = 0;
  for (let row = 0; row < rows; row++) {
    for (let input = 0; input < inputs; input++) {
      const value = data[row * inputs + input];
      change[input] = throughEightBits(value, quantisation) - value;
    }
    for (const column of columns) {
      let sum = 0;
      for (let input = 0; input < inputs; input++) sum += change[input] * column[input];
      error += sum * sum;
    }
  }
  return error;
}

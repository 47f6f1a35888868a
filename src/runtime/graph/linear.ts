// Shape integers as functions of the frame count: (numerator·frames + offset) / divisor.

/** A size that follows the frame count; the division leaves no remainder where the function is defined. */
export interface Linear {
  readonly numerator: number;
  readonly offset: number;
  readonly divisor: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b);
}

/**
 * The linear function through values at several frame counts.
 *
 * @returns a number if they are all equal, undefined if no linear function passes through all of them
 */
export function fitLinear(
  frameCounts: readonly number[],
  values: readonly number[],
): number | Linear | undefined {
  const [first] = values;
  if (values.every((value) => value === first)) return first;
  const rise = values[1] - first;
  const run = frameCounts[1] - frameCounts[0];
  const common = greatestCommonDivisor(rise, run);
  const [numerator, divisor] = [rise / common, run / common];
  const offset = first * divisor - numerator * frameCounts[0];
  const fits = values.every((value, index) => value * divisor === numerator * frameCounts[index] + offset);
  return fits ? { numerator, offset, divisor } : undefined;
}

/** The function in words, as a name of an ONNX dimension: "frames", "256*frames", "(frames+3)/4". */
export function linearText({ numerator, offset, divisor }: Linear): string {
  const product = numerator === 1 ? "frames" : `${numerator}*frames`;
  const sum = offset === 0 ? product : `${product}${offset < 0 ? "-" : "+"}${Math.abs(offset)}`;
  if (divisor === 1) return sum;
  return offset === 0 ? `${sum}/${divisor}` : `(${sum})/${divisor}`;
}

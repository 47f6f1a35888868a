// What a matrix of mel values looks like in numbers: its range, its spread and how rough it is from band to band. The
// diagnosis of an unlabelled mel rests on them. Values are [frames, bands], row-major.

/** Figures of mel values in whatever unit they are. All are taken over finite values. */
export interface MelStatistics {
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Median of |difference| between neighbouring bands of a frame, equal neighbours left out; 0 if all are equal. */
  readonly roughness: number;
  /** The share of values equal to the minimum: a floor shows here. 0…1 */
  readonly shareAtMinimum: number;
}

/** Values that are no numbers: how many, and where the first one is. */
export interface NonFiniteValues {
  readonly count: number;
  readonly frame: number;
  readonly band: number;
  /** The first one: NaN, Infinity or −Infinity. */
  readonly value: number;
}

// the spread of an hour shows in fewer values than it has: these are 4000 frames of 80 bands
const SAMPLED_VALUES = 320_000;
// what is no mel may have rows as long as an hour; they are taken in pieces as long as the widest mel's
const LONGEST_ROW = 1024;

/** The NaN and infinite values of a mel, or undefined where there are none. */
export function findNonFinite(values: Float32Array, bands: number): NonFiniteValues | undefined {
  let count = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    if (count++ === 0) first = i;
  }
  if (count === 0) return undefined;
  return { count, frame: Math.floor(first / bands), band: first % bands, value: values[first] };
}

/**
 * Measures mel values: the range of all of them, the rest on frames spread over a long mel.
 *
 * @param values [frames, bands], at least one; those that are not finite are passed over
 * @param map applied to each value first, as a logarithm
 */
export function measureMel(
  values: Float32Array,
  bands: number,
  map: (value: number) => number = (value) => value,
): MelStatistics {
  let minimum = Infinity;
  let maximum = -Infinity;
  // an iterator would take three times as long
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const width = Math.min(bands, LONGEST_ROW);
  const stride = Math.max(1, Math.floor(values.length / SAMPLED_VALUES)) * width;
  const steps: number[] = [];
  // sums of the distances to one of the values: a spread that is small beside the mean would cancel away
  const pivot = map(minimum);
  const offset = Number.isFinite(pivot) ? pivot : 0;
  let [count, sum, squares, lowest] = [0, 0, 0, 0];
  for (let row = 0; row < values.length; row += stride) {
    let previous = NaN;
    for (let i = row; i < Math.min(row + width, values.length); i++) {
      const value = map(values[i]);
      if (!Number.isFinite(value)) continue;
      count++;
      sum += value - offset;
      squares += (value - offset) ** 2;
      if (values[i] === minimum) lowest++;
      const step = Math.abs(value - previous);
      if (step > 0) steps.push(step);
      previous = value;
    }
  }
  const mean = sum / Math.max(1, count);
  return {
    minimum: pivot,
    maximum: map(maximum),
    mean: count > 0 ? offset + mean : 0,
    standardDeviation: Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)),
    roughness: median(steps),
    shareAtMinimum: lowest / Math.max(1, count),
  };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return Float64Array.from(values).sort()[values.length >> 1];
}

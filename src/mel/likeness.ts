// What an unlabelled mel looks like. Each candidate encoding, undone, should give ln magnitudes as sound has them:
// within the floor and the loudest possible level, spread as speech is, and as rough from band to band as harmonics
// and noise are. That roughness hardly depends on level or speaker, which makes it the best witness of a scale.
import { melBandRows } from "./bank.js";
import { logScales, type MelEncoding, type MelScaleName, toNaturalLog } from "./encoding.js";
import type { MelFormat } from "./format.js";
import type { StrangeMel } from "./strange.js";

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

/** What mel values may look like: a scale, values shifted to mean 0 and divided to deviation 1, or a stranger kind. */
export type MelLikeness = MelScaleName | "standardised" | StrangeMel;

/** A candidate and how far the values are from what it should look like: 0 fits, Infinity is impossible. */
export interface LikenessScore {
  readonly likeness: MelLikeness;
  readonly distance: number;
}

/** Values farther than this from every candidate resemble none of them. */
export const RESEMBLANCE = 15;

/** Typical statistics of a corpus's ln; values standardised with others still resemble these more than a known scale. */
const standardised: MelEncoding = { scale: "ln", mean: -5.2, deviation: 2.1 };
const STANDARDISED_PENALTY = 3;
// a mel standardised with its own figures: no scale gives a mean so near 0 and a deviation so near 1 by chance
const OWN_FIGURES = 0.02;

// Of ln mels of three speakers, also made quiet, band-limited or whispered: standard deviation 1.4…4, median roughness
// 0.3…0.5, and 0.1…0.24 where the mel was smoothed as a text-to-speech model smooths it.
const SPEECH_DEVIATION = 2;
const SPEECH_ROUGHNESS = 0.33;
// noise has the roughness of a Rayleigh distribution, whatever its level
const NOISE_ROUGHNESS = 0.24;
// values whose roughness is more than this share of their deviation are taken for noise
const NOISE_RATIO = 0.3;
// a floor shows as many values that are equal; it is a power of ten below 1e-2 in every public format
const FLOOR_SHARE = 0.005;
const ODD_FLOOR = 8;
// how far beyond its range, in ln, an interpolated or predicted mel may go
const TOLERANCE = 0.02;

/**
 * All candidates that the values could be, the most likely first.
 *
 * @param values [frames, bands] as they were stored, all finite
 * @param format what the magnitudes are thought to be, apart from how they are written
 */
export function rankLikenesses(
  values: Float32Array,
  statistics: MelStatistics,
  format: MelFormat,
): LikenessScore[] {
  const level = typicalLevel(format);
  const scores: LikenessScore[] = (Object.keys(logScales) as (keyof typeof logScales)[]).map((scale) => ({
    likeness: scale,
    distance: distanceOf(statistics, { scale, mean: 0, deviation: 1 }, format, level),
  }));
  const byItself =
    Math.abs(statistics.mean) < OWN_FIGURES && Math.abs(statistics.standardDeviation - 1) < OWN_FIGURES;
  scores.push({
    likeness: "standardised",
    distance:
      distanceOf(statistics, { ...standardised, mean: standardised.mean + level }, format, level) +
      (byItself ? 0 : STANDARDISED_PENALTY),
  });
  if (statistics.minimum >= 0) {
    const logs = measureMel(values, format.bands, (value) => Math.log(Math.max(value, format.floor)));
    scores.push({
      likeness: "linear",
      // where unit values are clipped to 0 there is no floor of linear ones
      distance: distanceOf(
        { ...logs, shareAtMinimum: 0 },
        { scale: "ln", mean: 0, deviation: 1 },
        format,
        level,
      ),
    });
  }
  return scores.sort((a, b) => a.distance - b.distance);
}

/** How far values of these statistics are from speech, noise or music when `encoding` is undone. */
export function distanceOf(
  statistics: MelStatistics,
  encoding: MelEncoding,
  format: MelFormat,
  level = typicalLevel(format),
): number {
  if (encoding.scale === "linear") return Infinity;
  const scale = logScales[encoding.scale];
  const slope = scale.slope / encoding.deviation;
  const [minimum, maximum] = [statistics.minimum, statistics.maximum].map((value) =>
    toNaturalLog(value, encoding),
  );
  const above = square(Math.max(0, maximum - (level + 3)));
  const [lowest, highest] = (scale.range ?? [-Infinity, Infinity]).map(
    (bound) => (bound - scale.offset) / scale.slope,
  );
  if (minimum < lowest - TOLERANCE || maximum > highest + TOLERANCE) return Infinity;
  const floored = statistics.shareAtMinimum >= FLOOR_SHARE;
  // many values at exactly the floor settle the matter, whatever the sound
  const floor = scale.range === undefined ? Math.log(format.floor) : lowest;
  if (floored && Math.abs(minimum - floor) < (scale.range === undefined ? 0.005 : 5e-5)) return above;
  const decades = minimum / Math.LN10;
  const oddFloor = floored && (decades > -2.5 || Math.abs(decades - Math.round(decades)) > 0.003);
  const deviation = statistics.standardDeviation / slope;
  const roughness = statistics.roughness / slope;
  const noisy = roughness > NOISE_RATIO * deviation;
  const usual =
    above +
    (oddFloor ? ODD_FLOOR : 0) +
    square(Math.max(0, Math.log(format.floor) - 1 - minimum) / 1.2) +
    square(Math.max(0, level - 5 - maximum) / 3);
  if (noisy) {
    const loudness = toNaturalLog(statistics.mean, encoding);
    return (
      usual +
      square(Math.max(0, loudness - (level - 1.5)) / 0.5) +
      // rougher than noise are bare tones; smoother than noise is nothing
      square(Math.log(roughness / NOISE_ROUGHNESS) / (roughness > NOISE_ROUGHNESS ? 0.25 : 0.15))
    );
  }
  return (
    usual +
    square(Math.max(0, minimum - (level - 6.5)) / 1.2) +
    square(Math.log(deviation / SPEECH_DEVIATION) / 0.35) +
    square(Math.log(roughness / SPEECH_ROUGHNESS) / 0.5)
  );
}

/** ln of the mel magnitude that a loud voice reaches in a format: about 0 for HiFi-GAN's, 4 with bands of peak 1. */
function typicalLevel(format: MelFormat): number {
  const gains = melBandRows(format)
    .map((row) => row.weights.reduce((sum, weight) => sum + weight, 0))
    .filter((gain) => gain > 0);
  const meanGain = gains.reduce((sum, gain) => sum + Math.log(gain), 0) / Math.max(1, gains.length);
  return meanGain + Math.log(format.windowLength) - Math.log(1024 * (1024 / 22050));
}

function square(value: number): number {
  return value * value;
}

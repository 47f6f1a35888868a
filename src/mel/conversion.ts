// From the format a mel is in to the one that a consumer expects, where nothing is lost: another logarithm, a higher
// floor, bands of peak 1 that become area-normalised, or frames centred half a hop earlier. Every other difference is
// named, with both values.
import { areaGains, melBandRows } from "./bank.js";
import type { BandStatistics } from "./band-statistics.js";
import { convertToFormat, encodingOf, logScales, type MelEncoding } from "./encoding.js";
import {
  type FormatDifference,
  formatDifferences,
  formatsEqual,
  type Mel,
  type MelFormat,
  MelMismatchError,
} from "./format.js";
import { presetNameOf } from "./presets.js";

/** What is assumed of a mel; what is left out is as the consumer expects it. */
export interface MelAssumption {
  readonly format?: MelFormat;
  readonly encoding?: MelEncoding;
  /** The values are of power, the magnitudes' squares. */
  readonly power?: boolean;
  /** What was subtracted and divided by, band by band, after they were written so. */
  readonly statistics?: BandStatistics;
}

/** A mel is in a format from which the expected one cannot be made. */
export class MelFormatMismatchError extends MelMismatchError {
  constructor(
    /** Each field that stands in the way: `first` the mel's value, `second` the expected one. */
    readonly differences: readonly FormatDifference[],
    readonly format: MelFormat,
    expected: MelFormat,
  ) {
    super(describeMismatch(differences, expected), expected, format);
  }
}

/** A mel in the expected format, and what was done to bring it there. */
export interface ConvertedMel {
  readonly mel: Mel;
  /**
   * Samples to drop from the start of what a vocoder makes of the mel: half a hop where the mel's frames are centred on
   * multiples of the hop (padding "center") and the vocoder's half a hop later ("same"), else 0.
   */
  readonly leadingSamples: number;
  /** What was converted, each a sentence. */
  readonly conversions: readonly string[];
}

/**
 * Brings a mel into the expected format.
 *
 * @param trust takes it as the expected format in spite of differences, as long as the bands are as many
 * @throws MelFormatMismatchError
 */
export function convertMel(mel: Mel, expected: MelFormat, trust = false): ConvertedMel {
  const blocking = formatDifferences(mel.format, expected).filter((difference) =>
    trust ? difference.field === "bands" : !isConvertible(difference, mel.format, expected),
  );
  if (blocking.length > 0) throw new MelFormatMismatchError(blocking, mel.format, expected);
  const { log, floor, padding, mean = 0, deviation = 1 } = mel.format;
  const conversions: string[] = [];
  if (log !== expected.log) conversions.push(`Its values were converted from ${log} to ${expected.log}.`);
  if (mean !== (expected.mean ?? 0) || deviation !== (expected.deviation ?? 1))
    conversions.push(
      `Its values are minus ${mean} and divided by ${deviation}; that was undone${
        expected.mean === undefined && expected.deviation === undefined ? "" : " for the expected ones"
      }.`,
    );
  if (floor < expected.floor)
    conversions.push(
      `Magnitudes below ${expected.floor} were raised to it; the mel's own floor is ${floor}.`,
    );
  const early = padding === "center" && expected.padding === "same";
  if (early)
    conversions.push(
      `Its frames are centred half a hop earlier than expected: the first ${expected.hopLength / 2} samples of what is made of it are dropped.`,
    );
  const normalised = mel.format.norm === "none" && expected.norm === "slaney";
  if (normalised && !trust) conversions.push("Its bands of peak 1 were area-normalised.");
  const own = normalised && !trust ? withGains(mel, areaGains(expected)) : mel.values;
  const values = convertToFormat(own, encodingOf(mel.format), expected);
  return {
    mel: { frames: mel.frames, format: expected, values },
    leadingSamples: early ? Math.floor(expected.hopLength / 2) : 0,
    conversions,
  };
}

/** The values with ln gains added, band by band. */
function withGains({ values, format }: Mel, gains: Float64Array): Float32Array {
  const slope = logScales[format.log].slope / (format.deviation ?? 1);
  return values.map((value, i) => value + slope * gains[i % format.bands]);
}

/** Whether mels of a format can be brought into the expected one without a loss. */
function isLossless(format: MelFormat, expected: MelFormat): boolean {
  return formatDifferences(format, expected).every((difference) =>
    isConvertible(difference, format, expected),
  );
}

/**
 * Which of several takes mels of a format best: in that format; else without a loss; else one of their sample rate, into
 * whose format they are converted. Of equal ones the first; undefined where there is none of their rate.
 */
export function bestTaker<Taker extends { readonly format: MelFormat }>(
  format: MelFormat,
  takers: readonly Taker[],
): Taker | undefined {
  return (
    takers.find((taker) => formatsEqual(format, taker.format)) ??
    takers.find((taker) => isLossless(format, taker.format)) ??
    takers.find((taker) => format.sampleRate === taker.format.sampleRate)
  );
}

function isConvertible({ field }: FormatDifference, format: MelFormat, expected: MelFormat): boolean {
  if (field === "log" || field === "mean" || field === "deviation") return true;
  if (field === "floor") return format.floor < expected.floor;
  // the gains are below 1, so that what is at the mel's floor ends below the expected one
  if (field === "norm")
    return (
      format.norm === "none" &&
      areaGains(expected).every((gain) => Math.log(format.floor) + gain <= Math.log(expected.floor))
    );
  if (field === "padding") return format.padding === "center";
  if (field === "magnitudeEpsilon") return epsilonVanishes(format, expected);
  return false;
}

/** Whether what the epsilons add to a silent band stays below the floor, so that none of them can be seen. */
function epsilonVanishes(format: MelFormat, expected: MelFormat): boolean {
  const gain = Math.max(
    ...melBandRows(expected).map((row) => row.weights.reduce((sum, weight) => sum + weight, 0)),
  );
  const largest = Math.sqrt(Math.max(format.magnitudeEpsilon, expected.magnitudeEpsilon));
  return largest * gain < expected.floor;
}

const fieldNames: Readonly<Record<keyof MelFormat, (value: string | number) => string>> = {
  sampleRate: (value) => `a sample rate of ${value} Hz`,
  fftSize: (value) => `FFT size ${value}`,
  hopLength: (value) => `hop ${value}`,
  windowLength: (value) => `window ${value}`,
  bands: (value) => `${value} bands`,
  minFrequency: (value) => `bands from ${value} Hz`,
  maxFrequency: (value) => `bands up to ${value} Hz`,
  scale: (value) => `the ${value} mel scale`,
  norm: (value) => (value === "slaney" ? "area-normalised bands" : "bands of peak 1"),
  padding: (value) => `padding '${value}'`,
  magnitudeEpsilon: (value) => `magnitude epsilon ${value}`,
  log: (value) => `${value} values`,
  floor: (value) => `floor ${value}`,
  power: (value) => (value === 2 ? "bands of power" : "bands of magnitudes"),
  logOffset: (value) => `${value} added before the logarithm`,
  mean: (value) => `mean ${value}`,
  deviation: (value) => `deviation ${value}`,
  bankRate: (value) => `a filter bank built for ${value} Hz`,
};

function describeMismatch(differences: readonly FormatDifference[], expected: MelFormat): string {
  const list = (side: "first" | "second"): string =>
    differences.map((difference) => fieldNames[difference.field](difference[side])).join(", ");
  const preset = presetNameOf(expected);
  const wayOut = preset
    ? `Make it again in that format (vocode mel --format ${preset})`
    : "Make it again in the expected format (vocode mel --format)";
  const trust = differences.some(({ field }) => field === "bands")
    ? ""
    : ", or take it as it is with --trust-mel";
  return `The mel has ${list("first")}; expected are ${list("second")}. ${wayOut}, or use a checkpoint for the mel's own format${trust}.`;
}

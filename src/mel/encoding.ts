// How mel magnitudes x are written as numbers. Every encoding but `linear` is a straight line over ln x, so they turn
// into each other without loss, down to where one of them was floored or clipped.
//   ln, log10, db = 20·log10 x · unit = (20·log10 x − 20 + 100)/100, clipped to 0…1 (github.com/lmnt-com/wavegrad,
//   preprocess.py) · symmetric = 8·unit − 4, −4…4 (github.com/Rayhane-mamah/Tacotron-2, symmetric_mels)
import type { Mel, MelFormat } from "./format.js";

/** The name of a way to write magnitudes as numbers. */
export type MelScaleName = "linear" | "ln" | "log10" | "db" | "unit" | "symmetric";

/** An encoding: a stored number is (s − mean)/deviation, s the magnitude on the named scale. */
export interface MelEncoding {
  readonly scale: MelScaleName;
  /** 0 unless the mel was standardised. */
  readonly mean: number;
  /** 1 unless the mel was standardised. */
  readonly deviation: number;
}

/** A scale as a straight line s = slope·ln x + offset, and between which values it is clipped. */
export interface LogScale {
  readonly slope: number;
  readonly offset: number;
  readonly range?: readonly [number, number];
}

const perDecade = 1 / Math.LN10;

/** The scales that are straight lines over ln x. */
export const logScales: Readonly<Record<Exclude<MelScaleName, "linear">, LogScale>> = {
  ln: { slope: 1, offset: 0 },
  log10: { slope: perDecade, offset: 0 },
  db: { slope: 20 * perDecade, offset: 0 },
  unit: { slope: 0.2 * perDecade, offset: 0.8, range: [0, 1] },
  symmetric: { slope: 1.6 * perDecade, offset: 2.4, range: [-4, 4] },
};

/** Each scale in a few words, for messages. */
export const scaleDescriptions: Readonly<Record<MelScaleName, string>> = {
  linear: "linear magnitudes, without a logarithm",
  ln: "natural logarithms",
  log10: "logarithms of base 10",
  db: "decibels (20·log10)",
  unit: "decibels normalised to 0…1, as lmnt/wavegrad writes them",
  symmetric: "decibels normalised to −4…4, as Tacotron writes them",
};

/** The names of all scales. */
export const melScaleNames = Object.keys(scaleDescriptions) as readonly MelScaleName[];

/** The encoding that a format itself writes. */
export function encodingOf(format: MelFormat): MelEncoding {
  return { scale: format.log, mean: format.mean ?? 0, deviation: format.deviation ?? 1 };
}

/** Whether stored numbers are the format's own, so that nothing has to be converted. */
export function isNative(encoding: MelEncoding, format: MelFormat): boolean {
  const { scale, mean, deviation } = encodingOf(format);
  return encoding.scale === scale && encoding.mean === mean && encoding.deviation === deviation;
}

/** An encoding in a few words: "log10, minus mean −2.1, divided by 0.9". */
export function describeEncoding({ scale, mean, deviation }: MelEncoding): string {
  return mean === 0 && deviation === 1
    ? scaleDescriptions[scale]
    : `${scaleDescriptions[scale]}, minus their mean ${mean}, divided by ${deviation}`;
}

/** ln x of a stored number; −Infinity or NaN where a linear magnitude is 0 or negative. */
export function toNaturalLog(stored: number, { scale, mean, deviation }: MelEncoding): number {
  const value = stored * deviation + mean;
  if (scale === "linear") return Math.log(value);
  const { slope, offset } = logScales[scale];
  return (value - offset) / slope;
}

/** A mel's values as natural logarithms; the mel's own array where they are that already. [frames, bands] */
export function naturalLog({ format, values }: Pick<Mel, "format" | "values">): Float32Array {
  const encoding = encodingOf(format);
  if (isNative({ scale: "ln", mean: 0, deviation: 1 }, format)) return values;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = toNaturalLog(values[i], encoding);
  return result;
}

/** The number that is stored for ln x: what `toNaturalLog` undoes. */
export function storedNumber(naturalLog: number, { scale, mean, deviation }: MelEncoding): number {
  if (scale === "linear") return (Math.exp(naturalLog) - mean) / deviation;
  const { slope, offset } = logScales[scale];
  return (naturalLog * slope + offset - mean) / deviation;
}

/**
 * Stored numbers as a format's own, none below its floor (a linear magnitude of 0 becomes the floor).
 *
 * @returns the same array where there was nothing to change, else a new one
 */
export function convertToFormat(
  values: Float32Array,
  encoding: MelEncoding,
  format: MelFormat,
): Float32Array {
  const own = encodingOf(format);
  const floor = Math.fround(storedNumber(Math.log(format.floor), own));
  // plain loops: callbacks and iterators take a second for an hour's 25 million values
  if (isNative(encoding, format)) {
    let low = 0;
    while (low < values.length && !(values[low] < floor)) low++;
    return low === values.length ? values : values.map((value) => Math.max(value, floor));
  }
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++)
    // Math.max with NaN is NaN: the logarithm of a negative magnitude must not pass for silence
    result[i] = Math.max(storedNumber(toNaturalLog(values[i], encoding), own), floor);
  return result;
}

// What a log-mel's numbers mean: every choice that differs between vocoders, named as librosa names them. Two mels
// are interchangeable only if all of it is equal, which is why a format travels with each mel file and checkpoint.
import { InputError } from "../errors.js";

/** A log-mel format. Lengths are in samples, frequencies in Hz. */
export interface MelFormat {
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly hopLength: number;
  /** Length of the periodic Hann window, centred in the FFT frame; at most fftSize. */
  readonly windowLength: number;
  readonly bands: number;
  readonly minFrequency: number;
  readonly maxFrequency: number;
  /** The mel scale's formula: Slaney's Auditory Toolbox or HTK. */
  readonly scale: "slaney" | "htk";
  /** Area normalisation of the bands ("slaney") or peak 1 ("none"). */
  readonly norm: "slaney" | "none";
  /** "same": reflect (fftSize−hopLength)/2, ⌊T/hop⌋ frames; "center": reflect fftSize/2, 1+⌊T/hop⌋ frames. */
  readonly padding: "same" | "center";
  /** Added under the root of the magnitude √(re²+im²+magnitudeEpsilon). */
  readonly magnitudeEpsilon: number;
  /** Logarithm of the magnitude: natural, base 10, or 20·log10. */
  readonly log: "ln" | "log10" | "db";
  /** The smallest number that the logarithm is taken of: of a magnitude, or of a power, with logOffset added. */
  readonly floor: number;
  /** What the bands are sums of: 1 magnitudes, 2 their squares. Without it 1. */
  readonly power?: 1 | 2;
  /** Added to a band before the logarithm, as in ln(1e-5 + x). Without it 0. */
  readonly logOffset?: number;
  /** Values are (logarithm − mean)/deviation. Without it 0. */
  readonly mean?: number;
  /** Without it 1. */
  readonly deviation?: number;
  /**
   * The sample rate that the filter bank was built for, and in whose terms minFrequency and maxFrequency are, where it is
   * not the samples' own: bin k then counts as k·bankRate/fftSize Hz.
   */
  readonly bankRate?: number;
}

/** The fields that a format may leave out, with what they then are; bankRate is then the sampleRate. */
export const FORMAT_DEFAULTS = { power: 1, logOffset: 0, mean: 0, deviation: 1 } as const;

/** The sample rate in whose terms the bands' frequencies are. */
export function bankRateOf({ bankRate, sampleRate }: MelFormat): number {
  return bankRate ?? sampleRate;
}

/** The value of a field, also of one that the format leaves out. */
export function fieldOf(format: MelFormat, field: keyof MelFormat): string | number {
  if (field === "bankRate") return bankRateOf(format);
  return format[field] ?? FORMAT_DEFAULTS[field as keyof typeof FORMAT_DEFAULTS];
}

/** A log-mel spectrogram: [frames, bands] in row-major order, one row a frame. */
export interface Mel {
  readonly frames: number;
  readonly format: MelFormat;
  readonly values: Float32Array;
}

/**
 * Refuses what is no mel in memory.
 *
 * @param what the argument, to begin the message with
 * @throws InputError that names the field
 */
export function requireMel(mel: unknown, what: string): asserts mel is Mel {
  const fault = melFault(mel);
  if (fault !== undefined) throw new InputError(`${what} ${fault}`);
}

function melFault(mel: unknown): string | undefined {
  const whole = "A mel is an object { frames, format, values }.";
  if (typeof mel !== "object" || mel === null) return `is ${kindOf(mel)}. ${whole}`;
  const { frames, format, values } = mel as Partial<Record<keyof Mel, unknown>>;
  if (typeof format !== "object" || format === null)
    return `has no format. ${whole} A vocoder's own is 'vocoder.format', and findPreset names others.`;
  if (!isFloat32Array(values))
    return `has ${kindOf(values)} as its values, and a Float32Array is expected. Float32Array.from(values) makes one.`;
  const { bands } = format as MelFormat;
  if (typeof frames !== "number" || !Number.isSafeInteger(frames) || frames < 1)
    return `has ${String(frames)} frames; a whole number from 1 on is expected.`;
  if (values.length === frames * bands) return undefined;
  return (
    `has ${values.length} values, and ${frames} frames of ${bands} bands are ${frames * bands}. Values lie frame by ` +
    "frame, as [frames, bands]."
  );
}

/** Whether a value is a Float32Array, of this realm or another. */
export function isFloat32Array(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === "[object Float32Array]";
}

/** What a value is, in words for messages. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a plain array";
  if (typeof value === "string" || typeof value === "number") return `the ${typeof value} ${value}`;
  if (typeof value !== "object") return typeof value;
  return value === null
    ? "null"
    : `an object of the kind ${Object.prototype.toString.call(value).slice(8, -1)}`;
}

// Mel formats side by side and in words, for messages: a mismatch has to name each field that differs.

/** The fields of a format, in the order in which they are listed everywhere. */
export const MEL_FORMAT_FIELDS = [
  "sampleRate",
  "fftSize",
  "hopLength",
  "windowLength",
  "bands",
  "minFrequency",
  "maxFrequency",
  "scale",
  "norm",
  "padding",
  "magnitudeEpsilon",
  "log",
  "floor",
  "power",
  "logOffset",
  "mean",
  "deviation",
  "bankRate",
] as const satisfies readonly (keyof MelFormat)[];

/** One field in which two formats differ, with both values. */
export interface FormatDifference {
  readonly field: keyof MelFormat;
  readonly first: string | number;
  readonly second: string | number;
}

/**
 * Why no voice can be made for a format, as the end of a sentence; undefined where one can. Denoisers are given plain
 * logarithms of magnitudes, and transforms of power-of-two lengths.
 */
export function voiceFault(format: MelFormat): string | undefined {
  const said = (["power", "logOffset", "mean", "deviation", "bankRate"] as const).filter(
    (field) => format[field] !== undefined && format[field] !== FORMAT_DEFAULTS[field as "power"],
  );
  if (said.length > 0)
    return `the format's ${said.join(", ")} ${said.length === 1 ? "is" : "are"} not those of plain logarithms of magnitudes`;
  if (!Number.isInteger(Math.log2(format.fftSize)))
    return `the format's fftSize, ${format.fftSize}, is not a power of two`;
  return undefined;
}

/** A mel is not in the format that its consumer takes; what its values look like can say so too. */
export class MelMismatchError extends InputError {
  constructor(
    message: string,
    readonly expected: MelFormat,
    /** The mel's own, where it states one. */
    readonly given?: MelFormat,
  ) {
    super(message);
  }
}

/** The fields in which two formats differ; none where they are interchangeable. */
export function formatDifferences(first: MelFormat, second: MelFormat): FormatDifference[] {
  return MEL_FORMAT_FIELDS.map((field) => ({
    field,
    first: fieldOf(first, field),
    second: fieldOf(second, field),
  })).filter(
    (difference) =>
      difference.first !== difference.second &&
      // where neither says it, it differs as the sample rates do
      (difference.field !== "bankRate" || first.bankRate !== undefined || second.bankRate !== undefined),
  );
}

/** Whether mels of the two formats mean the same. */
export function formatsEqual(first: MelFormat, second: MelFormat): boolean {
  return formatDifferences(first, second).length === 0;
}

const logNames = { ln: "ln", log10: "log10", db: "dB (20·log10)" } as const;

/**
 * A format in one line for people, as
 * "22050 Hz, FFT 1024, hop 256, window 1024, 80 slaney bands 0–8000 Hz (area-normalised), padding same, …".
 */
export function describeFormat(format: MelFormat): string {
  const norm = format.norm === "slaney" ? "area-normalised" : "peak 1";
  const { power, logOffset = 0, mean = 0, deviation = 1 } = format;
  const inWords = {
    power: power === 2 ? " power," : "",
    offset: logOffset > 0 ? ` with ${logOffset.toExponential()} added` : "",
    standardised: mean === 0 && deviation === 1 ? [] : [`minus ${mean}, divided by ${deviation}`],
  };
  return [
    `${format.sampleRate} Hz`,
    `FFT ${format.fftSize}`,
    `hop ${format.hopLength}`,
    `window ${format.windowLength}`,
    `${format.bands} ${format.scale} bands ${format.minFrequency}–${format.maxFrequency} Hz (${norm})`,
    `padding ${format.padding}`,
    ...(format.magnitudeEpsilon > 0 ? [`magnitude epsilon ${format.magnitudeEpsilon.toExponential()}`] : []),
    ...(bankRateOf(format) === format.sampleRate ? [] : [`bank built for ${format.bankRate} Hz`]),
    `${logNames[format.log]} of${inWords.power} at least ${format.floor.toExponential()}${inWords.offset}`,
    ...inWords.standardised,
  ].join(", ");
}

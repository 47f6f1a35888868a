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
  /** The smallest magnitude before the logarithm. */
  readonly floor: number;
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
] as const satisfies readonly (keyof MelFormat)[];

/** One field in which two formats differ, with both values. */
export interface FormatDifference {
  readonly field: keyof MelFormat;
  readonly first: string | number;
  readonly second: string | number;
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
  return MEL_FORMAT_FIELDS.filter((field) => first[field] !== second[field]).map((field) => ({
    field,
    first: first[field],
    second: second[field],
  }));
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
  return [
    `${format.sampleRate} Hz`,
    `FFT ${format.fftSize}`,
    `hop ${format.hopLength}`,
    `window ${format.windowLength}`,
    `${format.bands} ${format.scale} bands ${format.minFrequency}–${format.maxFrequency} Hz (${norm})`,
    `padding ${format.padding}`,
    ...(format.magnitudeEpsilon > 0 ? [`magnitude epsilon ${format.magnitudeEpsilon.toExponential()}`] : []),
    `${logNames[format.log]} of at least ${format.floor.toExponential()}`,
  ].join(", ");
}

// Mel formats side by side and in words, for messages: a mismatch has to name each field that differs.
import type { MelFormat } from "./mel-format.js";

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

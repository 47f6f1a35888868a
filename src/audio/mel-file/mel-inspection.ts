// A mel file in figures, without anything being expected of it: what it states, or what it looks like.
import { parseStoredMel, type StoredMel } from "./mel-container.js";
import type { MelFormat } from "../mel-format/mel-format.js";
import { layOutMel, matrixAxes, type MelLayout } from "./mel-layout.js";
import { rankLikenesses, RESEMBLANCE, type MelLikeness } from "./mel-likeness.js";
import { findPreset, presetNameOf, presetNames } from "../mel-format/mel-presets.js";
import { findNonFinite, measureMel, type MelStatistics } from "./mel-statistics.js";

/** What a mel file is. */
export interface MelInspection {
  readonly kind: "mel";
  readonly container: StoredMel["container"];
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The format that the file states, and its preset's name. */
  readonly format?: MelFormat;
  readonly preset?: string;
  /** Presets that have as many bands as one of the axes, where the file states no format. */
  readonly candidates: readonly string[];
  readonly layout?: MelLayout;
  readonly frames?: number;
  readonly bands?: number;
  /** Where the format is stated; else as the first candidate has it. */
  readonly seconds?: number;
  readonly statistics?: MelStatistics;
  /** What the values of an unlabelled mel look like, where they look like anything. */
  readonly looksLike?: MelLikeness;
  /** What is odd, each a sentence. */
  readonly remarks: readonly string[];
}

/**
 * Inspects a mel file's bytes.
 *
 * @throws NoMelError, NpyError, SafetensorsError, MelFormatError
 */
export function inspectMel(bytes: Uint8Array): MelInspection {
  const { values, format: stated, ...stored } = parseStoredMel(bytes);
  const candidates = stated
    ? []
    : presetNames().filter((name) => stored.shape.includes(findPreset(name).bands));
  const format = stated ?? (candidates.length > 0 ? findPreset(candidates[0]) : undefined);
  const base = { kind: "mel" as const, ...stored, candidates };
  const axes = matrixAxes(stored.shape);
  if (format === undefined || axes.length !== 2)
    return {
      ...base,
      candidates: [],
      ...(values.length > 0 && { statistics: measureMel(values, stored.shape.at(-1) ?? 1) }),
      remarks: [...oddValues(values, stored.shape.at(-1) ?? 1), whyNoMel(axes)],
    };
  const laidOut = layOutMel(stored.shape, values, format, stated && "frames-first");
  const remarks = oddValues(laidOut.values, format.bands);
  if (laidOut.guessed) remarks.push("Both axes could be the bands; its sound told them apart.");
  const preset = stated && presetNameOf(stated);
  const statistics = laidOut.frames > 0 ? measureMel(laidOut.values, format.bands) : undefined;
  if (laidOut.frames === 0) remarks.push("It has no frames.");
  else if (statistics?.minimum === statistics?.maximum) remarks.push("All its values are the same.");
  const looksLike = stated || !statistics ? undefined : likenessOf(laidOut.values, statistics, format);
  return {
    ...base,
    ...(stated && { format: stated }),
    ...(preset !== undefined && { preset }),
    layout: laidOut.layout,
    frames: laidOut.frames,
    bands: format.bands,
    seconds: (laidOut.frames * format.hopLength) / format.sampleRate,
    ...(statistics && { statistics }),
    ...(looksLike && { looksLike }),
    remarks,
  };
}

function whyNoMel(axes: readonly number[]): string {
  if (axes.length > 2)
    return `It holds ${axes.slice(0, -2).join("·")} arrays of ${axes.slice(-2).join("×")}; a mel is one, [bands, frames] or [frames, bands].`;
  if (axes.length < 2) return "A mel has two axes, [bands, frames] or [frames, bands].";
  return "No axis has as many bands as a known mel format.";
}

function likenessOf(
  values: Float32Array,
  statistics: MelStatistics,
  format: MelFormat,
): MelLikeness | undefined {
  if (!(statistics.minimum < statistics.maximum)) return undefined;
  const [best] = rankLikenesses(values, statistics, format);
  return best.distance < RESEMBLANCE ? best.likeness : undefined;
}

function oddValues(values: Float32Array, bands: number): string[] {
  const found = findNonFinite(values, Math.max(1, bands));
  if (found === undefined) return [];
  return [
    `${found.count} of its ${values.length} values ${found.count === 1 ? "is no number" : "are no numbers"}; the first is ${found.value} in frame ${found.frame}, band ${found.band}.`,
  ];
}

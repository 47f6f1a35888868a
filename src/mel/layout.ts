// Which axis of a stored mel is time. Tools write [bands, frames] (HiFi-GAN, Tacotron) or [frames, bands], often with
// a leading batch axis of 1; the number of bands tells them apart, and where both axes have it, the sound does.
import { InputError } from "../errors.js";
import type { MelFormat } from "./format.js";
import { findPreset, presetNames } from "./presets.js";

/** The order of a stored mel's two axes, the first varying slowest. */
export type MelLayout = "bands-first" | "frames-first";

/** The names of the layouts. */
export const melLayouts: readonly MelLayout[] = ["bands-first", "frames-first"];

/** An array does not have a shape that a mel of the expected bands has. */
export class MelShapeError extends InputError {
  constructor(
    message: string,
    readonly shape: readonly number[],
    readonly expectedBands: number,
  ) {
    super(message);
  }
}

/** A mel brought into [frames, bands], and how it was stored. */
export interface LaidOutMel {
  readonly frames: number;
  /** [frames, bands] */
  readonly values: Float32Array;
  readonly layout: MelLayout;
  /** Whether both axes had the bands' length, so that the values themselves had to tell the layout. */
  readonly guessed: boolean;
}

/** How a mel lies in its file, in words: "403 frames of 80 bands, [bands, frames]". */
export function describeLayout(frames: number, bands: number, layout: MelLayout): string {
  return `${frames} frames of ${bands} bands, ${layout === "bands-first" ? "[bands, frames]" : "[frames, bands]"}`;
}

/**
 * Brings an array into [frames, bands].
 *
 * @param shape [bands, frames] or [frames, bands], with any axes of 1
 * @param values in C order
 * @param layout which of them it is; without it the axis as long as the format has bands tells
 * @throws MelShapeError
 */
export function layOutMel(
  shape: readonly number[],
  values: Float32Array,
  format: MelFormat,
  layout?: MelLayout,
): LaidOutMel {
  const axes = matrixAxes(shape);
  const found = `The mel's shape is [${shape.join(", ")}]`;
  if (axes.length > 2)
    throw new MelShapeError(
      `${found}: ${axes.slice(0, -2).join("·")} mels in one array. Save each to a file of its own.`,
      shape,
      format.bands,
    );
  if (axes.length < 2)
    throw new MelShapeError(
      `${found}, and a mel has two axes, [${format.bands} bands, frames] or [frames, ${format.bands} bands].`,
      shape,
      format.bands,
    );
  const fits = melLayouts.filter((name) => axes[bandAxis(name)] === format.bands);
  if (fits.length === 0 || (layout !== undefined && !fits.includes(layout)))
    throw wrongBands(shape, axes, format, fits.length > 0 ? layout : undefined);
  const guessed = layout === undefined && fits.length === 2;
  const chosen = layout ?? (guessed ? guessLayout(values, format.bands) : fits[0]);
  const frames = axes[1 - bandAxis(chosen)];
  return {
    frames,
    values: chosen === "frames-first" ? values : transposed(values, format.bands, frames),
    layout: chosen,
    guessed,
  };
}

/** A shape without axes of length 1, which carry nothing, down to two axes; leading ones go first. */
export function matrixAxes(shape: readonly number[]): readonly number[] {
  const axes = [...shape];
  while (axes.length > 2 && axes[0] === 1) axes.shift();
  for (let axis = axes.length - 1; axis >= 0 && axes.length > 2; axis--)
    if (axes[axis] === 1) axes.splice(axis, 1);
  return axes;
}

function bandAxis(layout: MelLayout): 0 | 1 {
  return layout === "bands-first" ? 0 : 1;
}

function wrongBands(
  shape: readonly number[],
  axes: readonly number[],
  format: MelFormat,
  layout?: MelLayout,
): MelShapeError {
  const found = `The mel's shape is [${shape.join(", ")}]`;
  if (layout !== undefined) {
    const other = layout === "bands-first" ? "frames-first" : "bands-first";
    return new MelShapeError(
      `${found}: read ${layout} it has ${axes[bandAxis(layout)]} bands, and ${format.bands} are expected. ` +
        `Its other axis fits: leave --mel-layout out, or say --mel-layout ${other}.`,
      shape,
      format.bands,
    );
  }
  const presets = presetNames().filter((name) => axes.includes(findPreset(name).bands));
  const hint =
    presets.length > 0
      ? ` It could be of ${presets.join(" or ")}; name its format with --mel-format, and use a checkpoint for that one.`
      : " Compute the mel in that format, or name its own with --mel-format.";
  return new MelShapeError(
    `${found}: neither axis has the expected ${format.bands} bands.${hint}`,
    shape,
    format.bands,
  );
}

/**
 * The layout of a square mel. Speech has its energy low and its silences at once in all bands, so that the mean over
 * frames falls along the bands, while the mean over bands has no trend along time.
 */
function guessLayout(values: Float32Array, size: number): MelLayout {
  const rows = new Float64Array(size);
  const columns = new Float64Array(size);
  for (let i = 0; i < values.length; i++) {
    rows[Math.floor(i / size)] += values[i];
    columns[i % size] += values[i];
  }
  return fall(rows) >= fall(columns) ? "bands-first" : "frames-first";
}

/** By how much the means fall from the first half to the second, in units of their spread. */
function fall(means: Float64Array): number {
  const centre = (means.length - 1) / 2;
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  let [covariance, variance, positions] = [0, 0, 0];
  means.forEach((value, i) => {
    covariance += (value - mean) * (i - centre);
    variance += (value - mean) ** 2;
    positions += (i - centre) ** 2;
  });
  return -covariance / Math.sqrt(variance * positions || 1);
}

// so few that what is written stays in the processor's cache: an hour's mel takes a third of the time
const TRANSPOSED_COLUMNS = 64;

/** A matrix [rows, columns] with its axes exchanged: [columns, rows], row-major like the input. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let first = 0; first < columns; first += TRANSPOSED_COLUMNS)
    for (let row = 0; row < rows; row++)
      for (let column = first; column < Math.min(first + TRANSPOSED_COLUMNS, columns); column++)
        result[column * rows + row] = values[row * columns + column];
  return result;
}

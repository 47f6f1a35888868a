// The means and deviations with which mels were standardised, from the files in which tools keep them: ParallelWaveGAN and
// ESPnet (stats.npy of two rows; sums in feats_stats.npz), FastSpeech 2 and Matcha-TTS (one number each, in JSON), or an
// array of means and one of deviations. A standardised value is (s − mean)/deviation.
import { InputError } from "../errors.js";
import { isNpy, parseNpy } from "../formats/npy.js";
import { type NamedArray, parseArrays } from "./container.js";
import { NoMelError } from "./format-fields.js";
import { matrixAxes } from "./layout.js";

/** What was subtracted and divided by: one number for all bands, or one a band. */
export interface BandStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A file that should hold the statistics of a standardised mel, and does not. */
export class StatisticsError extends InputError {
  constructor(
    readonly file: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The statistics in '${file}' ${problem}.`, options);
  }
}

const meanNames = ["mean", "mel_mean", "mu", "mean_", "means"];
const deviationNames = ["std", "scale", "mel_std", "sigma", "std_", "scale_", "deviation", "stds"];
const varianceNames = ["var", "variance", "var_"];

/**
 * The statistics of a file.
 *
 * @param file its name, for messages
 * @throws StatisticsError
 */
export function parseStatistics(bytes: Uint8Array, file: string): BandStatistics {
  const arrays = statisticsArrays(bytes, file);
  const find = (names: readonly string[]): readonly number[] | undefined =>
    arrays.find(({ name }) => names.includes(name.toLowerCase()))?.values;
  const single = arrays.length === 1 ? arrays[0] : undefined;
  const [mean, deviation, variance] = [find(meanNames), find(deviationNames), find(varianceNames)];
  if (mean && deviation) return checked({ mean, deviation }, file);
  if (mean && variance) return checked({ mean, deviation: variance.map(Math.sqrt) }, file);
  const [count, sum, squares] = [find(["count"]), find(["sum"]), find(["sum_square"])];
  if (count && sum && squares) {
    const means = sum.map((value) => value / count[0]);
    const deviations = squares.map((value, band) => Math.sqrt(value / count[0] - means[band] ** 2));
    return checked({ mean: means, deviation: deviations }, file);
  }
  // two rows: means, then deviations
  if (single && single.axes.length === 2 && single.axes[0] === 2) {
    const half = single.values.length / 2;
    return checked({ mean: single.values.slice(0, half), deviation: single.values.slice(half) }, file);
  }
  const names = arrays.map(({ name, axes }) => `${name || "an array"} [${axes.join(", ")}]`).join(", ");
  throw new StatisticsError(
    file,
    `are ${names || "missing"}; two rows are needed (means, deviations), or a mean and a std by name. ` +
      "Files of one each are named as mean=FILE,std=FILE",
  );
}

/**
 * The values of a file of means or of deviations alone.
 *
 * @throws StatisticsError
 */
export function parseMoments(bytes: Uint8Array, file: string): readonly number[] {
  const arrays = statisticsArrays(bytes, file);
  const [single] = arrays;
  if (arrays.length !== 1 || single.axes.filter((length) => length !== 1).length > 1)
    throw new StatisticsError(
      file,
      "are not one number a band. A file with means and deviations is named as stats=FILE",
    );
  return single.values;
}

function checked(statistics: BandStatistics, file: string): BandStatistics {
  const { mean, deviation } = statistics;
  if (mean.length !== deviation.length)
    throw new StatisticsError(file, `are ${mean.length} means and ${deviation.length} deviations`);
  requireMoments(mean, deviation, file);
  return statistics;
}

/**
 * Checks that means are numbers and deviations above 0.
 *
 * @throws StatisticsError
 */
export function requireMoments(mean: readonly number[], deviation: readonly number[], file: string): void {
  if (!mean.every(Number.isFinite)) throw new StatisticsError(file, "have means that are no numbers");
  const wrong = deviation.find((value) => !(value > 0 && value < Infinity));
  if (wrong !== undefined)
    throw new StatisticsError(file, `have a deviation of ${wrong}, and all have to be above 0`);
}

interface StatisticsArray {
  readonly name: string;
  readonly axes: readonly number[];
  readonly values: readonly number[];
}

function statisticsArrays(bytes: Uint8Array, file: string): StatisticsArray[] {
  const start = bytes.subarray(0, 64).find((byte) => byte > 0x20);
  try {
    // { begins JSON; safetensors has its length before it
    if (start === 0x7b && bytes[0] <= 0x7b && bytes[8] !== 0x7b) return jsonArrays(bytes, file);
    const arrays: NamedArray[] = isNpy(bytes) ? [npyArray(bytes)] : [...parseArrays(bytes, true).arrays];
    return arrays
      .filter(({ isFloat }) => isFloat)
      .map(({ name, shape, read }) => ({ name, axes: matrixAxes(shape), values: Array.from(read()) }));
  } catch (error) {
    if (!(error instanceof InputError) || error instanceof StatisticsError) throw error;
    const message =
      error instanceof NoMelError ? error.message.replace(/^The file is no mel: /, "") : error.message;
    throw new StatisticsError(
      file,
      `cannot be read: ${message.replace(/\.$/, "").replaceAll("['mel']", "['mean']")}`,
      {
        cause: error,
      },
    );
  }
}

function npyArray(bytes: Uint8Array): NamedArray {
  const { shape, data, dtype } = parseNpy(bytes, true);
  return { name: "", shape, dtype, isFloat: true, read: () => data };
}

function jsonArrays(bytes: Uint8Array, file: string): StatisticsArray[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new StatisticsError(file, `are not JSON: ${(error as Error).message}`, { cause: error });
  }
  return Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([name, entry]) => {
    const values: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
    return values.every((number) => typeof number === "number")
      ? [{ name, axes: [values.length], values: values as number[] }]
      : [];
  });
}

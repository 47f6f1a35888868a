// What is said of a mel that does not say it itself, applied to its values: statistics are undone band by band, and power
// becomes magnitudes. What is left is a plain encoding, which convertToFormat undoes. Values are [frames, bands].
import { InputError } from "../errors.js";
import type { MelAssumption } from "./conversion.js";
import { describeEncoding, encodingOf, isNative, type MelEncoding, toNaturalLog } from "./encoding.js";
import type { MelFormat } from "./format.js";
import { lnOfPower } from "./strange.js";

/** Values in a plain encoding, and what was undone to have them so. */
export interface AssumedValues {
  readonly values: Float32Array;
  readonly encoding: MelEncoding;
  /** Each a sentence. */
  readonly conversions: readonly string[];
}

/**
 * Undoes what an assumption says.
 *
 * @param format the one that is assumed
 * @throws InputError where its statistics are of another number of bands
 */
export function undoAssumption(
  stored: Float32Array,
  { encoding, power = false, statistics }: MelAssumption,
  format: MelFormat,
): AssumedValues {
  const { bands } = format;
  const conversions: string[] = [];
  let values = stored;
  if (statistics) {
    const { mean, deviation } = statistics;
    if (mean.length !== 1 && mean.length !== bands)
      throw new InputError(`The statistics are of ${mean.length} bands, and the mel has ${bands}.`);
    const at = (band: number): number => (mean.length === 1 ? 0 : band);
    values = values.map((value, i) => value * deviation[at(i % bands)] + mean[at(i % bands)]);
    conversions.push("It was standardised, and the means and deviations given were put back.");
  }
  const written = encoding ?? encodingOf(format);
  if (power) {
    const halve = lnOfPower(format);
    // decibels of power are 10·log10
    const factor = ["ln", "log10", "linear"].includes(written.scale) ? 1 : 2;
    values = values.map((value, i) => halve(factor * toNaturalLog(value, written), i % bands));
    conversions.push(
      `Its values were converted from ${describeEncoding(written)} of power to ln of magnitudes, which is within about 1 dB.`,
    );
    return { values, encoding: { scale: "ln", mean: 0, deviation: 1 }, conversions };
  }
  if (!isNative(written, format))
    conversions.push(`Its values were converted from ${describeEncoding(written)} to ${format.log}.`);
  return { values, encoding: written, conversions };
}

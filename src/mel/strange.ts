// Mels that are written in none of the known scales, as people bring them: of power, of bands of peak 1, of 16-bit samples,
// negated, turned over, standardised or scaled. Each is told by marks in its values, or by what is left when it is undone:
// that has to be as loud, as wide and as rough as speech is. Values are [frames, bands] as they were stored.
import { areaGains, weightGains } from "./bank.js";
import {
  describeEncoding,
  encodingOf,
  isNative,
  logScales,
  type MelEncoding,
  toNaturalLog,
} from "./encoding.js";
import { isBeyondFullScale, isOfPower, melEvidence, type MelEvidence } from "./evidence.js";
import type { MelFormat } from "./format.js";
import type { MelStatistics } from "./likeness.js";
import { InputError } from "../errors.js";
import type { MelAssumption } from "./conversion.js";

/** The kinds, what each is in a few words, and the clause that says what to do. */
export const strangeMels = {
  "ln-of-power": {
    what: "natural logarithms of power (the magnitudes' squares)",
    wayOut:
      "say --mel-format ln,power; of bands of peak 1, as torchaudio's MelSpectrogram makes by default, make it again with " +
      "power=1, mel_scale='slaney' and norm='slaney'",
  },
  "log10-of-power": {
    what: "logarithms of base 10 of power (the magnitudes' squares)",
    wayOut: "say --mel-format log10,power",
  },
  "db-of-power": {
    what: "decibels of power (10·log10, librosa.power_to_db)",
    wayOut: "say --mel-format db,power",
  },
  "below-loudest": {
    what: "decibels below the loudest value (librosa.power_to_db or amplitude_to_db with ref=np.max), whose level is lost",
    wayOut: "say --mel-format db,power,mean=20, where 20 dB is about the loudest of speech at a usual level",
  },
  "peak-1": {
    what: "natural logarithms of magnitudes in bands of peak 1 (librosa's norm=None, torchaudio's default)",
    wayOut:
      "say --mel-format norm=none for Slaney's bands, which is converted without loss; HTK's bands lie elsewhere: make " +
      "the mel again with mel_scale='slaney' and norm='slaney'",
  },
  "power-in-peak-1": {
    what: "natural logarithms of power in bands of peak 1, as torchaudio's MelSpectrogram makes by default",
    wayOut:
      "make it again with power=1, mel_scale='slaney', norm='slaney', f_min and f_max as expected; for Slaney's bands " +
      "say --mel-format ln,power,norm=none",
  },
  "16-bit": {
    what: "natural logarithms of a waveform of 16-bit samples, 90 dB too loud, which were not divided by 32768",
    wayOut: `say --mel-format ln,mean=${(-Math.log(32768)).toFixed(3)}`,
  },
  negated: {
    what: "natural logarithms with their sign turned round",
    wayOut: "save the mel as -mel",
  },
  "upside-down": {
    what: "a mel whose bands look reversed, from high to low, as an image is stored",
    wayOut:
      "turn it over (mel[::-1] for [bands, frames], mel[:, ::-1] for [frames, bands]) and save it again",
  },
  "standardised-by-band": {
    what: "values standardised band by band to mean 0 and deviation 1",
    wayOut:
      "say --mel-format ln,stats=stats.npy with the file of means and deviations that was used (log10 in place of ln " +
      "for ParallelWaveGAN and ESPnet), or ln,mean=mean.npy,std=std.npy",
  },
  "scaled-by-band": {
    what: "values scaled band by band by minimum and maximum",
    wayOut:
      "undo it with the minima and maxima that were used: for −1…1 say --mel-format ln,mean=mean.npy,std=std.npy with " +
      "mean = (max + min)/2 and std = (max − min)/2 of each band; for 0…1 mean = min and std = max − min",
  },
  "scaled-to-1": {
    what: "values scaled to −1…1, from decibels or by minimum and maximum",
    wayOut:
      "say --mel-format symmetric,mean=0,std=4 for Tacotron's decibels scaled to −1…1 instead of −4…4, or " +
      "--mel-format ln,mean=(max + min)/2,std=(max − min)/2 in numbers for a minimum and a maximum",
  },
  statistics: {
    what: "the means and deviations of bands, which are no mel",
    wayOut: "name the file with the mel that they belong to: --mel-format ln,stats=FILE",
  },
} as const;

/** A kind of mel that is written in none of the known scales. */
export type StrangeMel = keyof typeof strangeMels;

/** 2·ln of a band's magnitude minus ln of its power, beyond ln of its gain: the mean over speech (0.1 from band to band). */
const POWER_OFFSET = -0.18;

/** Values of power, as ln of power, as ln of magnitudes: half of it, but for the band's gain. */
function lnOfPower(format: MelFormat): (lnPower: number, band: number) => number {
  const gains = weightGains(format);
  return (lnPower, band) => (lnPower + gains[band] + POWER_OFFSET) / 2;
}

/** What a mel is by marks that no mel of a known scale has; undefined without them. */
export function markedKind(
  values: Float32Array,
  statistics: MelStatistics,
  bands: number,
): StrangeMel | undefined {
  const { minimum, maximum, standardDeviation } = statistics;
  const frames = values.length / bands;
  if (frames === 2 && isStatistics(values, bands)) return "statistics";
  if (frames < 8) return undefined;
  const columns = bandFigures(values, bands);
  const share = (has: (figures: BandFigures) => boolean): number => columns.filter(has).length / bands;
  const isNear = (value: number, other: number, by = 1e-3): boolean => Math.abs(value - other) < by;
  if (share(({ mean, deviation }) => isNear(mean, 0, 0.02) && isNear(deviation, 1, 0.05)) > 0.8)
    return "standardised-by-band";
  if (isNear(minimum, -1) || isNear(minimum, 0)) {
    const scaled = share(({ least, most }) => isNear(least, minimum) && isNear(most, 1));
    if (isNear(maximum, 1) && scaled > 0.8) return "scaled-by-band";
  }
  if (isNear(minimum, -1) && maximum > 0 && maximum < 1.001) return "scaled-to-1";
  if (isNear(maximum, 0) && minimum < -30 && standardDeviation > 5) return "below-loudest";
  return undefined;
}

/** Two rows of which the second has deviations: all above 0, while the first has means of both signs or below 0. */
function isStatistics(values: Float32Array, bands: number): boolean {
  const [means, deviations] = [values.subarray(0, bands), values.subarray(bands)];
  return deviations.every((value) => value > 0 && value < 100) && means.some((value) => value < 0);
}

interface BandFigures {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly deviation: number;
}

function bandFigures(values: Float32Array, bands: number): BandFigures[] {
  return Array.from({ length: bands }, (_, band) => {
    let [least, most, sum, squares, count] = [Infinity, -Infinity, 0, 0, 0];
    for (let at = band; at < values.length; at += bands) {
      const value = values[at];
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
      squares += value * value;
      count++;
    }
    const mean = sum / count;
    return { least, most, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
  });
}

/**
 * Whether values have about the mean and deviation of standardised ones, without a clip at the bounds of −4…4. Speech in
 * decibels of −4…4 has silences that are clipped; noise has none, and a smaller deviation.
 */
export function isStandardised(statistics: MelStatistics): boolean {
  const { minimum, maximum, mean, standardDeviation, roughness } = statistics;
  const isClipped = Math.abs(minimum + 4) < 1e-3 || Math.abs(maximum - 4) < 1e-3;
  return (
    !isClipped &&
    mean > -1.4 &&
    mean < 0.75 &&
    standardDeviation > 0.75 &&
    standardDeviation < 1.5 &&
    roughness < LIKE_SPEECH * standardDeviation
  );
}

/** Speech and noise differ from band to band by less than this share of their deviation. */
const LIKE_SPEECH = 0.5;
/** Almost as wide as ln of bands of peak 1, and far more seldom. */
const SELDOM = 6;
/** A score beyond is of nothing that resembles speech. */
const LIKELY = 20;

/** What a mel is by what is left when it is undone: the kind that leaves most of speech, if one leaves enough. */
export function likeliestKind(
  values: Float32Array,
  statistics: MelStatistics,
  format: MelFormat,
): StrangeMel | undefined {
  if (statistics.roughness > LIKE_SPEECH * statistics.standardDeviation) return undefined;
  const scores = undoings(format).map(([kind, undo]) => ({
    kind,
    score: strangeness(melEvidence(values, format, undo)) + (kind === "log10-of-power" ? SELDOM : 0),
  }));
  const [best] = scores.sort((a, b) => a.score - b.score);
  return best.score < LIKELY ? best.kind : undefined;
}

function undoings(format: MelFormat): [StrangeMel, (value: number, band: number) => number][] {
  const halve = lnOfPower(format);
  const gains = format.norm === "slaney" ? areaGains(format) : undefined;
  return [
    ["ln-of-power", halve],
    ["log10-of-power", (value, band) => halve(value * Math.LN10, band)],
    ["db-of-power", (value, band) => halve((2 * value) / logScales.db.slope, band)],
    ["16-bit", (value) => value - Math.log(32768)],
    ["negated", (value) => -value],
    ...(gains
      ? ([
          ["peak-1", (value: number, band: number) => value + gains[band]],
          ["power-in-peak-1", (value: number, band: number) => halve(value + gains[band], band)],
        ] as [StrangeMel, (value: number, band: number) => number][])
      : []),
  ];
}

/** How far a mel's figures are from those of recorded speech; 0 is the middle of it. */
function strangeness(evidence: MelEvidence): number {
  const { level, deviation, roughness, detail, skewness, tilt } = evidence;
  if (isBeyondFullScale(evidence) || isOfPower(evidence)) return Infinity;
  return (
    square((level + 14) / 10) +
    square(Math.log(deviation / 2) / 0.35) +
    square(Math.log(roughness / 0.36) / 0.3) +
    square((Math.log(detail.low / detail.high) - 0.75) / 0.4) +
    square(Math.max(0, skewness) / 0.15) +
    square((tilt - 1.6) / 1.3)
  );
}

function square(value: number): number {
  return value * value;
}

// What is said of a mel that does not say it itself, applied to its values: statistics are undone band by band, and power
// becomes magnitudes. What is left is a plain encoding, which convertToFormat undoes. Values are [frames, bands].

/** Values in a plain encoding, and what was undone to have them so. */
interface AssumedValues {
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

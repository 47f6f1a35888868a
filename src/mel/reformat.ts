// A mel of one format as one of another where they hear different things of the same sound: other bands, another rate,
// another hop. Each frame's bands are undone to magnitudes over frequency by least squares with non-negative magnitudes
// (multiplicative updates, Lee and Seung 2001), and those go through the other bank. Mels [frames, bands].
import { InputError } from "../errors.js";
import { melBandRows, weightSums } from "./bank.js";
import { type ConvertedMel, convertMel, MelFormatMismatchError } from "./conversion.js";
import { encodingOf, naturalLog, storedNumber } from "./encoding.js";
import { bankRateOf, type Mel, type MelFormat } from "./format.js";
import { presetNameOf } from "./presets.js";

/** Updates of a frame's magnitudes; 24 in place of 8 changed no format's error on speech by more than 0.001. */
const UPDATES = 8;
/** Mean |ln| of the way there and back that is put up with. The named formats stay below 0.3 on speech. */
export const MOST_LOSS = 0.6;
/** Of a format's window: at half of it PESQ was 1.4 (docs/mels.md), since no harmonic is left. */
const SHORTEST_WINDOW = 2 / 3;
/** Frames below which the way there and back says more of its ends than of the formats. */
const JUDGED_FRAMES = 20;
/** What is taken for silence, of a format's floor: least squares by size need a size. */
const LEAST = 1e-3;
/** The mean of a noise's magnitudes, of the root of its power: between formats of power and of magnitudes. */
const RAYLEIGH = Math.sqrt(Math.PI / 4);
/** Of a format's hop: frames that lie further apart do not say what lies between them. */
const SPARSEST_HOP = 2;

/** A mel in another format, and what that cost. */
export interface Reformatted extends ConvertedMel {
  /** Mean |ln| between the mel and itself converted there and back, in the bands of both; 0 where nothing was lost. */
  readonly loss: number;
}

/** Too much of a mel would be lost in another format, or is not in it. */
export class LossyConversionError extends InputError {
  constructor(
    fault: string,
    readonly from: MelFormat,
    readonly to: MelFormat,
  ) {
    super(
      `The mel cannot become one of ${nameOf(to)}: ${fault}. Make it in that format, or use a voice for ${nameOf(from)}.`,
    );
  }
}

function nameOf(format: MelFormat): string {
  return presetNameOf(format) ?? `${format.bands} bands at ${format.sampleRate} Hz`;
}

/**
 * Brings a mel into another format, without loss where convertMel can, and else as nearly as its bands tell.
 *
 * @throws LossyConversionError
 */
export function reformatMel(mel: Mel, to: MelFormat): Reformatted {
  try {
    return { ...convertMel(mel, to), loss: 0 };
  } catch (error) {
    if (!(error instanceof MelFormatMismatchError)) throw error;
  }
  const from = mel.format;
  if (hopOf(from) > SPARSEST_HOP * hopOf(to) + 1e-9) {
    const fault = `it has a frame every ${milliseconds(from)} ms, and says nothing of every ${milliseconds(to)} ms`;
    throw new LossyConversionError(fault, from, to);
  }
  if (windowOf(from) < SHORTEST_WINDOW * windowOf(to)) {
    const [short, long] = [from, to].map((format) => (1000 * windowOf(format)).toFixed(0));
    const fault = `its windows of ${short} ms do not show the harmonics that those of ${long} ms do, and it would be whispered`;
    throw new LossyConversionError(fault, from, to);
  }
  const there = reband(mel, to);
  const loss = lossOf(mel, reband(there, from));
  if (loss > MOST_LOSS && mel.frames >= JUDGED_FRAMES) {
    const fault = `converted there and back it is off by ${loss.toFixed(2)} (mean of |ln|), more than the ${MOST_LOSS} that are put up with`;
    throw new LossyConversionError(fault, from, to);
  }
  const sameHop = hopsAgree(from, to);
  const leadingSamples =
    sameHop && from.padding === "center" && to.padding === "same" ? Math.floor(to.hopLength / 2) : 0;
  return {
    mel: there,
    leadingSamples,
    loss,
    conversions: [
      `It was converted from ${nameOf(from)} to ${nameOf(to)} through magnitudes over frequency` +
        `${sameHop ? "" : `, its frames every ${milliseconds(from)} ms resampled to every ${milliseconds(to)} ms`}. ` +
        `Converted there and back it is off by ${loss.toFixed(3)} (mean of |ln|).`,
      ...rangeRemarks(from, to),
    ],
  };
}

/** Seconds between frames. */
function hopOf({ hopLength, sampleRate }: MelFormat): number {
  return hopLength / sampleRate;
}

/** Seconds of a frame's window. */
function windowOf({ windowLength, sampleRate }: MelFormat): number {
  return windowLength / sampleRate;
}

function milliseconds(format: MelFormat): string {
  return (1000 * hopOf(format)).toFixed(2);
}

/** The frequency in Hz up to which a format's bands hear. */
function highestOf(format: MelFormat): number {
  const { maxFrequency, sampleRate } = format;
  return Math.min(sampleRate / 2, (maxFrequency * sampleRate) / bankRateOf(format));
}

function rangeRemarks(from: MelFormat, to: MelFormat): string[] {
  const [known, wanted] = [highestOf(from), highestOf(to)];
  if (known < wanted)
    return [
      `It says nothing of ${known} to ${wanted} Hz: those bands are silent, and the speech will be dull.`,
    ];
  return known > wanted ? [`What it holds from ${wanted} to ${known} Hz was dropped.`] : [];
}

/** Whether frames come at the same times, so that each can stay what it is. */
function hopsAgree(first: MelFormat, second: MelFormat): boolean {
  return Math.abs(hopOf(first) / hopOf(second) - 1) < 1e-6;
}

/** A mel in the bands and frames of another format. */
function reband(mel: Mel, to: MelFormat): Mel {
  const { format, frames } = mel;
  const known = naturalLog(mel);
  const undo = new BankInverse(format);
  const apply = new BankFrom(format, to);
  const natural = new Float32Array(frames * to.bands);
  for (let frame = 0; frame < frames; frame++) {
    const row = known.subarray(frame * format.bands, (frame + 1) * format.bands);
    apply.fill(undo.magnitudes(row), natural.subarray(frame * to.bands, (frame + 1) * to.bands));
  }
  const resampled = hopsAgree(format, to) ? natural : resampleFrames(natural, format, to);
  const encoding = encodingOf(to);
  return {
    format: to,
    frames: resampled.length / to.bands,
    values: resampled.map((value) => storedNumber(value, encoding)),
  };
}

/** Frames at another hop: lines between logarithms, by the times of their centres. */
function resampleFrames(natural: Float32Array, from: MelFormat, to: MelFormat): Float32Array {
  const { bands } = to;
  const frames = natural.length / bands;
  const hop = hopOf(from);
  const [own, wanted] = [centreOf(from), centreOf(to)];
  const seconds = (from.padding === "same" ? frames : frames - 1) * hop;
  const whole = Math.max(1, Math.round((seconds * to.sampleRate) / to.hopLength));
  const count = to.padding === "same" ? whole : whole + 1;
  const result = new Float32Array(count * bands);
  for (let frame = 0; frame < count; frame++) {
    const place = (wanted + (frame * to.hopLength) / to.sampleRate - own) / hop;
    const inside = Math.min(frames - 1, Math.max(0, place));
    const below = Math.min(Math.floor(inside), Math.max(0, frames - 2));
    const share = inside - below;
    for (let band = 0; band < bands; band++) {
      const low = natural[below * bands + band];
      const high = natural[Math.min(below + 1, frames - 1) * bands + band];
      result[frame * bands + band] = low + share * (high - low);
    }
  }
  return result;
}

/** The time in seconds of the first frame's centre. */
function centreOf({ padding, hopLength, sampleRate }: MelFormat): number {
  return padding === "center" ? 0 : hopLength / 2 / sampleRate;
}

/** Mean |ln| between two mels of a format, in frames that both have and values that are above both floors. */
function lossOf(given: Mel, back: Mel): number {
  const { bands, floor } = given.format;
  const [first, second] = [naturalLog(given), naturalLog(back)];
  const silence = Math.log(floor) + 0.01;
  const count = Math.min(given.frames, back.frames) * bands;
  let [sum, all] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (first[i] <= silence || second[i] <= silence) continue;
    sum += Math.abs(first[i] - second[i]);
    all++;
  }
  return all === 0 ? 0 : sum / all;
}

/** Bands to magnitudes of the bins of the format's own transform. */
class BankInverse {
  readonly format: MelFormat;
  readonly #bank: FlatBank;
  readonly #sums: Float64Array;
  readonly #wanted: Float64Array;
  readonly #numerator: Float64Array;
  readonly #denominator: Float64Array;
  readonly #bins: Float64Array;

  constructor(format: MelFormat) {
    const [count, { bands }] = [format.fftSize / 2 + 1, format];
    this.format = format;
    this.#bank = flatBank(format);
    this.#sums = weightSums(format);
    this.#wanted = new Float64Array(bands);
    this.#numerator = new Float64Array(count);
    this.#denominator = new Float64Array(count);
    this.#bins = new Float64Array(count);
  }

  /**
   * Non-negative x with Bx near a frame's bands, each counted by its own size: Σ((Bx)_b/y_b − 1)² falls with each update.
   *
   * @param row ln of the bands [bands]
   * @returns magnitudes of the bins, 0 where no band hears [fftSize/2+1]; overwritten by the next call
   */
  magnitudes(row: Float32Array): Float64Array {
    const { power = 1, logOffset = 0, floor } = this.format;
    const bins = this.#bins;
    for (let band = 0; band < row.length; band++)
      this.#wanted[band] = Math.max(Math.exp(row[band]) - logOffset, floor * LEAST);
    this.#begin();
    for (let update = 0; update < UPDATES; update++) this.#update();
    if (power === 2) for (let bin = 0; bin < bins.length; bin++) bins[bin] = Math.sqrt(bins[bin]);
    return bins;
  }

  #update(): void {
    const { ends, firstBins, weights } = this.#bank;
    const [bins, wanted, numerator, denominator] = [
      this.#bins,
      this.#wanted,
      this.#numerator,
      this.#denominator,
    ];
    numerator.fill(0);
    denominator.fill(0);
    for (let band = 0, from = 0; band < ends.length; from = ends[band++]) {
      let sum = 0;
      for (let i = from, bin = firstBins[band]; i < ends[band]; i++, bin++) sum += weights[i] * bins[bin];
      const [inverse, ratio] = [1 / wanted[band], sum / wanted[band]];
      for (let i = from, bin = firstBins[band]; i < ends[band]; i++, bin++) {
        const weight = weights[i] * inverse;
        numerator[bin] += weight;
        denominator[bin] += weight * ratio;
      }
    }
    for (let bin = 0; bin < bins.length; bin++)
      if (denominator[bin] > 0) bins[bin] *= numerator[bin] / denominator[bin];
  }

  /** Where the updates begin: in each bin the geometric mean of its bands' levels, by their weights. */
  #begin(): void {
    const { ends, firstBins, weights } = this.#bank;
    const [levels, heard, sums] = [this.#denominator, this.#numerator, this.#sums];
    levels.fill(0);
    heard.fill(0);
    for (let band = 0, from = 0; band < ends.length; from = ends[band++]) {
      const level = Math.log(this.#wanted[band] / sums[band]);
      for (let i = from, bin = firstBins[band]; i < ends[band]; i++, bin++) {
        levels[bin] += (weights[i] / sums[band]) * level;
        heard[bin] += weights[i] / sums[band];
      }
    }
    for (let bin = 0; bin < heard.length; bin++)
      this.#bins[bin] = heard[bin] > 0 ? Math.exp(levels[bin] / heard[bin]) : 0;
  }
}

/** A filter bank's weights one after the other: those of band b end at ends[b], and begin in the bin firstBins[b]. */
interface FlatBank {
  readonly ends: Int32Array;
  readonly firstBins: Int32Array;
  readonly weights: Float64Array;
}

function flatBank(format: MelFormat): FlatBank {
  const rows = melBandRows(format);
  let end = 0;
  return {
    ends: Int32Array.from(rows, (row) => (end += row.weights.length)),
    firstBins: Int32Array.from(rows, ({ firstBin }) => firstBin),
    weights: Float64Array.from(rows.flatMap((row) => [...row.weights])),
  };
}

/** Magnitudes of one format's bins to another format's bands. */
class BankFrom {
  readonly #format: MelFormat;
  readonly #bank: FlatBank;
  /** Of the other's bins among the one's, as fractions. */
  readonly #step: number;
  readonly #gain: number;
  readonly #bins: Float64Array;

  constructor(from: MelFormat, to: MelFormat) {
    const powers = (to.power ?? 1) - (from.power ?? 1);
    this.#format = to;
    this.#bank = flatBank(to);
    this.#step = (to.sampleRate * from.fftSize) / (to.fftSize * from.sampleRate);
    this.#gain =
      (to.sampleRate / from.sampleRate) * Math.sqrt(windowOf(to) / windowOf(from)) * RAYLEIGH ** -powers;
    this.#bins = new Float64Array(to.fftSize / 2 + 1);
  }

  /** Fills ln of the bands. */
  fill(magnitudes: Float64Array, target: Float32Array): void {
    const { power = 1, logOffset = 0, floor, magnitudeEpsilon } = this.#format;
    const bins = this.#bins;
    for (let bin = 0; bin < bins.length; bin++) {
      const energy = (this.#gain * between(magnitudes, bin * this.#step)) ** 2 + magnitudeEpsilon;
      bins[bin] = power === 2 ? energy : Math.sqrt(energy);
    }
    const { ends, firstBins, weights } = this.#bank;
    for (let band = 0, from = 0; band < ends.length; from = ends[band++]) {
      let sum = 0;
      for (let i = from, bin = firstBins[band]; i < ends[band]; i++, bin++) sum += weights[i] * bins[bin];
      target[band] = Math.log(Math.max(sum + logOffset, floor));
    }
  }
}

/** A value between two of a list's; 0 beyond its end. */
function between(values: Float64Array, place: number): number {
  const below = Math.floor(place);
  if (below >= values.length - 1) return place > values.length - 1 ? 0 : values[values.length - 1];
  return values[below] + (place - below) * (values[below + 1] - values[below]);
}

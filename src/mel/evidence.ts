// What sound leaves in a mel, whatever is said: how loud a waveform has to be for it at least, how its fine structure
// changes from low bands to high ones, and how energy falls with frequency. Speech, noise and music have been measured for
// the bounds below: docs/mels.md. Mels are ln magnitudes [frames, bands].
import type { MelScaleName } from "./encoding.js";
import { melBandRows } from "./bank.js";
import type { MelFormat } from "./format.js";
import { HANN_POWER } from "./frames.js";

/** Figures of a mel's sound. */
export interface MelEvidence {
  readonly frames: number;
  /** The RMS in dB of full scale that a waveform has at least, for its loudest frames to be those of the mel. */
  readonly level: number;
  /** The share of values whose neighbours are above the floor too: what the other figures are taken of. 0…1 */
  readonly occupied: number;
  /** Standard deviation of ln. */
  readonly deviation: number;
  /** Median of |difference| between neighbouring bands above the floor. */
  readonly roughness: number;
  /** Median of |second difference| along the bands above the floor: in the lowest quarter, in all, in the upper half. */
  readonly detail: { readonly low: number; readonly all: number; readonly high: number };
  /** Skewness of the same, turned so that valleys sharper than the hills give less than 0, as magnitudes have them. */
  readonly skewness: number;
  /** Mean of the lower half of the bands minus that of the upper half, in ln. */
  readonly tilt: number;
}

// the figures of an hour show in as many frames
const SAMPLED_FRAMES = 4000;
/** What lies this near to the floor is silence, without structure. */
const ABOVE_FLOOR = 0.01;

/**
 * The figures of a mel.
 *
 * @param values [frames, bands], at least a frame
 * @param toLn the ln magnitude of a stored value in a band; without it the values are that
 */
export function melEvidence(
  values: Float32Array,
  format: MelFormat,
  toLn: (value: number, band: number) => number = (value) => value,
): MelEvidence {
  const { bands } = format;
  const frames = values.length / bands;
  const energyOf = frameEnergy(format);
  const stride = Math.max(1, Math.floor(frames / SAMPLED_FRAMES));
  const floor = Math.log(format.floor) + ABOVE_FLOOR;
  const [low, high, all, steps]: number[][] = [[], [], [], []];
  const energies: number[] = [];
  const row = new Float64Array(bands);
  let [count, sum, squares, tilt] = [0, 0, 0, 0];
  let [bends, cubes] = [0, 0];
  for (let frame = 0; frame < frames; frame += stride) {
    for (let band = 0; band < bands; band++) {
      const value = toLn(values[frame * bands + band], band);
      row[band] = value;
      sum += value;
      squares += value * value;
      tilt += band < bands / 2 ? value : -value;
    }
    count++;
    energies.push(energyOf(row));
    for (let band = 1; band < bands; band++) {
      if (row[band] <= floor || row[band - 1] <= floor) continue;
      steps.push(Math.abs(row[band] - row[band - 1]));
      if (band < 2 || row[band - 2] <= floor) continue;
      const bend = 2 * row[band - 1] - row[band] - row[band - 2];
      bends += bend * bend;
      cubes += bend * bend * bend;
      const second = Math.abs(bend);
      all.push(second);
      if (band < bands / 4) low.push(second);
      if (band >= bands / 2 + 2) high.push(second);
    }
  }
  const mean = sum / (count * bands);
  return {
    frames,
    level: decibels(loudest(energies)),
    occupied: all.length / (count * bands),
    deviation: Math.sqrt(Math.max(0, squares / (count * bands) - mean * mean)),
    roughness: median(steps),
    detail: { low: median(low), all: median(all), high: median(high) },
    skewness: bends > 0 ? cubes / all.length / (bends / all.length) ** 1.5 : 0,
    tilt: (2 * tilt) / (count * bands),
  };
}

/**
 * A lower bound of a frame's energy, as a share of that of full scale (RMS 1). A band m = Σ w·|X| has at least the energy
 * m²/Σw² (Cauchy–Schwarz), and a bin lies in two bands at most.
 */
function frameEnergy(format: MelFormat): (row: Float64Array) => number {
  const fullScale = (format.fftSize / 2) * HANN_POWER * format.windowLength;
  const scales = melBandRows(format).map(({ weights }) => {
    const squares = weights.reduce((total, weight) => total + weight * weight, 0);
    return squares > 0 ? 0.5 / (squares * fullScale) : 0;
  });
  return (row) => {
    let energy = 0;
    for (let band = 0; band < row.length; band++) energy += scales[band] * Math.exp(2 * row[band]);
    return energy;
  };
}

/** The largest value but for one of a hundred: a single broken frame says nothing of the others. */
function loudest(energies: number[]): number {
  energies.sort((a, b) => b - a);
  return energies[Math.floor(energies.length / 100)];
}

function decibels(energy: number): number {
  return 10 * Math.log10(Math.max(energy, Number.MIN_VALUE));
}

function median(values: readonly number[]): number {
  return values.length === 0 ? 0 : Float64Array.from(values).sort()[values.length >> 1];
}

/** Whether no waveform within ±1 can have the mel. */
export function isBeyondFullScale({ level }: MelEvidence): boolean {
  return level > 0;
}

// fewer frames are one sound, which may be a hiss or a whistle
const TELLING_FRAMES = 24;

/**
 * Whether the bands run from high to low: the low bands are narrow, so that harmonics and noise are rough in them, and the
 * wide ones at the top are smooth. Of 93 recordings (loud, quiet, noisy, band-limited, smoothed, halves of a second) none
 * came near; pure tones leave nothing in most bands and are let pass.
 */
export function isUpsideDown({ frames, occupied, detail: { low, high }, tilt }: MelEvidence): boolean {
  if (frames < TELLING_FRAMES || occupied < 0.4 || low < 0.1 || high < 0.25 || high > 1.4) return false;
  const fall = Math.log(low / high);
  return fall < -0.35 && fall > -1.6 && tilt < 0.45;
}

/**
 * Whether the values are of power rather than of magnitudes, for which everything is twice as rough and wide; single
 * vowels and music are rough too, but not as wide.
 */
export function isOfPower(evidence: MelEvidence): boolean {
  const { frames, level, occupied, deviation, roughness, detail } = evidence;
  return (
    frames >= 2 * TELLING_FRAMES &&
    level > -25 &&
    occupied > 0.4 &&
    deviation > 2.55 &&
    roughness > 0.6 &&
    detail.all > 0.8 &&
    detail.low > 1.1 &&
    detail.high > 0.5 &&
    detail.low / detail.high > 1.28
  );
}

/** Below, what lies above the floor is too little to say anything. */
const LEAST_OCCUPIED = 0.05;

/**
 * A sentence on a mel that is as rough as power is, and not wide or loud enough to tell it from music: a quiet one, of which
 * the floor has cut off most. Speech of 35 voices in five formats, 0 to 40 dB below its usual level, has at most half of
 * these; a piano or a single vowel has them too, so that it is not refused.
 *
 * @param scale that the values are taken for
 */
export function powerRemark(evidence: MelEvidence, scale: MelScaleName): string | undefined {
  const { frames, occupied, roughness, detail } = evidence;
  const isRough = roughness > 0.6 && detail.all > 0.85 && detail.low > 1.25 && detail.high > 0.5;
  if (frames < 2 * TELLING_FRAMES || occupied < LEAST_OCCUPIED || !isRough) return undefined;
  return (
    `Its neighbouring bands bend by ${detail.all.toFixed(2)} (ln), and those of recorded speech by 0.4 to 0.7: if it is of ` +
    `speech, its values may be logarithms of power, in a quiet recording. If so, say --mel-format ${scale},power.`
  );
}

/**
 * Whether the mel is of noise, whose fine structure is the same at any level: it shows the scale better than anything else.
 */
export function isOfNoise({ deviation, detail }: MelEvidence): boolean {
  const isNear = (value: number, expected: number): boolean => Math.abs(Math.log(value / expected)) < 0.15;
  return deviation < 1 && isNear(detail.all, 0.375) && isNear(detail.high, 0.295);
}

/**
 * How smooth a recording's mel is at most, as a median of |second difference| along the bands. Speech has 0.39 or more
 * (93 recordings of 25 voices in four formats, also quiet, noisy and band-limited) and noise 0.36 or more; smoothed over
 * 0.7 bands and 1 frame, speech has 0.14 to 0.31.
 */
const SMOOTHEST_SPEECH = 0.355;
// where the low bands are this rough, harmonics are there: a deep voice's upper bands may be as smooth
const SHARP_LOW_BANDS = 0.62;
// half a second; in less there may be a single sound
const SMOOTH_FRAMES = 40;
// below, there is not much but rounding
const AUDIBLE = -70;

/** How many frames of a mel that states its format are looked at, from its start. */
export const JUDGED_FRAMES = 1024;

/** A sentence on a mel that is smoother than a recording's, and what helps; undefined for others. */
export function smoothnessRemark({ frames, level, detail }: MelEvidence): string | undefined {
  if (frames < SMOOTH_FRAMES || level < AUDIBLE || detail.all === 0) return undefined;
  if (detail.all >= SMOOTHEST_SPEECH || detail.low >= SHARP_LOW_BANDS) return undefined;
  return (
    `It is smoother than the mel of a recording: neighbouring bands bend by ${detail.all.toFixed(2)} (ln), in recorded ` +
    "speech by 0.4 or more. Mels of acoustic models are so, and their voice may sound breathy or whispered. A voice " +
    "trained on such mels helps (vocode train --mels), and so does the acoustic model's post-net."
  );
}

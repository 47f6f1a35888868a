// From a recording to what is trained on: scaled to one peak, 16-bit samples and their natural-log mel, whole frames
// only. Frame i belongs to samples hop·i … hop·(i+1) and is centred among them; for formats of padding "center", whose
// frame i is centred on sample hop·i, the samples therefore begin half a hop before the recording.
import { createHash } from "node:crypto";
import { readMel } from "../../host/node/mel-files.js";
import type { ReadMelOptions } from "../../mel/file.js";
import type { Mel, MelFormat } from "../../mel/format.js";
import { computeMel } from "../../mel/analysis.js";
import { readInspected } from "../../host/node/recordings.js";
import { FileError, InputError } from "../../errors.js";
import type { PartWriter } from "./cache-part.js";
import { SILENT_PEAK, unusableReason } from "./sources.js";
import { resample } from "../../audio/resample.js";

// Recordings at another speed: resampled, so that pitch and formants move with it. Copies at several speeds of hours of
// speech are the most of a corpus's preparation, so they have a filter of their own: a windowed sinc, tabulated for the
// exact fraction that the speed is (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, section 3.3).

/** Zero crossings of the sinc to each side. */
const HALF_WIDTH = 32;
/** Kaiser window: 80 dB down outside the band. */
const BETA = 7.86;
/** The pass band's edge (−6 dB), as a share of the lower rate's band: the stop band begins at that band's end. */
const CUTOFF = 0.92;
/** Speeds and rates of more digits have no table of sensible size. */
const MOST_PHASES = 2000;

/**
 * A signal at a sample rate and a speed.
 *
 * @param samples [n]
 * @param from their sample rate, Hz
 * @param to the wanted sample rate, Hz
 * @param speed 1.25 makes it a fifth shorter
 * @returns [round(n·to/(from·speed))]
 * @throws ResamplingError
 */
export async function atSpeed(
  samples: Float32Array,
  from: number,
  to: number,
  speed: number,
): Promise<Float32Array> {
  const fraction = speed === 1 ? undefined : fractionOf(to, from, speed);
  // the recording itself is worth the better filter
  if (fraction === undefined) return resample(samples, from, to / speed);
  return resampleBy(samples, fraction, filterFor(fraction));
}

/** Output samples over input samples, in lowest terms. */
interface Fraction {
  readonly up: number;
  readonly down: number;
}

/** to/(from·speed) for a speed of up to three decimals; undefined where the terms are too large. */
function fractionOf(to: number, from: number, speed: number): Fraction | undefined {
  const thousandths = Math.round(1000 * speed);
  if (Math.abs(thousandths - 1000 * speed) > 1e-6) return undefined;
  const [up, down] = [to * 1000, from * thousandths];
  const divisor = greatestDivisor(up, down);
  const fraction = { up: up / divisor, down: down / divisor };
  return fraction.up <= MOST_PHASES ? fraction : undefined;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Weights of the input samples around an output sample. */
interface Filter {
  readonly taps: number;
  /** [phases, taps]: of the output samples at i·down ≡ phase (mod up). */
  readonly weights: Float32Array;
}

const filters = new Map<string, Filter>();

function filterFor(fraction: Fraction): Filter {
  const key = `${fraction.up}/${fraction.down}`;
  const filter = filters.get(key) ?? createFilter(fraction);
  filters.set(key, filter);
  return filter;
}

function createFilter({ up, down }: Fraction): Filter {
  // in input samples: longer where the output has the lower rate
  const scale = Math.min(1, up / down) * CUTOFF;
  const half = Math.ceil(HALF_WIDTH / scale);
  const taps = 2 * half;
  const weights = new Float32Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    const row = weights.subarray(phase * taps, (phase + 1) * taps);
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - (half - 1) - phase / up;
      row[tap] = sinc(distance * scale) * kaiser(distance / half);
    }
    // a constant stays what it is at every phase
    const total = row.reduce((sum, weight) => sum + weight, 0);
    for (let tap = 0; tap < taps; tap++) row[tap] /= total;
  }
  return { taps, weights };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** @param x −1…1 */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** I₀, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function resampleBy(samples: Float32Array, { up, down }: Fraction, { taps, weights }: Filter): Float32Array {
  const half = taps / 2;
  const padded = new Float32Array(samples.length + 2 * taps);
  padded.set(samples, half - 1);
  const output = new Float32Array(Math.round((samples.length * up) / down));
  // output sample i lies at input time i·down/up
  for (let i = 0, whole = 0, phase = 0; i < output.length; i++) {
    const row = phase * taps;
    let [even, odd] = [0, 0];
    for (let tap = 0; tap < taps; tap += 2) {
      even += weights[row + tap] * padded[whole + tap];
      odd += weights[row + tap + 1] * padded[whole + tap + 1];
    }
    output[i] = even + odd;
    phase += down;
    whole += Math.floor(phase / up);
    phase %= up;
  }
  return output;
}

/** The peak that every recording is scaled to. */
const PEAK = 0.95;
/** A 16-bit sample of it is 1. */
export const FULL_SCALE = 32768;
/** Frames by which a mel file may differ from its recording: analyses pad differently. */
const FRAMES_ASTRAY = 2;

/** A recording to be prepared. */
export interface PreparationJob {
  readonly name: string;
  readonly path: string;
  readonly speeds: readonly number[];
  /** The mel file that goes with it; its speeds are then [1]. */
  readonly mel?: { readonly name: string; readonly path: string };
}

/** What all recordings are prepared for. */
export interface PreparationSettings {
  readonly format: MelFormat;
  readonly minimumFrames: number;
  /** How mel files are read that do not say what they are. */
  readonly melReading?: MelReading;
}

/** What can be said of mel files, as when they are synthesised. */
export type MelReading = Omit<ReadMelOptions, "expected">;

/** A copy of a recording in the cache; one that would be too short has no frames. */
export interface Copy {
  readonly speed: number;
  readonly frames: number;
  /** The part that holds it, and its first frame there. */
  readonly part: string;
  readonly at: number;
}

/** The copies of a recording, or why there are none. */
export type Prepared =
  | {
      readonly copies: readonly Copy[];
      /** A digest of the samples at speed 1: the same for the same audio in another file format or at another level. */
      readonly sound: string;
    }
  /** `passing` where it may not hold next time, though the file stays the same. */
  | { readonly problem: string; readonly passing: boolean };

/**
 * Prepares a recording at each of its speeds.
 *
 * @param writer takes the copies
 * @param part its name
 * @throws FileError where the cache cannot be written
 */
export async function prepareRecording(
  job: PreparationJob,
  { format, minimumFrames, melReading = {} }: PreparationSettings,
  writer: PartWriter,
  part: string,
): Promise<Prepared> {
  const source = await readSource(job, format, minimumFrames, melReading);
  if ("problem" in source) return source;
  const { samples, sampleRate, mel } = source;
  // at speed 1 whether wanted or not: its peak gives the gain
  const natural = await atSpeed(samples, sampleRate, format.sampleRate, 1);
  const peak = peakOf(natural);
  // what lay above the new rate's band may have been all there was
  if (peak < SILENT_PEAK)
    return { problem: `It is silent below ${format.sampleRate / 2} Hz.`, passing: false };
  const gain = PEAK / peak;
  const copies: Copy[] = [];
  for (const speed of job.speeds) {
    const heard = speed === 1 ? natural : await atSpeed(samples, sampleRate, format.sampleRate, speed);
    copies.push({ speed, part, ...writeCopy(quantise(heard, gain)) });
  }
  return { copies, sound: digestOf(quantise(natural, gain)) };

  function writeCopy(quantised: Int16Array): { frames: number; at: number } {
    // before the mel is computed, which takes most of the time
    if (quantised.length < minimumFrames * format.hopLength) return { frames: 0, at: 0 };
    const made = makeCopy(quantised, format, mel && { ...mel, values: withGain(mel, gain) });
    const frames = made.mel.length / format.bands;
    return frames < minimumFrames
      ? { frames: 0, at: 0 }
      : { frames, at: writer.append(made.samples, made.mel) };
  }
}

function digestOf({ buffer, byteOffset, byteLength }: Int16Array): string {
  return createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex")
    .slice(0, 32);
}

interface UsableSource {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly mel?: Mel & { readonly leadingSamples: number };
}

async function readSource(
  job: PreparationJob,
  format: MelFormat,
  minimumFrames: number,
  melReading: MelReading,
): Promise<UsableSource | Exclude<Prepared, { copies: unknown }>> {
  try {
    const { recording, inspection } = await readInspected(job.path);
    const reason = unusableReason(inspection, format, minimumFrames);
    if (reason !== undefined) return { problem: reason, passing: false };
    const { samples, sampleRate } = recording;
    if (job.mel === undefined) return { samples, sampleRate };
    const expected = naturalLog(format);
    const read = await readMel(job.mel.path, { ...melReading, expected });
    const { mel } = read;
    const seconds = samples.length / sampleRate;
    const frames = Math.floor((seconds * format.sampleRate) / format.hopLength);
    if (Math.abs(frames - mel.frames) > FRAMES_ASTRAY)
      return {
        problem: `Its mel '${job.mel.name}' has ${mel.frames} frames, and ${seconds.toFixed(2)} s make ${frames}.`,
        passing: false,
      };
    const isStated = read.source.format !== undefined || melReading.assume?.format !== undefined;
    const leadingSamples = isStated
      ? read.leadingSamples
      : centredLead(await resample(samples, sampleRate, format.sampleRate), mel);
    return { samples, sampleRate, mel: { ...mel, leadingSamples } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // the cache names no folder outside the corpus
    const message = error.message.replaceAll(job.path, job.name);
    const problem = job.mel === undefined ? message : message.replaceAll(job.mel.path, job.mel.name);
    return { problem, passing: error instanceof FileError };
  }
}

/** A centred mel is nearer to the recording's own centred one than to the other by this factor. */
const CLEARLY_NEARER = 0.8;

/**
 * Where frames that say nothing of themselves lie: half a hop where they resemble the recording's frames that are centred
 * on multiples of the hop more than the format's own, half a hop later; else 0.
 *
 * @param samples at the format's rate
 * @param mel natural logarithms, in a format of padding "same"
 */
function centredLead(samples: Float32Array, mel: Mel): number {
  const { format } = mel;
  if (format.padding !== "same") return 0;
  const distanceAs = (padding: MelFormat["padding"]): number => {
    const own = computeMel(samples, { ...format, padding });
    const count = Math.min(own.values.length, mel.values.length);
    // one level may lie between them, and the floor says nothing of time
    let [offset, sum] = [0, 0];
    for (let i = 0; i < count; i++) offset += (mel.values[i] - own.values[i]) / count;
    for (let i = 0; i < count; i++) sum += Math.abs(mel.values[i] - own.values[i] - offset);
    return sum / count;
  };
  return distanceAs("center") < CLEARLY_NEARER * distanceAs("same") ? Math.floor(format.hopLength / 2) : 0;
}

/** The format whose values are natural logarithms. */
function naturalLog(format: MelFormat): MelFormat {
  return format.log === "ln" ? format : { ...format, log: "ln" };
}

/**
 * Samples and mel of the same whole frames.
 *
 * @param samples 16-bit, [n]
 * @param given the mel, where it is not to be computed
 */
function makeCopy(
  samples: Int16Array,
  format: MelFormat,
  given?: Mel & { readonly leadingSamples: number },
): { samples: Int16Array; mel: Float32Array } {
  const { hopLength, bands } = format;
  const mel = given ?? computeMel(dequantise(samples), naturalLog(format));
  const before = format.padding === "center" ? Math.floor(hopLength / 2) : (given?.leadingSamples ?? 0);
  const frames = Math.min(mel.frames, Math.floor((before + samples.length) / hopLength));
  const placed = new Int16Array(frames * hopLength);
  placed.set(samples.subarray(0, Math.max(0, placed.length - before)), before);
  return { samples: placed, mel: mel.values.subarray(0, frames * bands) };
}

/** A given mel's values after the gain of its recording; what was floored stays so. */
function withGain({ values, format }: Mel, gain: number): Float32Array {
  const floor = Math.fround(Math.log(format.floor));
  const change = Math.log(gain);
  return values.map((value) => (value <= floor ? floor : Math.max(value + change, floor)));
}

function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

function quantise(samples: Float32Array, gain: number): Int16Array {
  const quantised = new Int16Array(samples.length);
  for (let n = 0; n < samples.length; n++) {
    const value = Math.round(samples[n] * gain * FULL_SCALE);
    // resampling may overshoot
    quantised[n] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, value));
  }
  return quantised;
}

function dequantise(samples: Int16Array): Float32Array {
  const values = new Float32Array(samples.length);
  for (let n = 0; n < samples.length; n++) values[n] = samples[n] / FULL_SCALE;
  return values;
}

// All metrics of one clip: a synthesis against the recording that it was made from.
import { trackPitch } from "../../audio/pitch.js";
import { resample } from "../../audio/resample.js";
import { InputError } from "../../errors.js";
import { HARMONICITY_RATE, harmonicityDifference } from "./harmonicity.js";
import { extendedIntelligibility, INTELLIGIBILITY_RATE } from "./intelligibility.js";
import {
  fineMelFormat,
  LogMel,
  LogMelError,
  logMelErrorFormat,
  LogSpectralError,
  MelCepstralDistance,
  STFT_SIZES,
  StftDistance,
} from "./spectral-distances.js";
import { Transforms, visitSpectrumPairs } from "./spectra.js";

// The metrics by name: how to read each. docs/evaluation.md has the definitions and their sources in full.

/** How a metric is to be read. */
interface MetricDefinition {
  /** A heading for people. */
  readonly title: string;
  /** The unit that the values have; empty for none. */
  readonly unit: "" | "ln" | "ln²" | "dB" | "cents" | "share";
  /** Which values are better: small ones, large ones, or those near 0. */
  readonly better: "lower" | "higher" | "zero";
  /** What two equal signals give. */
  readonly perfect: number;
  /** Decimals that say something. */
  readonly decimals: number;
}

/** The metrics in the order of tables. */
export const metricDefinitions = {
  mel: { title: "log-mel error", unit: "ln", better: "lower", perfect: 0, decimals: 3 },
  mstft: { title: "STFT distance", unit: "", better: "lower", perfect: 0, decimals: 3 },
  lsMse: { title: "LS-MSE", unit: "ln²", better: "lower", perfect: 0, decimals: 3 },
  mcd: { title: "mel-cepstral distance", unit: "dB", better: "lower", perfect: 0, decimals: 2 },
  f0: { title: "F0 error", unit: "cents", better: "lower", perfect: 0, decimals: 1 },
  vuv: { title: "voicing error", unit: "share", better: "lower", perfect: 0, decimals: 3 },
  ffe: { title: "F0 frame error", unit: "share", better: "lower", perfect: 0, decimals: 3 },
  hnr1: { title: "harmonicity 60–1000 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  hnr2: { title: "harmonicity 1000–2500 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  hnr3: { title: "harmonicity 2500–5000 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  peak2: { title: "pulse shape 1000–2500 Hz", unit: "", better: "zero", perfect: 0, decimals: 2 },
  peak3: { title: "pulse shape 2500–5000 Hz", unit: "", better: "zero", perfect: 0, decimals: 2 },
  estoi: { title: "ESTOI", unit: "", better: "higher", perfect: 1, decimals: 3 },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** A metric's short name, as tables and JSON have it. */
export type MetricName = keyof typeof metricDefinitions;

/** The short names in the order of tables. */
export const metricNames = Object.keys(metricDefinitions) as readonly MetricName[];

// How far the pitch of a synthesis is off: the F0 error in cents over frames that both signals voice, the share of frames
// that only one of them voices, and the F0 frame error (Chu & Alwan 2009), the share of frames with either a voicing
// error or an F0 more than 20 % off. F0 by autocorrelation and a Viterbi path (Boersma 1993). 0 is perfect in each.

/** A larger share of the reference's F0 is a gross error. */
const GROSS_ERROR = 0.2;

/** Errors of the pitch; NaN where there are no frames to judge. */
interface PitchError {
  /** Mean |1200·log₂(F0/F0 of the reference)| over frames that are voiced in both. */
  readonly cents: number;
  /** Share of all frames that are voiced in one of the two only. */
  readonly voicing: number;
  /** Share of all frames with a voicing error or a gross error. */
  readonly frame: number;
}

/** Compares two courses of F0 in Hz, 0 without voice. [frames] each */
export function pitchError(reference: Float32Array, synthesis: Float32Array): PitchError {
  let [both, cents, voicing, gross] = [0, 0, 0, 0];
  for (let frame = 0; frame < reference.length; frame++) {
    const [p, q] = [reference[frame], synthesis[frame]];
    if (p > 0 !== q > 0) voicing++;
    if (p <= 0 || q <= 0) continue;
    both++;
    cents += Math.abs(1200 * Math.log2(q / p));
    if (Math.abs(q / p - 1) > GROSS_ERROR) gross++;
  }
  return {
    cents: cents / both,
    voicing: voicing / reference.length,
    frame: (voicing + gross) / reference.length,
  };
}

/** A clip's value of each metric; NaN where a metric says nothing about it, as of F0 in a clip without voice. */
export type ClipMetrics = Readonly<Record<MetricName, number>>;

/** What can be left out to save time. */
interface MeasureOptions {
  /** Metrics that are wanted; default all. The others are NaN, and what only they need is not computed. */
  readonly only?: readonly MetricName[];
}

/** A clip holds no samples, so that nothing can be measured. */
export class EmptyClipError extends InputError {
  constructor(readonly which: "recording" | "synthesis") {
    super(`The ${which} holds no samples: there is nothing to measure.`);
  }
}

/** Hz; what all metrics but ESTOI are computed at. */
export const MEASURE_RATE = HARMONICITY_RATE;
/** Samples between frames of F0. */
const PITCH_HOP = 256;

let shared: Promise<Transforms> | undefined;

/**
 * Measures a synthesis against its recording. All metrics are computed at 22,050 Hz, ESTOI at 10 kHz; other rates are
 * resampled. The longer signal is cut to the shorter one's length; neither level nor time is aligned.
 *
 * @param reference the recording, [n] in −1…1
 * @param synthesis [m]
 * @param sampleRate of both, Hz
 * @throws EmptyClipError, ResamplingError
 */
export async function measureClip(
  reference: Float32Array,
  synthesis: Float32Array,
  sampleRate: number,
  { only }: MeasureOptions = {},
): Promise<ClipMetrics> {
  if (reference.length === 0) throw new EmptyClipError("recording");
  if (synthesis.length === 0) throw new EmptyClipError("synthesis");
  shared ??= Transforms.create();
  const transforms = await shared;
  const length = Math.min(reference.length, synthesis.length);
  const pair = [reference.subarray(0, length), synthesis.subarray(0, length)] as const;
  const at = async (rate: number): Promise<readonly [Float32Array, Float32Array]> => [
    await resample(pair[0], sampleRate, rate),
    await resample(pair[1], sampleRate, rate),
  ];
  const wanted = (...names: readonly MetricName[]): boolean =>
    only === undefined || names.some((name) => only.includes(name));
  // nothing below awaits while a transform is in use, so clips that are measured at the same time do not meet
  const [p, q] = await at(MEASURE_RATE);
  const slow = wanted("estoi") ? await at(INTELLIGIBILITY_RATE) : undefined;
  const spectra = wanted("mel", "mstft") ? spectralMetrics(p, q, transforms) : {};
  const cepstra = wanted("lsMse", "mcd") ? cepstralMetrics(p, q, transforms) : {};
  const harmonics = wanted("hnr1", "hnr2", "hnr3", "peak2", "peak3") ? harmonicMetrics(p, q, transforms) : {};
  const pitch = wanted("f0", "vuv", "ffe") ? pitchMetrics(p, q, transforms) : {};
  const estoi = slow === undefined ? {} : { estoi: extendedIntelligibility(...slow, transforms.of(512)) };
  return { ...nothing, ...spectra, ...cepstra, ...harmonics, ...pitch, ...estoi };
}

const nothing: ClipMetrics = {
  mel: NaN,
  mstft: NaN,
  lsMse: NaN,
  mcd: NaN,
  f0: NaN,
  vuv: NaN,
  ffe: NaN,
  hnr1: NaN,
  hnr2: NaN,
  hnr3: NaN,
  peak2: NaN,
  peak3: NaN,
  estoi: NaN,
};

type Part = Partial<ClipMetrics>;

/** The log-mel error comes from the 1024/256 spectra that the STFT distance takes as well. */
function spectralMetrics(p: Float32Array, q: Float32Array, transforms: Transforms): Part {
  const melError = new LogMelError();
  const logMel = new LogMel(logMelErrorFormat);
  const mels = [
    new Float64Array(logMelErrorFormat.bands),
    new Float64Array(logMelErrorFormat.bands),
  ] as const;
  let mstft = 0;
  for (const size of STFT_SIZES) {
    const distance = new StftDistance();
    const analysis = { windowLength: size, hopLength: size / 4 };
    visitSpectrumPairs(p, q, analysis, transforms.of(size), (reference, synthesis) => {
      distance.add(reference, synthesis);
      if (size !== logMelErrorFormat.fftSize) return;
      logMel.take(reference, mels[0]);
      logMel.take(synthesis, mels[1]);
      melError.add(...mels);
    });
    mstft += distance.value / STFT_SIZES.length;
  }
  return { mel: melError.value, mstft };
}

function cepstralMetrics(p: Float32Array, q: Float32Array, transforms: Transforms): Part {
  const { bands } = fineMelFormat;
  const logMel = new LogMel(fineMelFormat);
  const mels = [new Float64Array(bands), new Float64Array(bands)] as const;
  const logSpectral = new LogSpectralError();
  const cepstral = new MelCepstralDistance(bands);
  visitSpectrumPairs(p, q, fineMelFormat, transforms.of(2048), (reference, synthesis) => {
    logMel.take(reference, mels[0]);
    logMel.take(synthesis, mels[1]);
    logSpectral.add(...mels);
    cepstral.add(...mels);
  });
  return { lsMse: logSpectral.value, mcd: cepstral.value };
}

function harmonicMetrics(p: Float32Array, q: Float32Array, transforms: Transforms): Part {
  const { hnr, peak } = harmonicityDifference(p, q, transforms.of(2048));
  return { hnr1: hnr[0], hnr2: hnr[1], hnr3: hnr[2], peak2: peak[0], peak3: peak[1] };
}

function pitchMetrics(p: Float32Array, q: Float32Array, transforms: Transforms): Part {
  const [reference, synthesis] = [p, q].map((samples) =>
    trackPitch(samples, MEASURE_RATE, PITCH_HOP, transforms.of(2048)),
  );
  const { cents, voicing, frame } = pitchError(reference, synthesis);
  return { f0: cents, vuv: voicing, ffe: frame };
}

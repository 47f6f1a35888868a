// All metrics of one clip: a synthesis against the recording that it was made from.
import { trackPitch } from "../../audio/pitch/pitch.js";
import { resample } from "../../audio/recording/resample.js";
import { InputError } from "../../errors.js";
import { HARMONICITY_RATE, harmonicityDifference } from "./harmonicity.js";
import { extendedIntelligibility, INTELLIGIBILITY_RATE } from "./intelligibility.js";
import { LogMel } from "./log-mel.js";
import { LogMelError, logMelErrorFormat } from "./log-mel-error.js";
import { fineMelFormat, LogSpectralError } from "./log-spectral-error.js";
import { MelCepstralDistance } from "./mel-cepstral-distance.js";
import type { MetricName } from "./metric-definitions.js";
import { pitchError } from "./pitch-error.js";
import { visitSpectrumPairs } from "./spectrum-pairs.js";
import { STFT_SIZES, StftDistance } from "./stft-distance.js";
import { Transforms } from "./transforms.js";

/** A clip's value of each metric; NaN where a metric says nothing about it, as of F0 in a clip without voice. */
export type ClipMetrics = Readonly<Record<MetricName, number>>;

/** What can be left out to save time. */
export interface MeasureOptions {
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

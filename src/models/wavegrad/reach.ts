// How far an input of a WaveGrad reaches into its output: which samples of the noisy waveform, and which frames of the
// mel, an output sample depends on, followed from the output back through every block as first and last index at that
// place's rate.
import type { Reach } from "../reach.js";
import { downsamplingFactors, TAPS, WAVE_TAPS, waveGradHop, type WaveGradConfig } from "./shape.js";

/** How far inputs reach, to earlier outputs and to later ones; inputs at some places of a hop reach less far. */
export interface WaveGradReach {
  /** A sample of z, in samples. */
  readonly samples: Reach;
  /** The samples of z in a mel frame, in mel frames. */
  readonly waveFrames: Reach;
  /** A frame of the mel, in mel frames. */
  readonly melFrames: Reach;
}

/** Indices first … last. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

const HALF = (TAPS - 1) / 2;
const WAVE_HALF = (WAVE_TAPS - 1) / 2;

/** Reach of a WaveGrad through both of its inputs. */
export function waveGradReach(config: WaveGradConfig): WaveGradReach {
  const hop = waveGradHop(config);
  const places = Array.from({ length: hop }, (_, sample) => ({ sample, ...seenFrom(config, sample) }));
  const mel = places.map((place) => place.mel).reduce(union);
  const waveFrames = places.map(({ wave }) => divided(wave, hop)).reduce(union);
  // an output that depends on an earlier input is one that the input reaches later
  return {
    samples: {
      before: Math.max(...places.map(({ sample, wave }) => wave.last - sample)),
      after: Math.max(...places.map(({ sample, wave }) => sample - wave.first)),
    },
    waveFrames: { before: waveFrames.last, after: -waveFrames.first },
    melFrames: { before: mel.last, after: -mel.first },
  };
}

/** What a sample of frame 0 depends on, were there no ends. */
function seenFrom(config: WaveGradConfig, sample: number): { wave: Interval; mel: Interval } {
  const factors = downsamplingFactors(config);
  let mel = widened({ first: sample, last: sample }, HALF);
  let wave: Interval | undefined;
  // blocks from the waveform's rate down to the mel's; the waveform joins each at its rate
  [...config.upsampling].reverse().forEach(({ factor, dilations }, depth) => {
    const [toInput, ...toModulation] = dilations;
    const modulation = widened(mel, HALF * sum(toModulation));
    mel = divided(widened(modulation, HALF * toInput), factor);
    const read = widened(modulation, 2 * HALF);
    const fromWave = factors
      .slice(0, depth)
      .reduceRight((interval, stride) => seenByDownsampling(config, interval, stride), read);
    wave = wave ? union(wave, fromWave) : fromWave;
  });
  return { wave: widened(wave!, WAVE_HALF), mel: widened(mel, HALF) };
}

/** What a downsampling block reads for its results; see stridedConvolution. */
function seenByDownsampling(config: WaveGradConfig, results: Interval, stride: number): Interval {
  const [, ...dilations] = config.downsamplingDilations;
  const { first, last } = widened(results, HALF * sum(dilations));
  const centre = Math.floor(stride / 2);
  return widened({ first: first * stride + centre, last: last * stride + centre }, HALF);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function widened({ first, last }: Interval, margin: number): Interval {
  return { first: first - margin, last: last + margin };
}

function divided({ first, last }: Interval, factor: number): Interval {
  return { first: Math.floor(first / factor), last: Math.floor(last / factor) };
}

function union(one: Interval, other: Interval): Interval {
  return { first: Math.min(one.first, other.first), last: Math.max(one.last, other.last) };
}

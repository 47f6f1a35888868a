// What a WaveGrad costs, from its shape alone: how much it computes, and how far its output sees: which samples of the noisy waveform, and which frames of the
// mel, an output sample depends on, followed from the output back through every block as first and last index at that
// place's rate.
import type { Reach } from "../../mel/frames.js";
import {
  downsamplingFactors,
  TAPS,
  WAVE_TAPS,
  type WaveGradConfig,
  waveGradHop,
  waveGradWeights,
} from "./shape.js";

/** What the output at a sample, or in a frame, sees of both inputs; at some places of a hop it sees less. */
export interface WaveGradReach {
  /** Of z, in samples. */
  readonly samples: { readonly before: number; readonly after: number };
  /** Of z, in mel frames. */
  readonly waveFrames: Reach;
  /** Of the mel. */
  readonly melFrames: Reach;
}

/** Indices first … last. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

const HALF = (TAPS - 1) / 2;
const WAVE_HALF = (WAVE_TAPS - 1) / 2;

/** What a WaveGrad sees of both of its inputs. */
export function waveGradReach(config: WaveGradConfig): WaveGradReach {
  const hop = waveGradHop(config);
  const places = Array.from({ length: hop }, (_, sample) => ({ sample, ...seenFrom(config, sample) }));
  const mel = places.map((place) => place.mel).reduce(union);
  const waveFrames = places.map(({ wave }) => divided(wave, hop)).reduce(union);
  return {
    samples: {
      before: Math.max(...places.map(({ sample, wave }) => sample - wave.first)),
      after: Math.max(...places.map(({ sample, wave }) => wave.last - sample)),
    },
    waveFrames: { framesBefore: -waveFrames.first, framesAfter: waveFrames.last },
    melFrames: { framesBefore: -mel.first, framesAfter: mel.last },
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

/** Multiply-adds of a call, for each mel frame: each filter is met once a sample at its convolution's rate. */
export function waveGradMultiplyAdds(config: WaveGradConfig, bands: number): number {
  const rates = waveGradRates(config);
  return sum(
    waveGradWeights(config, bands)
      .filter(({ name }) => name.endsWith(".weight"))
      .map(({ name, shape }) => rates(name) * product(shape)),
  );
}

/** How often a mel frame each weight is met. */
function waveGradRates(config: WaveGradConfig): (name: string) => number {
  const { upsampling } = config;
  // after each block, from the mel's rate on, and before each downsampling block, from the waveform's rate on
  const up = upsampling.map((_, index) =>
    product(upsampling.slice(0, index + 1).map(({ factor }) => factor)),
  );
  const down = [...up].reverse();
  return (name) => {
    const [part, index, kind] = name.split(".");
    const block = Number(index);
    if (part === "mel") return 1;
    if (part === "film") return down[block];
    // the one-tap convolution of the way past the block stands before the repetition
    if (part === "up") return kind === "residual" ? (up[block - 1] ?? 1) : up[block];
    // a block's first convolution is strided, so all of them run at its lower rate
    if (part === "down") return down[block + 1];
    return down[0];
  };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

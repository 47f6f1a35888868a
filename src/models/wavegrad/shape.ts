// What a WaveGrad is made of: the Base network of Chen et al. 2020 (section 3.1 and appendix A), the weights that
// follow from it, and how far it sees.
import * as v from "valibot";
import { count, counts, fields, type Schema, shouldBe } from "../../formats/json-fields.js";
import { convolutionWeights } from "../layers/shapes.js";
import { constantStart, specsWithin, type WeightSpec } from "../weights.js";
import type { Reach } from "../../mel/frames.js";

/** Frames or samples that most convolutions see. */
const TAPS = 3;
/** Samples that the first convolution of the waveform sees. */
const WAVE_TAPS = 5;

/** A block that raises the rate. */
export interface UpsamplingBlockConfig {
  readonly factor: number;
  readonly channels: number;
  /** One for each of its four convolutions. */
  readonly dilations: readonly [number, number, number, number];
}

/**
 * A WaveGrad's size and shape. The hop is the product of the upsampling factors. Downsampling runs back over the same
 * rates, so its factors are those of all blocks but the first, in reverse.
 */
export interface WaveGradConfig {
  /** Channels that the mel enters with. */
  readonly melChannels: number;
  /** Channels that the waveform enters with; even, as all of its channels are, for the level's sines and cosines. */
  readonly waveChannels: number;
  /** From the mel's rate to the waveform's. */
  readonly upsampling: readonly UpsamplingBlockConfig[];
  /** Channels of the downsampling blocks, from the waveform's rate down: one fewer than upsampling blocks. */
  readonly downsamplingChannels: readonly number[];
  /** Dilations of the convolutions in each downsampling block; the first, at the higher rate, has none. */
  readonly downsamplingDilations: readonly number[];
}

/** The level's encoding is as many sines as cosines. */
function isEven(channels: number): boolean {
  return channels % 2 === 0;
}

const upsamplingBlock: Schema<UpsamplingBlockConfig> = v.pipe(
  fields({ factor: count(), channels: count(), dilations: counts(4) }),
  v.transform(({ dilations: [first, second, third, fourth], ...block }) => ({
    ...block,
    dilations: [first, second, third, fourth] as const,
  })),
);

/** Reads a WaveGrad's size and shape. */
export const waveGradSchema: Schema<WaveGradConfig> = v.pipe(
  fields({
    melChannels: count(),
    waveChannels: v.pipe(
      count(),
      v.check(isEven, ({ input }) => shouldBe(input, "even")),
    ),
    upsampling: v.pipe(
      v.custom<unknown[]>(
        (blocks) => Array.isArray(blocks) && blocks.length > 0,
        "has no list of blocks for 'upsampling'",
      ),
      v.array(upsamplingBlock),
    ),
    downsamplingChannels: v.pipe(
      counts(),
      v.check(
        (channels) => channels.every(isEven),
        ({ input }) =>
          shouldBe(
            input.find((channels) => !isEven(channels)),
            "even",
          ),
      ),
    ),
    downsamplingDilations: counts(),
  }),
  v.check(
    ({ upsampling, downsamplingChannels: { length } }) => length === upsampling.length - 1,
    ({ input: { upsampling, downsamplingChannels } }) =>
      `has ${downsamplingChannels.length} numbers for 'downsamplingChannels', which should be ${upsampling.length - 1}`,
  ),
);

function baseConfig(factors: readonly [number, number, number, number, number]): WaveGradConfig {
  const channels = [512, 512, 256, 128, 128];
  return {
    melChannels: 768,
    waveChannels: 32,
    upsampling: factors.map((factor, index) => ({
      factor,
      channels: channels[index],
      dilations: index < 3 ? [1, 2, 4, 8] : [1, 2, 1, 2],
    })),
    downsamplingChannels: [128, 128, 256, 512],
    downsamplingDilations: [1, 2, 4],
  };
}

/** For 22.05 kHz and hops of 256, with 80 bands. */
export const waveGradBase22k: WaveGradConfig = baseConfig([4, 4, 4, 2, 2]);
/** The paper's own: 24 kHz and hops of 300, with 128 bands. */
export const waveGradPaper24k: WaveGradConfig = baseConfig([5, 5, 3, 2, 2]);

/** Samples for each frame of the mel. */
export function waveGradHop({ upsampling }: WaveGradConfig): number {
  return upsampling.reduce((product, { factor }) => product * factor, 1);
}

/** The factors of the downsampling blocks, from the waveform's rate down. */
export function downsamplingFactors({ upsampling }: WaveGradConfig): number[] {
  return upsampling
    .slice(1)
    .map(({ factor }) => factor)
    .reverse();
}

/** Channels of the waveform at each rate where a FiLM module reads it, from the waveform's rate down. */
function waveChannelsByRate({ waveChannels, downsamplingChannels }: WaveGradConfig): number[] {
  return [waveChannels, ...downsamplingChannels];
}

/** A convolution's weights, orthogonal at the start. */
function orthogonalConvolution(taps: number, inputs: number, outputs: number): WeightSpec[] {
  const [weight, bias] = convolutionWeights(taps, inputs, outputs);
  return [
    { ...weight, start: { kind: "orthogonal" } },
    { ...bias, start: constantStart(0) },
  ];
}

function upsamplingBlockWeights(
  inputs: number,
  { channels, dilations }: UpsamplingBlockConfig,
): WeightSpec[] {
  return [
    ...specsWithin("residual", orthogonalConvolution(1, inputs, channels)),
    ...dilations.flatMap((_, index) =>
      specsWithin(
        `convolutions.${index}`,
        orthogonalConvolution(TAPS, index === 0 ? inputs : channels, channels),
      ),
    ),
  ];
}

function downsamplingBlockWeights(inputs: number, channels: number, convolutions: number): WeightSpec[] {
  return [
    ...specsWithin("residual", orthogonalConvolution(1, inputs, channels)),
    ...Array.from({ length: convolutions }, (_, index) =>
      specsWithin(
        `convolutions.${index}`,
        orthogonalConvolution(TAPS, index === 0 ? inputs : channels, channels),
      ),
    ).flat(),
  ];
}

function filmWeights(inputs: number, channels: number): WeightSpec[] {
  return [
    ...specsWithin("input", orthogonalConvolution(TAPS, inputs, inputs)),
    ...specsWithin("output", orthogonalConvolution(TAPS, inputs, 2 * channels)),
  ];
}

/** The weights of a WaveGrad for mels of so many bands. */
export function waveGradWeights(config: WaveGradConfig, bands: number): WeightSpec[] {
  const { melChannels, upsampling, downsamplingDilations } = config;
  const wave = waveChannelsByRate(config);
  const mel = [melChannels, ...upsampling.map(({ channels }) => channels)];
  const modulated = upsampling.map(({ channels }) => channels).reverse();
  return [
    ...specsWithin("mel", orthogonalConvolution(TAPS, bands, melChannels)),
    ...specsWithin("wave", orthogonalConvolution(WAVE_TAPS, 1, wave[0])),
    ...wave
      .slice(1)
      .flatMap((channels, index) =>
        specsWithin(
          `down.${index}`,
          downsamplingBlockWeights(wave[index], channels, downsamplingDilations.length),
        ),
      ),
    ...wave.flatMap((channels, index) =>
      specsWithin(`film.${index}`, filmWeights(channels, modulated[index])),
    ),
    ...upsampling.flatMap((block, index) =>
      specsWithin(`up.${index}`, upsamplingBlockWeights(mel[index], block)),
    ),
    ...specsWithin("output", orthogonalConvolution(TAPS, mel[mel.length - 1], 1)),
  ];
}

// What a WaveGrad costs, from its shape alone: how much it computes, and how far its output sees: which samples of the noisy waveform, and which frames of the
// mel, an output sample depends on, followed from the output back through every block as first and last index at that
// place's rate.

/** What the output at a sample, or in a frame, sees of both inputs; at some places of a hop it sees less. */
interface WaveGradReach {
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

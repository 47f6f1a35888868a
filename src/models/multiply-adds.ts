// How much a network computes, from its shape alone: the multiply-adds of its matrix products and dense convolutions,
// each a mel frame. What is element by element (gates, norms, depthwise convolutions) is not counted, nor
// what happens once a call.
import type { MelFormat } from "../mel/format.js";
import { type EncoderConfig, encoderWeights } from "./layers/encoder.js";
import { type MaskNetConfig, maskNetWeights } from "./mask-net/shape.js";
import { spectralPriorWeights } from "./prior/graph.js";
import { createShortTimeFourier } from "./layers/spectrum.js";
import { type WaveGradConfig, waveGradWeights } from "./wavegrad/shape.js";
import type { WeightSpec } from "./weights.js";

/** Of a denoiser call, for each mel frame. */
export function maskNetMultiplyAdds(config: MaskNetConfig, format: MelFormat): number {
  const { bands, hopLength } = format;
  const transforms = config.windowLengths.map((length) => transformMultiplyAdds(length, hopLength));
  const [melTransform] = transforms;
  const melBank = (format.fftSize / 2 + 1) * bands;
  const { corrections } = config;
  const trunk = maskNetWeights(config, bands, hopLength).filter(({ name }) => !name.startsWith("encoder."));
  return (
    weightProducts(trunk) +
    // z's spectra and the masked ones back
    2 * sum(transforms) +
    // the mel residual: colour z, its spectra, bank; and its gains spread over the bins
    colourMultiplyAdds(hopLength) +
    melTransform +
    2 * melBank +
    // the corrections: colour the estimate, each a transform and back, bank and gains; what they add whitened
    corrections * (2 * melTransform + 2 * melBank) +
    (corrections > 0 ? 2 * colourMultiplyAdds(hopLength) : 0)
  );
}

/** Of a WaveGrad's call, for each mel frame: each filter is met once a sample at its convolution's rate. */
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

/** Of the conditioning, encoder and prior together, for each mel frame; once an utterance. */
export function conditionerMultiplyAdds(
  { channels, encoder }: { channels: number; encoder: EncoderConfig },
  { bands, hopLength }: MelFormat,
): number {
  const interpolation = bands * hopLength;
  return (
    interpolation +
    weightProducts(spectralPriorWeights({ bands, bins: hopLength })) +
    weightProducts(encoderWeights(encoder, bands, channels))
  );
}

/** Of an MDCT and its inverse with hop N, for each frame: whitening or colouring. */
export function colourMultiplyAdds(hopLength: number): number {
  return 4 * hopLength * hopLength;
}

/** Of a Fourier transform one way, for each mel frame. */
function transformMultiplyAdds(length: number, hopLength: number): number {
  const { hop, products } = createShortTimeFourier(length);
  return (hopLength / hop) * sum(products.map(({ inputs, bins }) => 2 * inputs * bins));
}

/** Every weight matrix and filter is met once a frame, but for the level's, and the depthwise ones are no products. */
function weightProducts(specs: readonly WeightSpec[]): number {
  const used = specs.filter(
    ({ name, shape }) => shape.length > 1 && !/(^|\.)level\./.test(name) && !name.includes("depthwise."),
  );
  return sum(used.map(({ shape }) => product(shape)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

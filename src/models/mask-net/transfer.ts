// A trained mask-net's weights for mels of another format with the same FFT and hop: other bands, another sample rate. What
// is learned of a band or bin belongs to its frequency in Hz, so inputs and outputs are interpolated over frequency, and the
// network begins close to what it was. Above the old format's band, outputs go on as at its end.
import { bandCentres, weightGains } from "../../mel/bank.js";
import type { MelFormat } from "../../mel/format.js";
import { MEL_SPREAD } from "../layers/shapes.js";
import type { WeightValue } from "../weights.js";
import { featureCount, type MaskNetConfig } from "./shape.js";

/** A value as a weighted mean of others: the places and weights of those. */
type Mixture = readonly (readonly [place: number, weight: number])[];

/** Linear interpolation at a position among rising ones; beyond their ends the value there. */
function between(position: number, nodes: ArrayLike<number>): Mixture {
  const last = nodes.length - 1;
  if (position <= nodes[0]) return [[0, 1]];
  if (position >= nodes[last]) return [[last, 1]];
  let upper = 1;
  while (nodes[upper] < position) upper++;
  const share = (position - nodes[upper - 1]) / (nodes[upper] - nodes[upper - 1]);
  return [
    [upper - 1, 1 - share],
    [upper, share],
  ];
}

/** Values at some frequencies as mixtures of those at others, in Hz. */
function interpolation(at: ArrayLike<number>, nodes: ArrayLike<number>): Mixture[] {
  return Array.from(at, (frequency) => between(frequency, nodes));
}

/** Mixtures of what stands after so many others. */
function after(count: number, mixtures: readonly Mixture[]): Mixture[] {
  return mixtures.map((mixture) => mixture.map(([place, weight]) => [count + place, weight] as const));
}

/** The features of a mask-net at one rate as mixtures of those at another: each window's bins, sub-frame by sub-frame. */
function features({ windowLengths }: MaskNetConfig, at: MelFormat, nodes: MelFormat): Mixture[] {
  let begun = 0;
  return windowLengths.flatMap((length) => {
    const bins = length / 2 + 1;
    const frequencies = ({ sampleRate }: MelFormat): number[] =>
      Array.from({ length: bins }, (_, bin) => (bin * sampleRate) / length);
    const ofSubFrame = interpolation(frequencies(at), frequencies(nodes));
    const subFrames = Array.from({ length: (4 * nodes.hopLength) / length }, (_, sub) =>
      after(begun + sub * bins, ofSubFrame),
    );
    begun += subFrames.length * bins;
    return subFrames.flat();
  });
}

/**
 * Weights of inputs that are given in another form: where the old ones are mixtures of the new ones.
 *
 * @param value [groups, old inputs, columns]
 * @returns [groups, count, columns]
 */
function withInputs({ data, shape }: WeightValue, mixtures: readonly Mixture[], count: number): WeightValue {
  const columns = shape[shape.length - 1];
  const old = shape[shape.length - 2];
  const groups = data.length / (old * columns);
  const changed = new Float32Array(groups * count * columns);
  for (let group = 0; group < groups; group++) {
    mixtures.forEach((mixture, input) => {
      const from = (group * old + input) * columns;
      for (const [place, weight] of mixture) {
        const to = (group * count + place) * columns;
        for (let column = 0; column < columns; column++) changed[to + column] += weight * data[from + column];
      }
    });
  }
  return { data: changed, shape: [...shape.slice(0, -2), count, columns] };
}

/** Weights of outputs that are wanted in another form: the new ones are mixtures of the old ones. [rows, outputs] */
function withOutputs({ data, shape }: WeightValue, mixtures: readonly Mixture[]): WeightValue {
  const old = shape[shape.length - 1];
  const rows = data.length / old;
  const changed = new Float32Array(rows * mixtures.length);
  for (let row = 0; row < rows; row++) {
    mixtures.forEach((mixture, output) => {
      for (const [place, weight] of mixture)
        changed[row * mixtures.length + output] += weight * data[row * old + place];
    });
  }
  return { data: changed, shape: [...shape.slice(0, -1), mixtures.length] };
}

/** The encoder's first bias, after a constant that each band differs by in the other format. */
function withOffsets(bias: WeightValue, { data, shape }: WeightValue, offsets: Float64Array): WeightValue {
  const [taps, bands, columns] = shape;
  const changed = Float32Array.from(bias.data);
  for (let tap = 0; tap < taps; tap++)
    for (let band = 0; band < bands; band++)
      for (let column = 0; column < columns; column++)
        changed[column] += (offsets[band] / MEL_SPREAD) * data[(tap * bands + band) * columns + column];
  return { data: changed, shape: bias.shape };
}

/** Why weights of one format say nothing of another, as a sentence; undefined where they do. */
export function transferFault(from: MelFormat, to: MelFormat): string | undefined {
  if (from.fftSize === to.fftSize && from.hopLength === to.hopLength) return undefined;
  return (
    `Its weights know transforms of ${from.fftSize} samples every ${from.hopLength}, and the format has ` +
    `${to.fftSize} every ${to.hopLength}.`
  );
}

/**
 * A mask-net's weights for another mel format; the prior and the excitation model are not carried over.
 *
 * @param weights by the names that they have in a checkpoint
 * @param from the format that they were trained for
 * @param to one with the same FFT length and hop
 */
export function transferWeights(
  weights: Readonly<Record<string, WeightValue>>,
  shape: MaskNetConfig,
  from: MelFormat,
  to: MelFormat,
): Record<string, WeightValue> {
  const [oldCentres, newCentres] = [from, to].map((format) => bandCentres(format));
  const bandsOld = interpolation(oldCentres, newCentres);
  const bandsNew = interpolation(newCentres, oldCentres);
  const count = featureCount(shape, to.hopLength);
  // ln of what the banks make of the same white noise
  const [oldGains, newGains] = [from, to].map((format) => weightGains(format));
  const offsets = Float64Array.from(bandsOld, (mixture, band) =>
    mixture.reduce((rest, [place, weight]) => rest - weight * newGains[place], oldGains[band]),
  );
  const trunkInputs = [...features(shape, from, to), ...after(count, bandsOld)];
  const featuresNew = features(shape, to, from);
  const trunkOutputs = [
    ...featuresNew,
    ...after(count, featuresNew),
    ...Array.from({ length: 2 * (1 + shape.corrections) }, (_, part) =>
      after(2 * count + part * from.bands, bandsNew),
    ).flat(),
  ];
  const named = (name: string): WeightValue => weights[`denoiser.${name}`];
  const changed: Record<string, WeightValue> = {
    "encoder.input.weight": withInputs(named("encoder.input.weight"), bandsOld, to.bands),
    "encoder.input.bias": withOffsets(named("encoder.input.bias"), named("encoder.input.weight"), offsets),
    "input.weight": withInputs(named("input.weight"), trunkInputs, count + to.bands),
    "output.weight": withOutputs(named("output.weight"), trunkOutputs),
    "output.bias": withOutputs(named("output.bias"), trunkOutputs),
  };
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, value]) =>
      name.startsWith("denoiser.") ? [[name, changed[name.slice("denoiser.".length)] ?? value]] : [],
    ),
  );
}

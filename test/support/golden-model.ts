// The reference's tiny mask-net and prior: its weights under our names and in our layout.
import * as tf from "@tensorflow/tfjs-core";
import { findPreset } from "../../src/mel/presets.js";
import { createMaskNet } from "../../src/models/mask-net/graph.js";
import type { MaskNetConfig } from "../../src/models/mask-net/shape.js";
import type { TensorValue } from "../../src/engine/engine.js";
import { goldenNames, goldenShape, goldenValues } from "./golden.js";

/** Of the prior: what follows from the format, and its result. */
const fixedParts: ReadonlySet<string> = new Set([
  "prior.interpolation",
  "prior.logBandSum",
  "prior.logSigma",
]);

/** The tiny network's shape. */
export const goldenConfig: MaskNetConfig = {
  windowLengths: [1024, 256, 64],
  channels: 16,
  expanded: 32,
  dilations: [1, 2, 4],
  corrections: 2,
  levelWidth: 256,
  encoder: { channels: 16, expanded: 32, dilations: [1, 2] },
};

/** The format of its mels. */
export const goldenFormat = findPreset("hifigan-22k-80");

/** The network; the reference was made without the epsilon under the magnitude's root. */
export const goldenNet = createMaskNet(goldenConfig, goldenFormat, 0);

const partNames: readonly (readonly [RegExp, string])[] = [
  [/^net\.weights\.cond\./, "encoder.input."],
  [/^net\.weights\.cb\.(\d+)\./, "encoder.blocks.$1."],
  [/^net\.weights\.cn\./, "encoder.norm."],
  [/^net\.weights\.c2\./, "encoder.output."],
  [/^net\.weights\.emb\.l\./, "level."],
  [/^net\.weights\.inp\./, "input."],
  [/^net\.weights\.b\.(\d+)\./, "blocks.$1."],
  [/^net\.weights\.nf\./, "norm."],
  [/^net\.weights\.out\./, "output."],
  [/^prior\.conv\./, "convolution."],
  [/^prior\.linear\./, "output."],
  [/^prior\./, ""],
  [/\.dw\./, ".depthwise."],
  [/\.p1\./, ".up."],
  [/\.p2\./, ".down."],
  [/\.m\./, ".level."],
  [/\.n\./, ".norm."],
  [/\.g$/, ".gain"],
  [/(norm)\.weight$/, "$1.scale"],
  [/(norm)\.bias$/, "$1.shift"],
];

/** PyTorch keeps Linear as [out, in] and Conv1d as [out, in, taps]; here outputs come last. */
function outputsLast(name: string): TensorValue {
  const data = goldenValues(name);
  const shape = [...goldenShape(name)];
  if (shape.length < 2) return { data, shape };
  return tf.tidy(() => {
    const turned = tf.transpose(tf.tensor(data, shape));
    // depthwise filters have one input a channel
    const kept = name.includes(".dw.") ? tf.squeeze(turned, [1]) : turned;
    return { data: kept.dataSync() as Float32Array, shape: kept.shape };
  });
}

/** The weights of the reference's tiny network or prior. */
export function goldenWeights(model: "net" | "prior"): Record<string, TensorValue> {
  const prefix = model === "net" ? "net.weights." : "prior.";
  const names = goldenNames().filter((name) => name.startsWith(prefix) && !fixedParts.has(name));
  return Object.fromEntries(
    names.map((name) => [
      partNames.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name),
      outputsLast(name),
    ]),
  );
}

/** Weights as tensors of the present backend, by name. */
export function asTensors(values: Readonly<Record<string, TensorValue>>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
}

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import {
  type MaskNetConfig,
  maskNetEncoderMultiplyAdds,
  maskNetMultiplyAdds,
} from "../../src/models/mask-net/shape.js";
import { colourMultiplyAdds, priorMultiplyAdds } from "../../src/models/prior/shape.js";
import { waveGradBase22k, waveGradMultiplyAdds, waveGradPaper24k } from "../../src/models/wavegrad/shape.js";
import type { WeightValue } from "../../src/models/weights.js";
import { trace } from "../../src/engine/trace/trace.js";
import {
  colourFunction,
  conditionerFunction,
  estimateFunction,
  type NetworkFunction,
} from "../../src/synthesis/network-functions.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Multiply-adds of the products and convolutions that a trace over so many frames recorded. */
async function countIn(network: NetworkFunction, frames: number): Promise<number> {
  const { recorder } = trace(await network.load(), network.signature, frames);
  const shapeOf = (name: string): readonly number[] => recorder.traced.get(name)!.shape;
  const counts = recorder.nodes.map(({ operator, inputs, outputs, attributes }) => {
    // a convolution in groups is a depthwise one here, which is not counted
    const { group = { int: 1 } } = attributes;
    if (!["MatMul", "Gemm", "Conv"].includes(operator) || !("int" in group) || group.int > 1) return 0;
    const result = size(shapeOf(outputs[0]));
    // a filter is [outputs, inputs, taps…]
    return result * (operator === "Conv" ? size(shapeOf(inputs[1]).slice(1)) : shapeOf(inputs[0]).at(-1)!);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** What one more frame costs. */
async function countPerFrame(network: NetworkFunction): Promise<number> {
  return ((await countIn(network, 30)) - (await countIn(network, 20))) / 10;
}

function withCorrections(
  { config, weights }: Checkpoint<MaskNetConfig>,
  corrections: number,
): Checkpoint<MaskNetConfig> {
  const { shape } = config.denoiser;
  const denoiser = { kind: "mask-net", shape: { ...shape, corrections } } as const;
  const outputs = { "denoiser.output.weight": 1, "denoiser.output.bias": 0 };
  const cut = Object.entries(outputs).map(([name, axis]): [string, WeightValue] => {
    const values = weights[name].shape;
    const columns = values[axis] - 2 * 80 * (shape.corrections - corrections);
    const cutShape = axis === 1 ? [values[0], columns] : [columns];
    return [name, { data: new Float32Array(size(cutShape)), shape: cutShape }];
  });
  return { config: { ...config, denoiser }, weights: { ...weights, ...Object.fromEntries(cut) } };
}

describe("multiply-adds from a network's shape", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it.each([0, 1, 2])("are those of the denoiser's graph with %i corrections", async (corrections) => {
    const checkpoint = withCorrections(randomCheckpoint(), corrections);
    const { mel, denoiser } = checkpoint.config;
    expect(maskNetMultiplyAdds(denoiser.shape, mel)).toBe(await countPerFrame(estimateFunction(checkpoint)));
  });

  it("are those of a WaveGrad's graph", async () => {
    const checkpoint = waveGradCheckpoint();
    const { denoiser, mel } = checkpoint.config;
    expect(waveGradMultiplyAdds(denoiser.shape, mel.bands)).toBe(
      await countPerFrame(estimateFunction(checkpoint)),
    );
  });

  // 86.13 frames a second at 22.05 kHz, 80 at 24 kHz
  it("are about thirty thousand million a second for WaveGrad Base", () => {
    expect((waveGradMultiplyAdds(waveGradBase22k, 80) * 22050) / 256 / 1e9).toBeCloseTo(28.08, 2);
    expect((waveGradMultiplyAdds(waveGradPaper24k, 128) * 24000) / 300 / 1e9).toBeCloseTo(33.17, 2);
  });

  it("are those of the conditioner's and the colouring's graphs", async () => {
    const checkpoint = randomCheckpoint();
    const { mel, denoiser } = checkpoint.config;
    const conditioner = priorMultiplyAdds(mel) + maskNetEncoderMultiplyAdds(denoiser.shape, mel.bands);
    expect(conditioner).toBe(await countPerFrame(conditionerFunction(checkpoint)));
    expect(colourMultiplyAdds(mel.hopLength)).toBe(await countPerFrame(colourFunction(checkpoint)));
  });
});

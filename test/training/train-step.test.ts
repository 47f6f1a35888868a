import { describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { openEngine } from "../../src/host/node/engines.js";
import type { TensorValue } from "../../src/engine/engine.js";
import { networkStep, registerGradients } from "../../src/training/step.js";
import { biasCorrection } from "../../src/training/optimiser/optimiser.js";
import { defaultTrainConfig, type TrainConfig } from "../../src/training/config.js";
import { initialise } from "../../src/training/start-weights.js";
import { createTrainingModel } from "../../src/training/model.js";
import { fixedCrops } from "../support/fixed-crops.js";

const config: TrainConfig = {
  ...defaultTrainConfig,
  channels: 96,
  expanded: 128,
  dilations: [1, 2],
  levelWidth: 16,
  encoderChannels: 16,
  encoderExpanded: 16,
  encoderDilations: [1],
  weightDecay: 0,
  batch: 1,
  cropFrames: 8,
};
const format = findPreset("hifigan-22k-80");

describe("a step of the network's training", () => {
  it("gives Muon the products of the blocks and the encoder's last, and nothing else", async () => {
    const { weights, optimiser } = (await createTrainingModel(config, format)).denoiser;
    const names = weights.map(({ name }) => name);
    expect(names.filter(optimiser.usesMuon).sort()).toEqual([
      "blocks.0.down.weight",
      "blocks.0.up.weight",
      "blocks.1.down.weight",
      "blocks.1.up.weight",
      "encoder.blocks.0.down.weight",
      "encoder.blocks.0.up.weight",
      "encoder.output.weight",
    ]);
  });

  it("repeated on one batch with fixed noise and level brings the loss down to a tenth", async () => {
    await registerGradients();
    const runtime = await openEngine({ engine: "graph", threads: 1 });
    const model = await createTrainingModel(config, format);
    const network = initialise(model.denoiser.weights, 1);
    const { step, signature } = networkStep(model, config, {
      network,
      prior: initialise(model.prior!.weights, 1),
    });
    const program = await runtime.compile(step, signature);
    const crops = fixedCrops(model, config, [0]);
    const scalar = (value: number): TensorValue => ({ data: Float32Array.of(value), shape: [] });
    const losses: number[] = [];
    for (let i = 1; i <= 40; i++) {
      const { loss, gradientNorm } = await program.run({
        ...crops,
        rateFactor: scalar(1),
        correction1: scalar(biasCorrection(0.9, i)),
        correction2: scalar(biasCorrection(model.denoiser.optimiser.adamW.beta2, i)),
        averageDecay: scalar(0.5),
      });
      expect(gradientNorm.data[0]).toBeGreaterThan(0);
      losses.push(loss.data[0]);
    }
    await program.dispose();
    expect(Math.min(...losses.slice(-5))).toBeLessThan(losses[0] / 10);
  });
});

// The whole reverse process of the reference: six steps of DPM-Solver++ 2M with the tiny network, on every engine.
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { sample } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { maskNetNoise } from "../../src/models/mask-net/graph.js";
import { weightsOf } from "../../src/models/weights.js";
import { frames, type Signature, type TensorFunction, type TensorValue } from "../../src/engine/engine.js";
import { compileOn, engineFault } from "../support/engines.js";
import { expectGolden, goldenShape, goldenValues } from "../support/golden.js";
import { goldenConfig, goldenNet, goldenWeights } from "../support/golden-model.js";

const denoiser: TensorFunction = ({ z, logSnr, mel, sigma, encoded }, held) => ({
  noise: maskNetNoise(goldenNet, weightsOf(held), { z, logSnr, mel, sigma, encoded }),
});

const signature: Signature = {
  inputs: {
    z: { shape: [1, frames(256)] },
    logSnr: { shape: [1] },
    mel: { shape: [1, frames(), 80] },
    sigma: { shape: [1, frames(), 256] },
    encoded: { shape: [1, frames(), goldenConfig.channels] },
  },
  weights: goldenWeights("net"),
};

function batchOfOne(name: string): TensorValue {
  return { data: goldenValues(name), shape: [1, ...goldenShape(name)] };
}

describe.each(["javascript", "graph", "tensorflow"] as const)("the reference's sampler on %s", (engine) => {
  it("ends at the reference's waveform", async (context) => {
    const fault = engineFault(engine);
    if (fault !== undefined) context.skip(fault);
    const program = await compileOn(engine, denoiser, signature);
    const logSigma = batchOfOne("prior.logSigma");
    const given = {
      mel: batchOfOne("mel"),
      sigma: { ...logSigma, data: Float32Array.from(logSigma.data, Math.exp) },
      encoded: batchOfOne("net.encoded"),
    };
    const denoise = async (z: Float32Array, level: number): Promise<Float32Array> => {
      const logSnr = { data: Float32Array.of(level), shape: [1] };
      const result = await program.run({ ...given, z: { data: z, shape: [1, z.length] }, logSnr });
      return result["noise"].data as Float32Array;
    };
    const plan = planFor("dpmpp-2m", scheduleByName("logsnr-6"));
    expect(plan.steps).toHaveLength(6);
    const refuse = (): never => {
      throw new Error("the plan adds no noise");
    };
    expectGolden(await sample(plan, denoise, goldenValues("net.z"), refuse), "sampler.dpmpp2m.logsnr6");
    await program.dispose();
  });
});

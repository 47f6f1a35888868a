// The trunk of a mask-net as a function of tensors, apart from the signal path around it (signal/), and the fast denoiser
// with a trunk of its own.
import { type MaskNetCheckpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import { createMaskNet, maskNetTrunkRows } from "../models/mask-net.js";
import { featureCount } from "../models/mask-net-columns.js";
import { weightsOf } from "../models/weights.js";
import { frames, type Runtime } from "../runtime/runtime.js";
import { FastDenoiser } from "./fast-denoiser.js";
import { type NetworkFunction, quantisedLayers } from "./network-functions.js";
import type { Precision } from "./precision.js";

/** features [1, F, features + bands] by frequency, logSnr [1], encoded → the trunk's output [F, outputs]. */
export function trunkFunction(
  checkpoint: MaskNetCheckpoint,
  precision: Precision = "float32",
): NetworkFunction {
  const { mel: format, denoiser } = checkpoint.config;
  const net = createMaskNet(denoiser.shape, format);
  const columns = featureCount(denoiser.shape, format.hopLength) + format.bands;
  const weights = Object.entries(weightsOfPart(checkpoint, weightParts.denoiser));
  return {
    fn: (inputs, held) => {
      const { features, logSnr, encoded } = inputs;
      return { output: maskNetTrunkRows(net, weightsOf(held), { features, logSnr, encoded }) };
    },
    signature: {
      inputs: {
        features: { shape: [1, frames(), columns] },
        logSnr: { shape: [1] },
        encoded: { shape: [1, frames(), denoiser.shape.channels] },
      },
      weights: Object.fromEntries(weights.filter(([name]) => !name.startsWith("encoder."))),
      ...quantisedLayers(checkpoint, precision),
      freesMemory: true,
      source: JSON.stringify({ part: "trunk", shape: denoiser.shape, format }),
    },
  };
}

/**
 * Compiles a checkpoint's trunk and opens the denoiser around it.
 *
 * @param runtime of the trunk
 * @param precision of the trunk's Linear layers
 * @throws SignalPathError where the signal path cannot do the network; NotCalibratedError for int8
 */
export async function openFastDenoiser(
  runtime: Runtime,
  checkpoint: MaskNetCheckpoint,
  precision: Precision = "float32",
): Promise<FastDenoiser> {
  const { fn, signature } = trunkFunction(checkpoint, precision);
  return FastDenoiser.create(checkpoint.config, await runtime.compile(fn, signature));
}

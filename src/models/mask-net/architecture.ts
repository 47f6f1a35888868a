// mask-net, the default: gates short-time spectra of a whitened waveform (graph.ts says how).
import { encoderReach } from "../layers/shapes.js";
import type { Architecture } from "../architecture.js";
import {
  featureCount,
  type MaskNetConfig,
  maskNetEncoderMultiplyAdds,
  maskNetMultiplyAdds,
  maskNetReach,
  maskNetSchema,
  maskNetWeights,
  trunkLayers,
} from "./shape.js";
import { maskNetTraining } from "./training.js";

export const maskNet: Architecture<MaskNetConfig> = {
  kind: "mask-net",
  schema: maskNetSchema,
  prior: "spectral",
  weights: (shape, { bands, hopLength }) => maskNetWeights(shape, bands, hopLength),
  reach: (shape, { hopLength }) => {
    // through the mel it sees less than through the signal
    const reach = maskNetReach(shape, hopLength);
    return { signal: reach, mel: reach };
  },
  multiplyAdds: maskNetMultiplyAdds,
  encoder: {
    columns: ({ channels }) => channels,
    reach: ({ encoder }) => encoderReach(encoder),
    multiplyAdds: (shape, { bands }) => maskNetEncoderMultiplyAdds(shape, bands),
  },
  int8Layers: trunkLayers,
  describe: ({ windowLengths, channels, expanded, dilations, corrections }) =>
    `windows ${windowLengths.join(", ")}; ${dilations.length} blocks of ${channels}/${expanded}; ${corrections} mel corrections`,
  defaults: {
    // deterministic: it ends where it begins, and the start holds the pitch
    sampler: "dpmpp-2m",
    schedule: (_, steps) => `logsnr-${steps}`,
    tile: 1024,
  },
  training: maskNetTraining,
  graph: async () => (await import("./graph.js")).maskNetGraph,
  grid: async () => (await import("./grid.js")).maskNetGrid,
  kernel: {
    features: (shape, { bands, hopLength }) => featureCount(shape, hopLength) + bands,
    fault: async (shape, mel) => (await import("../../kernel/constants.js")).signalPathFault(shape, mel),
    open: async (shape, mel) => {
      const { MaskNetSignal } = await import("../../kernel/mask-net-signal.js");
      return MaskNetSignal.create(shape, mel);
    },
  },
};

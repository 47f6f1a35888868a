// mask-net, the default: gates short-time spectra of a whitened waveform (graph.ts says how).
import { encoderReach } from "../layers/shapes.js";
import type { Architecture, Settings, TrainingPart } from "../architecture.js";
import {
  featureCount,
  type MaskNetConfig,
  maskNetEncoderMultiplyAdds,
  maskNetMultiplyAdds,
  maskNetReach,
  maskNetSchema,
  maskNetWeights,
  outputCount,
  trunkLayers,
} from "./shape.js";
import type { MelFormat } from "../../mel/format.js";
import type { WeightValue } from "../weights.js";

// How mask-net is trained: it predicts the whitened waveform, and its errors are squared; Muon for the products of its
// blocks and AdamW for everything else.

const maskNetTraining: TrainingPart<MaskNetConfig> = {
  settings: {
    // N of each transform in which the network masks; the first is the mel's FFT length
    windowLengths: [1024, 256, 64],
    // C, width of the trunk, and E, width inside its blocks
    channels: 320,
    expanded: 960,
    // one block each, in mel frames
    dilations: [1, 2, 4, 1, 2],
    // R, mel corrections of the estimate inside the network
    corrections: 2,
    levelWidth: 256,
    encoderChannels: 256,
    encoderExpanded: 768,
    encoderDilations: [1, 2, 4, 1],
  },
  mayBeZero: ["corrections"],
  shapeOf: ({ encoderChannels, encoderExpanded, encoderDilations, ...trunk }) => ({
    ...trunk,
    encoder: { channels: encoderChannels, expanded: encoderExpanded, dilations: encoderDilations },
  }),
  settingsOf: ({ encoder, ...trunk }) => ({
    ...trunk,
    encoderChannels: encoder.channels,
    encoderExpanded: encoder.expanded,
    encoderDilations: encoder.dilations,
  }),
  formatFault,
  growth: {
    settings: ["corrections"],
    weights: (weights, _, to, { bands, hopLength }) =>
      withMoreCorrections(weights, outputCount(to, bands, hopLength)),
  },
  transfer: async () => {
    const { transferFault, transferWeights } = await import("./transfer.js");
    return { fault: transferFault, weights: transferWeights };
  },
  optimiser: { beta1: 0.9, beta2: 0.99, muon: { momentum: 0.95, trains: usesMuon } },
  norm: "l2",
};

/** The two products of every block, and the encoder's last. */
function usesMuon(name: string): boolean {
  return /\.(up|down)\.weight$/.test(name) || name === "encoder.output.weight";
}

function formatFault(settings: Settings, { fftSize, hopLength }: MelFormat): string | undefined {
  const windowLengths = settings["windowLengths"] as readonly number[];
  if (fftSize !== 4 * hopLength || windowLengths[0] !== fftSize) {
    return (
      `The first of 'windowLengths' (${windowLengths.join(", ")}) has to be the mel format's FFT length, ` +
      `${fftSize}, and that four times its hop, ${hopLength}.`
    );
  }
  // transforms hop by a quarter, and split that once more
  const wrong = windowLengths.find((length) => length % 8 !== 0 || (4 * hopLength) % length !== 0);
  if (wrong === undefined) return undefined;
  return `'windowLengths' has ${wrong}; each is a multiple of 8 and divides the mel format's FFT length, ${fftSize}.`;
}

// A trained mask-net with more mel corrections than it has: their gains are the last columns of the trunk's output,
// and begin at 0, with which the network computes what it did before.

const OUTPUT = ["denoiser.output.weight", "denoiser.output.bias"];

/**
 * A checkpoint's weights with room for more corrections.
 *
 * @param weights of a mask-net checkpoint; those of the output are [channels, outputs] and [outputs]
 * @param outputs of the network with more corrections, as outputCount says
 */
export function withMoreCorrections(
  weights: Readonly<Record<string, WeightValue>>,
  outputs: number,
): Record<string, WeightValue> {
  const grown = OUTPUT.map((name): [string, WeightValue] => [name, withColumns(weights[name], outputs)]);
  return { ...weights, ...Object.fromEntries(grown) };
}

/** A value whose rows go on with zeros, up to so many columns. */
function withColumns({ data, shape }: WeightValue, columns: number): WeightValue {
  const present = shape[shape.length - 1];
  const rows = data.length / present;
  const grown = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    grown.set(data.subarray(row * present, (row + 1) * present), row * columns);
  }
  return { data: grown, shape: [...shape.slice(0, -1), columns] };
}

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

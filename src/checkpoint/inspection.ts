// What a checkpoint is: how large, how far its networks see, how much they compute, and how it was trained.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { MelFormat } from "../mel/format.js";
import { presetNameOf } from "../mel/presets.js";
import { isFolder } from "../host/node/read-files.js";
import type { Reach } from "../mel/frames.js";
import { priorMultiplyAdds } from "../models/prior/shape.js";
import { architectureOf } from "../models/registry.js";
import { weightCount } from "../models/weights.js";
import { checkpointFiles, loadCheckpoint } from "./checkpoint.js";
import { checkpointWeights, type DenoiserConfig } from "./config.js";

/** How far an output sees: mel frames before and after its own, and all of it in milliseconds. */
export interface Sight {
  readonly before: number;
  readonly after: number;
  readonly milliseconds: number;
}

/** What a checkpoint's folder holds. */
export interface CheckpointInspection {
  readonly kind: "checkpoint";
  readonly denoiser: DenoiserConfig;
  readonly format: MelFormat;
  readonly preset?: string;
  /** Bytes of the weights' file. */
  readonly bytes: number;
  readonly weights: { readonly denoiser: number; readonly encoder: number; readonly prior: number };
  /** Of the denoiser in the noisy waveform and in the mel; of its encoder in the mel where it has one. */
  readonly receptiveField: { readonly waveform: Sight; readonly mel: Sight };
  /** Products of one second of audio: of each step, and of the conditioning, once an utterance. */
  readonly multiplyAdds: { readonly step: number; readonly conditioning: number };
  readonly logSnrRange: readonly [number, number];
  /** Names of the schedules that come with it. */
  readonly schedules: readonly string[];
  readonly training: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

/** Whether a path is a folder that says to be a checkpoint. */
export async function isCheckpoint(path: string): Promise<boolean> {
  if (!(await isFolder(path))) return false;
  return stat(join(path, checkpointFiles.config)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * Reads and checks a checkpoint and says what it is.
 *
 * @throws what loadCheckpoint throws
 */
export async function inspectCheckpoint(folder: string): Promise<CheckpointInspection> {
  const { config } = await loadCheckpoint(folder);
  const { size: bytes } = await stat(join(folder, checkpointFiles.weights));
  const { mel: format, denoiser, prior, logSnrRange, schedules, training } = config;
  const { hopLength, sampleRate } = format;
  const { shape } = denoiser;
  const architecture = architectureOf(denoiser.kind);
  const { encoder: encoderPart } = architecture;
  const reach = architecture.reach(shape, format);
  const conditioning =
    (encoderPart?.multiplyAdds(shape, format) ?? 0) + (prior === "spectral" ? priorMultiplyAdds(format) : 0);
  const specs = checkpointWeights(config);
  const countOf = (prefix: string): number =>
    weightCount(specs.filter(({ name }) => name.startsWith(prefix)));
  const encoder = countOf("denoiser.encoder.");
  const preset = presetNameOf(format);
  const framesASecond = sampleRate / hopLength;
  const sight = ({ framesBefore: before, framesAfter: after }: Reach): Sight => ({
    before,
    after,
    milliseconds: (1000 * (before + after + 1)) / framesASecond,
  });
  return {
    kind: "checkpoint",
    denoiser,
    format,
    ...(preset !== undefined && { preset }),
    bytes,
    weights: { denoiser: countOf("denoiser.") - encoder, encoder, prior: countOf("prior.") },
    receptiveField: {
      waveform: sight(reach.signal),
      mel: sight(encoderPart?.reach(shape) ?? reach.mel),
    },
    multiplyAdds: {
      step: framesASecond * architecture.multiplyAdds(shape, format),
      conditioning: framesASecond * conditioning,
    },
    logSnrRange,
    schedules: Object.keys(schedules),
    training,
    remarks: Object.keys(training).length === 0 ? ["config.json does not say how it was trained."] : [],
  };
}

// What a checkpoint is: how large, how far its networks see, how much they compute, and how it was trained.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { MelFormat } from "../mel/format.js";
import { presetNameOf } from "../mel/presets.js";
import { isFolder } from "../host/node/read-files.js";
import {
  conditionerMultiplyAdds,
  maskNetMultiplyAdds,
  waveGradMultiplyAdds,
} from "../models/multiply-adds.js";
import type { Reach } from "../mel/frames.js";
import { encoderReach, maskNetReach } from "../models/reach.js";
import { waveGradReach } from "../models/wavegrad/reach.js";
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
  /** Of the denoiser in the noisy waveform and in the mel; a mask-net's is its encoder's in the mel. */
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
  const { mel: format, denoiser, logSnrRange, schedules, training } = config;
  const { hopLength, sampleRate } = format;
  const { reach, multiplyAdds } = costsOf(denoiser, format);
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
    receptiveField: { waveform: sight(reach.waveform), mel: sight(reach.mel) },
    multiplyAdds: {
      step: framesASecond * multiplyAdds.step,
      conditioning: framesASecond * multiplyAdds.conditioning,
    },
    logSnrRange,
    schedules: Object.keys(schedules),
    training,
    remarks: Object.keys(training).length === 0 ? ["config.json does not say how it was trained."] : [],
  };
}

/** How far a denoiser's inputs reach, in mel frames, and its multiply-adds a mel frame. */
function costsOf(
  { kind, shape }: DenoiserConfig,
  format: MelFormat,
): {
  readonly reach: { readonly waveform: Reach; readonly mel: Reach };
  readonly multiplyAdds: { readonly step: number; readonly conditioning: number };
} {
  if (kind === "wavegrad") {
    const { waveFrames, melFrames } = waveGradReach(shape);
    return {
      reach: { waveform: waveFrames, mel: melFrames },
      multiplyAdds: { step: waveGradMultiplyAdds(shape, format.bands), conditioning: 0 },
    };
  }
  return {
    reach: { waveform: maskNetReach(shape, format.hopLength), mel: encoderReach(shape.encoder) },
    multiplyAdds: {
      step: maskNetMultiplyAdds(shape, format),
      conditioning: conditionerMultiplyAdds(shape, format),
    },
  };
}

// The vocoder for Node: the core with Node as its host and the checkpoint that comes with vocode.
import { fileURLToPath } from "node:url";
import type { Host } from "./host.js";
import { Vocoder as CoreVocoder, type VocoderOptions } from "./vocoder.js";
import { availableParallelism } from "node:os";
import { openEngine } from "./host/node/engines.js";
import { addressInPackage, nodeFiles } from "./host/node/read-files.js";
import { spawnAll } from "./host/node/threads.js";

// Node as a host: files, onnxruntime-node and the engines of tfjs. onnxruntime is loaded where a model is opened.

/** The platform that this process runs on. */
const nodeHost: Host = {
  get cores() {
    return availableParallelism();
  },
  ...nodeFiles,
  openModel: async (model, options) => {
    const { openModel } = await import("./host/node/sessions.js");
    return openModel(model, options);
  },
  openEngine,
  spawnAll,
};

/** The checkpoint that comes with vocode; in a bundle, the one that lies beside it. */
export const shippedCheckpoint = fileURLToPath(
  addressInPackage("../checkpoints/speech-22k", "checkpoints/speech-22k"),
);

/** Turns mels into speech; load it once and use it many times. */
export class Vocoder extends CoreVocoder {
  /**
   * Loads a checkpoint onto an engine.
   *
   * @param folder the checkpoint; without it the one that comes with vocode
   * @throws CheckpointError, FileError, EngineUnavailableError; PrecisionUnavailableError, NotCalibratedError for int8
   */
  static override async load(
    folder: string = shippedCheckpoint,
    options: VocoderOptions & { readonly host?: Host } = {},
  ): Promise<Vocoder> {
    return super.load(folder, { host: nodeHost, ...options });
  }
}

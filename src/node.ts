// The vocoder for Node: the core with Node as its host and the checkpoint that comes with vocode.
import type { Host } from "./host.js";
import { Vocoder as CoreVocoder, type VocoderOptions } from "./vocoder.js";
import { availableParallelism } from "node:os";
import { openEngine } from "./host/node/engines.js";
import { isAddress, nodeFiles } from "./host/node/read-files.js";
import { spawnAll } from "./host/node/threads.js";
import { localCheckpoint, shippedCheckpoint } from "./host/node/voices.js";

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

/** How to load a vocoder in Node. */
export interface NodeVocoderOptions extends VocoderOptions {
  readonly host?: Host;
  /** Bytes received of a file of a checkpoint at an address, and how many there are where the server says so. */
  readonly onDownload?: (received: number, total: number | undefined) => void;
}

/** Turns mels into speech; load it once and use it many times. */
export class Vocoder extends CoreVocoder {
  /**
   * Loads a checkpoint onto an engine.
   *
   * @param place the checkpoint's folder; the name of a voice that comes with vocode, such as speech-24k; or an address,
   *   http:// or https://, whose files are kept in the cache folder; without it the voice of the default mel. A host of
   *   one's own is given a folder as it stands
   * @throws CheckpointError, FileError, UnknownVoiceError, EngineUnavailableError; PrecisionUnavailableError,
   *   NotCalibratedError for int8; DownloadError
   */
  static override async load(
    place: string = shippedCheckpoint,
    { onDownload, ...options }: NodeVocoderOptions = {},
  ): Promise<Vocoder> {
    // a host of one's own reads its own places
    if (options.host && !isAddress(place)) return super.load(place, { ...options, host: options.host });
    const cacheFolder = options.cacheFolder ?? undefined;
    return super.load(await localCheckpoint(place, { cacheFolder, onDownload }), {
      host: nodeHost,
      ...options,
    });
  }
}

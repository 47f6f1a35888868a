// Node as a host: files, onnxruntime-node and the engines of tfjs. onnxruntime is loaded where a model is opened.
import { availableParallelism } from "node:os";
import type { Host } from "../../host.js";
import { openRuntime } from "./engines.js";
import { nodeFiles } from "./read-files.js";
import { spawnAll } from "./threads.js";

/** The platform that this process runs on. */
export const nodeHost: Host = {
  get cores() {
    return availableParallelism();
  },
  ...nodeFiles,
  openModel: async (model, options) => {
    const { openModel } = await import("./sessions.js");
    return openModel(model, options);
  },
  openEngine: openRuntime,
  spawnAll,
};

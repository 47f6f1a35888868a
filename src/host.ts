// What the core knows of a platform: a small interface that a program for Node or for a web page fills in. Everything that
// turns numbers into numbers needs no more than this and the globals of the web's standards (globals.d.ts).
import type { Runtime, RuntimeOptions } from "./engine/engine.js";
import type { OpenModel } from "./engine/model.js";
import type { Files } from "./formats/byte-source.js";

/** A platform; that of Node is in host/node. A checkpoint's files are asked for as `${folder}/config.json`. */
export interface Host extends Files {
  /** Processors that work can be shared among. */
  readonly cores: number;
  /** Opens a model for onnxruntime. */
  readonly openModel: OpenModel;
  /**
   * Opens an engine of this platform.
   *
   * @throws EngineUnavailableError where the engine or its device cannot be used here
   */
  openEngine(options?: RuntimeOptions): Promise<Runtime>;
}

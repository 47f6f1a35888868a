// What the core knows of a platform: a small interface that a program for Node or for a web page fills in. Everything that
// turns numbers into numbers needs no more than this and the globals of the web's standards (globals.d.ts).
import type { OpenModel, Engine, EngineSettings } from "./engine/engine.js";
import type { Files } from "./formats/bytes.js";

/** What a thread does, by name: each task is given one value and has one answer, both copied between the threads. */
export type Tasks = Readonly<Record<string, (given: never) => unknown>>;

/** What runs in a thread. */
export interface ThreadScript<T extends Tasks = Tasks> {
  readonly tasks: T;
  /**
   * Work that is so short that a message would take too long: it is given a few whole numbers, finds the rest in memory
   * that a task has told it of, and its caller waits for it without an event loop.
   */
  readonly calls?: readonly ((...values: readonly number[]) => Promise<void> | void)[];
}

/** The scripts that a thread can be started with. */
export type ScriptName = "synthesis" | "measure" | "recordings";

/** Another thread. An idle one does not keep the process alive. */
export interface Thread {
  /**
   * Has a task done, after those that were asked before.
   *
   * @throws what the task throws: FileError and InputError as such, anything else as Error
   */
  ask(task: string, given: unknown): Promise<unknown>;
  /** Begins a call, by its place among the script's; nothing else may be asked until it is finished. */
  begin(call: number, ...values: readonly number[]): void;
  /** Blocks until the call that was begun has ended. @throws Error with what the call threw */
  finish(): void;
  /** Ends the thread after what it has been asked; may be called again. */
  dispose(): Promise<void>;
}

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
  openEngine(options?: EngineSettings): Promise<Engine>;
  /** Starts so many threads, whose code loads while the caller goes on; none where there can be none. */
  spawnAll(script: ScriptName, threads: number): Thread[];
}

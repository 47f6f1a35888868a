// What an engine offers to the rooms above: a pure function of tensors is compiled once and run many times.
// The function is written in tfjs ops and never learns which engine runs it: `graph` records it and hands an ONNX
// graph to onnxruntime, the others call it inside a tfjs backend. Weights and state stay inside the engine.
import { InputError } from "../errors.js";
import type { Tensor } from "../models/weights.js";

// A model in ONNX's form that is open on a device: what the graph engine asks of whatever runs it, onnxruntime for Node
// or for the web. Only hosts know onnxruntime itself.

/** Where and how a model runs. */
export interface ModelOptions {
  /** onnxruntime's execution provider. */
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads: number;
  /** As in Signature. */
  readonly freesMemory: boolean;
  /** As in EngineSettings: false without it. */
  readonly flushesDenormals?: boolean;
}

/** A tensor that goes in or comes out; `type` is ONNX's name of its elements: "float32", "int64". */
export interface ModelTensor {
  readonly type: string;
  readonly data: ArrayLike<number> | BigInt64Array;
  readonly shape: readonly number[];
}

/** A model that is open. */
export interface Model {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs it once; calls may not overlap.
   *
   * @param inputs one of each name in inputNames, float32 or int64
   * @param into memory that outputs of these names are written to; such an output is that tensor
   */
  run(
    inputs: Readonly<Record<string, ModelTensor>>,
    into: Readonly<Record<string, ModelTensor>>,
  ): Promise<Record<string, ModelTensor>>;
  /** Frees what it holds. */
  release(): Promise<void>;
}

/** Opens a model's bytes; `isOptimised` where onnxruntime wrote them after it had optimised the model. */
export type OpenModel = (
  model: { readonly model: Uint8Array; readonly isOptimised: boolean },
  options: ModelOptions,
) => Promise<Model>;

/** Element types that cross the border of a compiled function. */
type ElementType = "float32" | "int32";

/** A tensor's content outside any engine: row-major values and their shape. */
export interface TensorValue {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** A dimension that follows the run's frame count: frames·times + plus. */
interface FrameDimension {
  readonly times: number;
  readonly plus: number;
}

/** One dimension of an input: a fixed size, or one that follows the frame count; see `frames`. */
export type Dimension = number | FrameDimension;

/**
 * A dimension of `times`·frames + `plus`: `frames()` for a mel [frames, bands], `frames(256)` for its waveform.
 * All such dimensions of a signature share one frame count, which may differ from run to run.
 */
export function frames(times = 1, plus = 0): FrameDimension {
  return { times, plus };
}

/** Shape and element type (float32 unless given) of one input. */
export interface TensorSpec {
  readonly shape: readonly Dimension[];
  readonly type?: ElementType;
}

/** How a layer's input becomes 8-bit: q = round(x/scale) + zeroPoint, limited to 0 … 255. Fixed, so tiles agree. */
export interface InputQuantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The result under which a run returns the input of a layer that its signature lists as observed. [rows, inputs] */
export function observedName(weight: string): string {
  return `input of ${weight}`;
}

/** Weights in a file, which are read where a function has to be compiled: a compiled graph holds them itself. */
interface StoredWeights {
  /** The file: where it changes, a graph that was compiled with its weights is not used any more. */
  readonly path: string;
  read(): Promise<Readonly<Record<string, TensorValue>>>;
}

/** What a function takes besides its code, all of it by name. */
export interface Signature {
  /** Given anew at each run. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Constants, such as trained weights: the engine keeps them and may fold, pack or move them to its device. */
  readonly weights?: Readonly<Record<string, TensorValue>>;
  /** The same in a file, in place of `weights`; only where a source is named too. */
  readonly stored?: StoredWeights;
  /**
   * Start values of tensors that a run replaces, such as weights in training and their moments. The function returns
   * the next value under the same name; it stays in the engine and is not among a run's results.
   */
  readonly state?: Readonly<Record<string, TensorValue>>;
  /**
   * Weights [inputs, outputs] of Linear layers that the graph engine multiplies by in 8 bits on the CPU, each with how
   * its layer's input becomes 8-bit. It is a permission: every other engine and device computes them in float32.
   */
  readonly quantised?: Readonly<Record<string, InputQuantisation>>;
  /**
   * Weights of Linear layers whose inputs a run returns too, under `observedName`; the graph engine only. For calibration.
   */
  readonly observed?: readonly string[];
  /**
   * Gives a run's memory back when it is done, where an engine can. Without it the memory stays for the next run, up to
   * twice what it needs; but where single values take tens of megabytes, getting them anew takes a quarter of the time.
   */
  readonly freesMemory?: boolean;
  /**
   * Everything that the function's graph depends on besides this signature and vocode's own code (a model's config as
   * JSON): with it, a later process finds the compiled graph without tracing. Leave it out when in doubt.
   */
  readonly source?: string;
}

/** Tensors by name, as a function sees them. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A pure function in tfjs ops: `held` are the signature's weights and state. It reads no tensor's values. */
export type TensorFunction = (inputs: Tensors, held: Tensors) => Record<string, Tensor>;

/** A function that is imported where it has to be compiled: a graph from the cache needs no tensor library. */
export interface LazyFunction {
  load(): Promise<TensorFunction>;
}

/** The function itself. */
export async function loadFunction(fn: TensorFunction | LazyFunction): Promise<TensorFunction> {
  return "load" in fn ? fn.load() : fn;
}

/** The same signature with its weights in memory. */
export async function withWeights({ stored, ...signature }: Signature): Promise<Signature> {
  return stored ? { ...signature, weights: await stored.read() } : signature;
}

/** A compiled function. */
export interface Program {
  /**
   * Runs the function once; calls may not overlap.
   *
   * @param inputs one value for each input of the signature
   * @param into values that results of these names are written to, of their shapes; such a result is that value
   * @returns the function's results without the state's
   * @throws SignatureError if names, shapes or types differ from the signature
   */
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  /** Copies of the state's present values. */
  readState(): Promise<Record<string, TensorValue>>;
  /** Replaces the named parts of the state. */
  writeState(state: Readonly<Record<string, TensorValue>>): Promise<void>;
  /** Frees what the engine holds for it. */
  dispose(): Promise<void>;
}

/** A compiled function that other threads can open, to be sent to them; it holds the weights as the engine has them. */
export interface ProgramCopy {
  /** The engine's own form of the function. */
  readonly model: Uint8Array;
  /** Whether the engine has optimised it already. */
  readonly isOptimised: boolean;
  /** The signature without its weights. */
  readonly signature: Pick<Signature, "inputs" | "freesMemory">;
}

/** An engine that has been opened on a device. */
export interface Engine {
  /** Its name in the list of engines. */
  readonly engine: EngineName;
  /** Where it computes: "cpu", "webgpu", "cuda" or "gpu". */
  readonly device: string;
  /** Threads of a CPU engine; undefined where the engine decides. */
  readonly threads: number | undefined;
  /** Folder of compiled graphs; undefined where there is none. */
  readonly cacheFolder: string | undefined;
  /** The engine once more, on the calling thread of the CPU; only where an engine can. */
  onOneThread?(): Engine;
  /**
   * Makes a function run on this engine.
   *
   * @throws UnsupportedKernelError if the graph engine has no ONNX form of an op that it uses
   */
  compile(fn: TensorFunction | LazyFunction, signature: Signature): Promise<Program>;
  /** The same with a copy for other threads; only where an engine can open one. The function has no state. */
  compileWithCopy?(fn: TensorFunction | LazyFunction, signature: Signature): Promise<CopiedProgram>;
}

/** A compiled function and its copy. */
export interface CopiedProgram {
  readonly program: Program;
  readonly copy: ProgramCopy;
}

/** The engines' names. */
export const engineNames = ["graph", "tensorflow", "javascript"] as const;

/** An engine's name. */
export type EngineName = (typeof engineNames)[number];

/** Devices that a person can ask for; "gpu" is whichever the engine has. */
export const deviceNames = ["cpu", "gpu", "webgpu", "cuda"] as const;

/** A device's name. */
export type DeviceName = (typeof deviceNames)[number];

/** What to open. */
export interface EngineSettings {
  /** "auto", also without it: a GPU through tfjs-node-gpu if there is one, else graph. */
  readonly engine?: EngineName | "auto";
  /** Without it: cpu for graph, and for tensorflow a GPU if there is one. */
  readonly device?: DeviceName;
  /** Threads of graph on the CPU; without it one for each processor. */
  readonly threads?: number;
  /** Folder of compiled graphs, null for none; without it the user's cache folder. */
  readonly cacheFolder?: string | null;
  /**
   * Whether graph counts numbers below 1.2e−38 as 0, which processors take over a hundred cycles for: in training from
   * finished weights they slow a step to a third. onnxruntime sets the process's threads to it with the first session
   * and for good, the calling one included, so a program that is more than a trainer may not want it.
   */
  readonly flushesDenormals?: boolean;
}

// How a denoiser's Linear layers compute: float32, or 8-bit whole numbers with scales that a calibration found.

/** The precisions' names. */
export const precisionNames = ["float32", "int8"] as const;

/** A precision's name. */
export type Precision = (typeof precisionNames)[number];

/**
 * What is used where nothing is asked for: int8 where an engine has it and the checkpoint was calibrated for it. With the
 * voice that ships, the error of the predicted noise rises by 0.05 % and that of the mel by 0.06 %.
 */
export function defaultPrecision(runtime: Engine, config: object): Precision {
  return hasInt8(runtime) && "quantisation" in config ? "int8" : "float32";
}

/** Whether an engine multiplies in 8 bits. */
export function hasInt8({ engine, device }: Pick<Engine, "engine" | "device">): boolean {
  return engine === "graph" && device === "cpu";
}

/** int8 was asked for, and the checkpoint does not say how activations become 8-bit. */
export class NotCalibratedError extends InputError {
  constructor() {
    super(
      "This checkpoint has no 'quantisation' in its config.json, which int8 needs. Add it with 'vocode calibrate', or " +
        "use --precision float32.",
    );
  }
}

/** int8 was asked of an engine that does not have it. */
export class PrecisionUnavailableError extends InputError {
  constructor(
    readonly engine: string,
    readonly device: string,
  ) {
    super(
      `int8 is there for the engine 'graph' on the CPU, and this is '${engine}' on ${device}. Use --precision float32.`,
    );
  }
}

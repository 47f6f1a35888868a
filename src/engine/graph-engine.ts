// The graph engine: a function is traced to ONNX, which onnxruntime optimises and runs.
import {
  type CopiedProgram,
  type LazyFunction,
  loadFunction,
  type Model,
  type ModelOptions,
  type ModelTensor,
  type OpenModel,
  type Program,
  type ProgramCopy,
  type Engine,
  type Signature,
  type TensorFunction,
  type TensorValue,
  withWeights,
} from "./engine.js";
import { SignatureError } from "../errors.js";
import { checkInputs, checkState, checkTargets, nextStateName } from "./signature.js";

/** Where a graph runs, and the folder of compiled graphs; undefined to compile each time. */
export type GraphTarget = ModelOptions & { readonly cacheFolder: string | undefined };

/** A graph that is open, and what another thread opens it from. */
export type OpenGraph = Omit<ProgramCopy, "signature"> & { readonly open: Model };

/**
 * Opens a function's graph, compiled earlier if possible.
 *
 * @param makeModel traces the function; not called if the signature's source is known to the cache
 */
export type GraphOpener = (
  target: GraphTarget,
  signature: Signature,
  makeModel: () => Promise<Uint8Array>,
) => Promise<OpenGraph>;

// A function compiled by the graph engine. Its state lies in two sets of tensors: a run reads one and writes the other,
// since onnxruntime may write an output before it has read every input.

/** tfjs's int32 is int64 in a graph. */
function toModel({ data, shape }: TensorValue): ModelTensor {
  if (data instanceof Float32Array) return { type: "float32", data, shape };
  return { type: "int64", data: BigInt64Array.from(data, BigInt), shape };
}

function fromModel(name: string, { type, data, shape }: ModelTensor): TensorValue {
  if (type === "float32") return { data: data as Float32Array, shape };
  if (type === "int64") return { data: Int32Array.from(data as BigInt64Array, Number), shape };
  throw new SignatureError(name, `'${name}' is of type ${type}; a function returns float32 or int32.`);
}

function copyOf({ type, data, shape }: ModelTensor): ModelTensor {
  return { type, data: (data as Float32Array | BigInt64Array).slice(), shape };
}

/** A program of the graph engine. */
class GraphProgram implements Program {
  /** present values by state name */
  private present: Record<string, ModelTensor>;
  /** where the next run writes them, for those that the function replaces */
  private next: Record<string, ModelTensor>;

  /** @param signature without its weights, which the model holds: they are not to be kept twice */
  constructor(
    private readonly model: Model,
    private readonly signature: Omit<Signature, "weights">,
  ) {
    const state = Object.entries(signature.state ?? {});
    this.present = Object.fromEntries(state.map(([name, value]) => [name, copyOf(toModel(value))]));
    const replaced = state.filter(([name]) => model.outputNames.includes(nextStateName(name)));
    this.next = Object.fromEntries(replaced.map(([name, value]) => [name, copyOf(toModel(value))]));
  }

  async run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue>> = {},
  ): Promise<Record<string, TensorValue>> {
    checkInputs(this.signature, inputs);
    checkTargets(this.model.outputNames, into);
    const given: Record<string, ModelTensor> = {};
    // a function need not use all that it is given: the graph lists what it has
    for (const name of this.model.inputNames) {
      given[name] = name in inputs ? toModel(inputs[name]) : this.present[name];
    }
    const targets: Record<string, ModelTensor> = {};
    for (const [name, value] of Object.entries(into)) targets[name] = toModel(value);
    for (const [name, tensor] of Object.entries(this.next)) targets[nextStateName(name)] = tensor;
    const outputs = await this.model.run(given, targets);
    const before = this.present;
    this.present = { ...before, ...this.next };
    this.next = Object.fromEntries(Object.keys(this.next).map((name) => [name, before[name]]));
    const isState = new Set(Object.keys(this.next).map(nextStateName));
    const results = Object.entries(outputs).filter(([name]) => !isState.has(name));
    return Object.fromEntries(results.map(([name, tensor]) => [name, fromModel(name, tensor)]));
  }

  readState(): Promise<Record<string, TensorValue>> {
    const values = Object.entries(this.present).map(([name, tensor]) => [
      name,
      fromModel(name, copyOf(tensor)),
    ]);
    return Promise.resolve(Object.fromEntries(values) as Record<string, TensorValue>);
  }

  writeState(state: Readonly<Record<string, TensorValue>>): Promise<void> {
    checkState(this.signature, state);
    for (const [name, value] of Object.entries(state)) this.present[name] = copyOf(toModel(value));
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    this.present = {};
    this.next = {};
    await this.model.release();
  }
}

// A function that another thread has compiled, opened on this one. It loads no tracer and needs no weights.

/** Opens a copy on the CPU, to compute on the thread that calls it. */
export async function openCopy({ signature, ...copy }: ProgramCopy, open: OpenModel): Promise<Program> {
  const { freesMemory = false } = signature;
  return new GraphProgram(await open(copy, { device: "cpu", threads: 1, freesMemory }), signature);
}

/** The engine on one device of onnxruntime. */
export class GraphEngine implements Engine {
  readonly engine = "graph";

  constructor(
    private readonly target: Omit<GraphTarget, "freesMemory">,
    private readonly opener: GraphOpener,
  ) {}

  get device(): string {
    return this.target.device;
  }

  get threads(): number {
    return this.target.threads;
  }

  get cacheFolder(): string | undefined {
    return this.target.cacheFolder;
  }

  onOneThread(): Engine {
    return new GraphEngine({ ...this.target, device: "cpu", threads: 1 }, this.opener);
  }

  async compile(fn: TensorFunction | LazyFunction, signature: Signature): Promise<Program> {
    return (await this.compileWithCopy(fn, signature)).program;
  }

  async compileWithCopy(fn: TensorFunction | LazyFunction, signature: Signature): Promise<CopiedProgram> {
    // onnxruntime has these products for the CPU only
    const given = this.device === "cpu" ? signature : { ...signature, quantised: {} };
    const { inputs, state, freesMemory = false } = signature;
    const target = { ...this.target, freesMemory };
    const { open, ...copy } = await this.opener(target, given, async () => {
      // loaded here, since a graph from the cache needs no tracer
      const { traceToOnnx } = await import("./trace/onnx-model.js");
      return traceToOnnx(await loadFunction(fn), await withWeights(given));
    });
    return {
      program: new GraphProgram(open, { inputs, ...(state && { state }) }),
      copy: { ...copy, signature: { inputs, freesMemory } },
    };
  }
}

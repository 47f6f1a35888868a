// The graph engine: a function is traced to ONNX, which onnxruntime optimises and runs.
import type {
  CopiedProgram,
  Program,
  ProgramCopy,
  Runtime,
  Signature,
  TensorFunction,
  TensorValue,
} from "./engine.js";
import { openModel, openSession, type SessionTarget } from "../host/node/sessions.js";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { SignatureError } from "../errors.js";
import { checkInputs, checkState, checkTargets } from "./signature.js";
import { nextStateName } from "./trace/graph.js";

// A function compiled by the graph engine. Its state lies in two sets of onnxruntime tensors: a run reads one and
// writes the other, since onnxruntime may write an output before it has read every input.

/** tfjs's int32 is int64 in a graph. */
function toOrt({ data, shape }: TensorValue): Tensor {
  if (data instanceof Float32Array) return new Tensor("float32", data, shape);
  return new Tensor("int64", BigInt64Array.from(data, BigInt), shape);
}

function fromOrt(name: string, { type, data, dims }: Tensor): TensorValue {
  if (type === "float32") return { data: data as Float32Array, shape: dims };
  if (type === "int64") return { data: Int32Array.from(data as BigInt64Array, Number), shape: dims };
  throw new SignatureError(name, `'${name}' is of type ${type}; a function returns float32 or int32.`);
}

function copyOf(tensor: Tensor): Tensor {
  const data = tensor.data as Float32Array | BigInt64Array;
  return data instanceof Float32Array
    ? new Tensor("float32", data.slice(), tensor.dims)
    : new Tensor("int64", data.slice(), tensor.dims);
}

/** A program of the graph engine. */
class GraphProgram implements Program {
  /** present values by state name */
  private present: Record<string, Tensor>;
  /** where the next run writes them, for those that the function replaces */
  private next: Record<string, Tensor>;

  /** @param signature without its weights, which the session holds: they are not to be kept twice */
  constructor(
    private readonly session: InferenceSession,
    private readonly signature: Omit<Signature, "weights">,
  ) {
    const state = Object.entries(signature.state ?? {});
    this.present = Object.fromEntries(state.map(([name, value]) => [name, copyOf(toOrt(value))]));
    const replaced = state.filter(([name]) => session.outputNames.includes(nextStateName(name)));
    this.next = Object.fromEntries(replaced.map(([name, value]) => [name, copyOf(toOrt(value))]));
  }

  async run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue>> = {},
  ): Promise<Record<string, TensorValue>> {
    checkInputs(this.signature, inputs);
    checkTargets(this.session.outputNames, into);
    const feeds: Record<string, Tensor> = {};
    // a function need not use all that it is given: the graph lists what it has
    for (const name of this.session.inputNames) {
      feeds[name] = name in inputs ? toOrt(inputs[name]) : this.present[name];
    }
    const fetches: Record<string, Tensor | null> = {};
    // onnxruntime writes into the memory of a tensor that it is given for an output
    for (const name of this.session.outputNames) fetches[name] = name in into ? toOrt(into[name]) : null;
    for (const [name, tensor] of Object.entries(this.next)) fetches[nextStateName(name)] = tensor;
    const outputs = await this.session.run(feeds, fetches);
    const before = this.present;
    this.present = { ...before, ...this.next };
    this.next = Object.fromEntries(Object.keys(this.next).map((name) => [name, before[name]]));
    const isState = new Set(Object.keys(this.next).map(nextStateName));
    const results = Object.entries(outputs).filter(([name]) => !isState.has(name));
    return Object.fromEntries(results.map(([name, tensor]) => [name, fromOrt(name, tensor)]));
  }

  readState(): Promise<Record<string, TensorValue>> {
    const values = Object.entries(this.present).map(([name, tensor]) => [
      name,
      fromOrt(name, copyOf(tensor)),
    ]);
    return Promise.resolve(Object.fromEntries(values) as Record<string, TensorValue>);
  }

  writeState(state: Readonly<Record<string, TensorValue>>): Promise<void> {
    checkState(this.signature, state);
    for (const [name, value] of Object.entries(state)) this.present[name] = copyOf(toOrt(value));
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    this.present = {};
    this.next = {};
    await this.session.release();
  }
}

// A function that another thread has compiled, opened on this one. It loads no tracer and needs no weights.

/** Opens a copy on the CPU, to compute on the thread that calls it. */
export async function openCopy({ signature, ...model }: ProgramCopy): Promise<Program> {
  const { freesMemory = false } = signature;
  const { session } = await openModel(model, { device: "cpu", threads: 1, freesMemory });
  return new GraphProgram(session, signature);
}

/** The engine on one device of onnxruntime. */
export class GraphRuntime implements Runtime {
  readonly engine = "graph";

  constructor(private readonly target: Omit<SessionTarget, "freesMemory">) {}

  get device(): string {
    return this.target.device;
  }

  get threads(): number {
    return this.target.threads;
  }

  get cacheFolder(): string | undefined {
    return this.target.cacheFolder;
  }

  async compile(fn: TensorFunction, signature: Signature): Promise<Program> {
    return (await this.compileWithCopy(fn, signature)).program;
  }

  async compileWithCopy(fn: TensorFunction, signature: Signature): Promise<CopiedProgram> {
    // onnxruntime has these products for the CPU only
    const given = this.device === "cpu" ? signature : { ...signature, quantised: {} };
    const { inputs, state, freesMemory = false } = signature;
    const target = { ...this.target, freesMemory };
    const { session, ...model } = await openSession(target, given, async () => {
      // loaded here, since a graph from the cache needs no tracer
      const { traceToOnnx } = await import("./trace/trace-to-onnx.js");
      return traceToOnnx(fn, given);
    });
    return {
      program: new GraphProgram(session, { inputs, ...(state && { state }) }),
      copy: { ...model, signature: { inputs, freesMemory } },
    };
  }
}

// Runs a function of tensors once under the tracing backend and keeps what it recorded.
import { type DataType, engine, getBackend, setBackend, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { SignatureError } from "../../errors.js";
import type { Dimension, Signature, TensorFunction } from "../engine.js";
import { nextStateName } from "../signature.js";
import { registerTracedKernels } from "./kernels/index.js";
import type { Recorder, Value } from "./recorder.js";
import { tracingBackend, type TracingBackend } from "./tracing-backend.js";

/** One trace: inputs and outputs with the shapes they had in it. */
export interface Trace {
  readonly recorder: Recorder;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** The size of a dimension at a frame count. */
export function sizeAt(dimension: Dimension, frameCount: number): number {
  return typeof dimension === "number" ? dimension : dimension.times * frameCount + dimension.plus;
}

/**
 * Traces a function at one frame count.
 *
 * @throws UnsupportedKernelError, ReadWhileTracingError, SignatureError
 */
export function trace(fn: TensorFunction, signature: Signature, frameCount: number): Trace {
  const backend = tracingBackend();
  registerTracedKernels();
  const before = getBackend() as string | undefined;
  // setBackend of a backend that is ready takes effect at once; its promise only reports success
  void setBackend(backend.name);
  try {
    return backend.record((recorder) =>
      withinTidy(() => runFunction(fn, signature, frameCount, recorder, backend)),
    );
  } finally {
    if (before) void setBackend(before);
  }
}

/** tidy() for a result that holds no tensors. */
function withinTidy<T>(body: () => T): T {
  let result: T | undefined;
  tidy(() => {
    result = body();
  });
  return result as T;
}

function runFunction(
  fn: TensorFunction,
  signature: Signature,
  frameCount: number,
  recorder: Recorder,
  backend: TracingBackend,
): Trace {
  const { weights = {}, state = {} } = signature;
  const inputs: Value[] = [];
  const tensorOf = (value: Value): Tensor =>
    engine().makeTensorFromTensorInfo(backend.tensorOf(value), backend);
  const define = (name: string, shape: readonly number[], type: DataType): Tensor => {
    if (recorder.isReserved(name)) {
      throw new SignatureError(name, `No tensor may be called '${name}': the graph uses such names itself.`);
    }
    const value = { name, shape, type };
    inputs.push(value);
    recorder.keep(value);
    return tensorOf(value);
  };
  const given: Record<string, Tensor> = {};
  for (const [name, { shape, type = "float32" }] of Object.entries(signature.inputs)) {
    const sizes = shape.map((dimension) => sizeAt(dimension, frameCount));
    given[name] = define(name, sizes, type);
  }
  const held: Record<string, Tensor> = {};
  for (const [name, { data, shape }] of Object.entries(state)) {
    held[name] = define(name, shape, data instanceof Int32Array ? "int32" : "float32");
  }
  for (const [name, { data, shape }] of Object.entries(weights)) {
    const type = data instanceof Int32Array ? "int32" : "float32";
    held[name] = tensorOf(recorder.weight(name, data, shape, type));
  }
  const results = fn(given, held);
  const outputs = Object.entries(results).map(([name, tensor]) => {
    const isState = name in state;
    if (!isState && name in signature.inputs) {
      throw new SignatureError(name, `'${name}' is both an input and a result; call the result otherwise.`);
    }
    return recorder.output(isState ? nextStateName(name) : name, backend.recordedValue(tensor));
  });
  return { recorder, inputs, outputs };
}

// The engines that run a function as it is, op by op, in a tfjs backend. Weights and state are that backend's tensors.
import { dispose, getBackend, keep, setBackend, tensor, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { SignatureError } from "../errors.js";
import {
  type EngineName,
  type LazyFunction,
  loadFunction,
  type Program,
  type Engine,
  type Signature,
  type TensorFunction,
  type TensorValue,
  withWeights,
} from "./engine.js";
import { checkInputs, checkQuantised, checkState, checkTargets } from "./signature.js";

function toTensor({ data, shape }: TensorValue): Tensor {
  return tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

/** Runs `body` with this tfjs backend current. It is synchronous, so no other engine's ops can come between. */
function withBackend<T>(backend: string, body: () => T): T {
  const before = getBackend() as string | undefined;
  // the backend is ready, so this takes effect at once
  void setBackend(backend);
  try {
    return body();
  } finally {
    if (before) void setBackend(before);
  }
}

function keepAll(values: Readonly<Record<string, TensorValue>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, keep(toTensor(value))]));
}

/** A tensor's values as a copy of their own. */
function readTensor(name: string, value: Tensor): TensorValue {
  // tfjs's casts may leave the data in another kind of array than the type says
  const data = value.dataSync();
  if (value.dtype === "float32") return { data: Float32Array.from(data), shape: value.shape };
  if (value.dtype === "int32") return { data: Int32Array.from(data), shape: value.shape };
  throw new SignatureError(
    name,
    `The result '${name}' is of type ${value.dtype}; cast it to float32 or int32.`,
  );
}

function readAll(tensors: Readonly<Record<string, Tensor>>): Record<string, TensorValue> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, readTensor(name, value)]));
}

class EagerProgram implements Program {
  private readonly weights: Record<string, Tensor>;
  private readonly state: Record<string, Tensor>;

  constructor(
    private readonly backend: string,
    private readonly fn: TensorFunction,
    private readonly signature: Signature,
  ) {
    [this.weights, this.state] = withBackend(backend, () => [
      keepAll(signature.weights ?? {}),
      keepAll(signature.state ?? {}),
    ]);
  }

  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue>> = {},
  ): Promise<Record<string, TensorValue>> {
    checkInputs(this.signature, inputs);
    const results: Record<string, TensorValue> = {};
    withBackend(this.backend, () => {
      tidy(() => {
        const given = Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => [name, toTensor(value)]),
        );
        const outputs = this.fn(given, { ...this.weights, ...this.state });
        for (const [name, value] of Object.entries(outputs)) {
          if (name in this.state) this.replace(name, value);
          else results[name] = readTensor(name, value);
        }
      });
    });
    checkTargets(Object.keys(results), into);
    for (const [name, value] of Object.entries(into)) {
      if (value.shape.join() !== results[name].shape.join()) {
        throw new SignatureError(
          name,
          `'${name}' is [${results[name].shape.join(", ")}], and is to be written to [${value.shape.join(", ")}].`,
        );
      }
      value.data.set(results[name].data);
      results[name] = value;
    }
    return Promise.resolve(results);
  }

  readState(): Promise<Record<string, TensorValue>> {
    return Promise.resolve(withBackend(this.backend, () => readAll(this.state)));
  }

  writeState(state: Readonly<Record<string, TensorValue>>): Promise<void> {
    checkState(this.signature, state);
    withBackend(this.backend, () => {
      for (const [name, value] of Object.entries(state)) this.replace(name, toTensor(value));
    });
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    withBackend(this.backend, () => {
      dispose([...Object.values(this.weights), ...Object.values(this.state)]);
    });
    return Promise.resolve();
  }

  private replace(name: string, value: Tensor): void {
    if (value === this.state[name]) return;
    // a clone, since the function may have returned one tensor under two names or a weight itself
    const next = keep(value.clone());
    this.state[name].dispose();
    this.state[name] = next;
  }
}

/** An engine on a tfjs backend that is registered and ready. */
export class EagerEngine implements Engine {
  readonly threads = undefined;
  readonly cacheFolder = undefined;

  /**
   * @param engine its name in the list of engines
   * @param backend tfjs's name of the backend
   * @param device "cpu" or "gpu"
   */
  constructor(
    readonly engine: EngineName,
    private readonly backend: string,
    readonly device: string,
  ) {}

  async compile(fn: TensorFunction | LazyFunction, given: Signature): Promise<Program> {
    const signature = await withWeights(given);
    checkQuantised(signature);
    if (signature.observed) {
      throw new SignatureError(signature.observed[0], "Only the graph engine returns the inputs of layers.");
    }
    return new EagerProgram(this.backend, await loadFunction(fn), signature);
  }
}

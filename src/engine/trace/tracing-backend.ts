// The tfjs backend that records kernels instead of computing them. It holds no numbers but constants; which recorder
// takes the nodes is set for the length of one trace, which is synchronous, so traces cannot mix.
import {
  type BackendValues,
  DataStorage,
  type DataType,
  engine,
  findBackendFactory,
  KernelBackend,
  type NamedTensorInfoMap,
  registerBackend,
  type TensorInfo,
  type TypedArray,
} from "@tensorflow/tfjs-core";
import { ReadWhileTracingError } from "../../errors.js";
import { callerFrame, Recorder, type Value } from "./recorder.js";
import { reshape } from "./kernels/nodes.js";

/** Constants have values; results of kernels have none. */
interface Entry {
  readonly values: BackendValues | undefined;
  readonly shape: readonly number[];
  readonly type: DataType;
  references: number;
}

/** tfjs's view of a trace. */
export class TracingBackend extends KernelBackend {
  private recorder: Recorder | undefined;

  /** @param name the backend's name in tfjs */
  constructor(readonly name: string) {
    super();
  }

  // data of other backends is moved here by tfjs when a kernel asks for it, hence DataStorage
  private readonly entries = new DataStorage<Entry>(this, engine());

  /** The recorder of the trace that runs. */
  get active(): Recorder {
    if (!this.recorder) throw new Error("no trace is running");
    return this.recorder;
  }

  /** Records what `body` does into a fresh recorder. */
  record<T>(body: (recorder: Recorder) => T): T {
    const recorder = new Recorder();
    this.recorder = recorder;
    try {
      return body(recorder);
    } finally {
      this.recorder = undefined;
    }
  }

  /** A tensor for a value of the running trace. */
  tensorOf(value: Value): TensorInfo {
    const { shape, type } = value;
    const dataId = {};
    this.entries.set(dataId, { values: undefined, shape, type, references: 1 });
    this.active.bind(dataId, value);
    return { dataId, shape: [...shape], dtype: type };
  }

  /** The value behind a tensor; constants become part of the graph when they are first used. */
  recordedValue({ dataId, shape }: TensorInfo): Value {
    const recorder = this.active;
    let value = recorder.valueOf(dataId);
    if (!value) {
      const { values, shape: storedShape, type } = this.entries.get(dataId);
      if (!values) throw new Error(`a tensor of shape [${shape.join(", ")}] belongs to an earlier trace`);
      value = recorder.constant(values as TypedArray, storedShape, type);
      recorder.bind(dataId, value);
    }
    // tensors made before the trace may be reshaped views of one another's data
    return reshape(recorder, value, shape);
  }

  /** The values behind a kernel's inputs: a record, or an array where tfjs passes an array. */
  valuesOf(inputs: NamedTensorInfoMap | readonly TensorInfo[]): unknown {
    if (Array.isArray(inputs))
      return (inputs as readonly TensorInfo[]).map((tensor) => this.recordedValue(tensor));
    const tensors = Object.entries(inputs as NamedTensorInfoMap).filter(
      (entry): entry is [string, TensorInfo] => entry[1] != null,
    );
    return Object.fromEntries(tensors.map(([name, tensor]) => [name, this.recordedValue(tensor)]));
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(
    dataId: object,
    values: BackendValues,
    shape: number[],
    dtype: DataType,
    references: number,
  ): void {
    this.entries.set(dataId, { values, shape: [...shape], type: dtype, references });
  }

  override readSync(dataId: object): BackendValues {
    const { values } = this.entries.get(dataId);
    if (!values) throw new ReadWhileTracingError(callerFrame());
    return values;
  }

  override read(dataId: object): Promise<BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override refCount(dataId: object): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).references : 0;
  }

  override incRef(dataId: object): void {
    this.entries.get(dataId).references++;
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.entries.has(dataId)) return true;
    const entry = this.entries.get(dataId);
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.entries.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }
}

let shared: TracingBackend | undefined;

/**
 * The tracing backend; registers it with tfjs at the first call. tfjs keeps what is registered first under a name, so a
 * second copy of this package in the process takes a name of its own.
 */
export function tracingBackend(): TracingBackend {
  if (shared) return shared;
  let name = "vocode-trace";
  for (let copy = 2; findBackendFactory(name); copy++) name = `vocode-trace-${copy}`;
  const backend = new TracingBackend(name);
  // the lowest priority: tfjs must never choose it by itself
  registerBackend(name, () => backend, 0);
  shared = backend;
  return backend;
}

// A model in ONNX's form that is open on a device: what the graph engine asks of whatever runs it, onnxruntime for Node
// or for the web. Only hosts know onnxruntime itself.

/** Where and how a model runs. */
export interface ModelOptions {
  /** onnxruntime's execution provider. */
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads: number;
  /** As in Signature. */
  readonly freesMemory: boolean;
  /** As in RuntimeOptions: false without it. */
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

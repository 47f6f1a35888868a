// Compositions of tfjs ops that are one kernel to tfjs. An engine that has the whole as one operator (onnxruntime has
// Gelu and LayerNormalization) takes it by its name; every other backend computes the composition. One kernel also has
// one gradient, written out, instead of that of each of its parts.
import {
  engine,
  getBackend,
  getGradient,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  registerKernel,
  type Tensor,
  tidy,
} from "@tensorflow/tfjs-core";

/** What a composition computes. */
export interface Composition<Inputs extends NamedTensorMap, Attributes extends NamedAttrMap> {
  /** The kernel's name, by which an engine may know it. */
  readonly name: string;
  readonly forward: (inputs: Inputs, attributes: Attributes) => Tensor;
  /** The gradient of each input, given that of the result; left out where nothing is learned through it. */
  readonly gradient?: (
    dy: Tensor,
    inputs: Inputs,
    attributes: Attributes,
  ) => Record<keyof Inputs, () => Tensor>;
}

/** Runs a composition as one kernel of the current backend, and of the gradient tape. */
export function runComposition<Inputs extends NamedTensorMap, Attributes extends NamedAttrMap>(
  composition: Composition<Inputs, Attributes>,
  inputs: Inputs,
  attributes: Attributes,
): Tensor {
  const { name, forward, gradient } = composition;
  if (!getKernel(name, getBackend())) {
    registerKernel({
      kernelName: name,
      backendName: getBackend(),
      // tfjs passes the tensors themselves, though it promises no more than their description
      kernelFunc: (call) => tidy(() => forward(call.inputs as Inputs, call.attrs as unknown as Attributes)),
    });
  }
  if (gradient && !getGradient(name)) {
    const names = Object.keys(inputs);
    registerGradient({
      kernelName: name,
      inputsToSave: names,
      gradFunc: (dy, saved, attrs) => {
        const tensors = Object.fromEntries(names.map((input, index) => [input, saved[index]])) as Inputs;
        return gradient(dy as Tensor, tensors, attrs as Attributes);
      },
    });
  }
  return engine().runKernel(name, inputs, attributes);
}

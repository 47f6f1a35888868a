// How one tfjs kernel is told as ONNX nodes: a name and a function of values. ./index.ts gives them to tfjs.
import type { Recorder, Value } from "../recorder.js";

/**
 * A tfjs kernel's ONNX form. tfjs's registry does not know the types of a kernel's inputs and attributes statically;
 * each entry states them, and a list of entries forgets them.
 */
export interface TracedKernel<Inputs = never, Attributes = never> {
  /** tfjs's name of the kernel. */
  readonly name: string;
  /** Records the nodes; `inputs` is a record of values, or an array of them where tfjs passes an array. */
  readonly record: (inputs: Inputs, graph: Recorder, attributes: Attributes) => Value | Value[];
}

/** Inputs of a kernel of one tensor. */
export interface Unary {
  readonly x: Value;
}

/** Inputs of a kernel of two tensors. */
export interface Binary {
  readonly a: Value;
  readonly b: Value;
}

/** Describes a kernel. */
export function kernel<Inputs, Attributes = object>(
  name: string,
  record: (inputs: Inputs, graph: Recorder, attributes: Attributes) => Value | Value[],
): TracedKernel<Inputs, Attributes> {
  return { name, record };
}

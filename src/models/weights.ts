// A model's weights by name. A model lists what it needs (name, shape, start value); whoever holds the values (a
// checkpoint, an optimiser's state, a fresh start) hands them over as a reader of names.
import type * as tf from "@tensorflow/tfjs-core";

/**
 * The library that tensors are of. What is internal is left out of the package's types: TensorFlow.js's own do not compile
 * without those of the DOM and of Long, and nothing that the package exports takes or gives a tensor.
 */
interface TensorLibrary {
  /** @internal */
  readonly tensor: tf.Tensor;
}

/** A tensor of TensorFlow.js; to those who use the package, a value that they know nothing of. */
export type Tensor = TensorLibrary extends { readonly tensor: infer T } ? T : unknown;

/** Reads the weight of a name, such as "blocks.0.up.weight". */
export type Weights = (name: string) => Tensor;

/** How a weight begins before training. */
export type WeightStart =
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in ±bound. */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Rows of a matrix [inputs…, outputs] made orthonormal (Saxe et al. 2014). */
  | { readonly kind: "orthogonal" };

/** One weight of a model. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: WeightStart;
}

/** The weights of a part of a model: those whose names begin with the part's. */
export function within(weights: Weights, part: string): Weights {
  return (name) => weights(`${part}.${name}`);
}

/** A part's list of weights, renamed to stand within the whole. */
export function specsWithin(part: string, specs: readonly WeightSpec[]): WeightSpec[] {
  return specs.map((spec) => ({ ...spec, name: `${part}.${spec.name}` }));
}

/** Reads weights from a record of tensors. */
export function weightsOf(tensors: Readonly<Record<string, Tensor>>): Weights {
  return (name) => {
    const tensor = tensors[name] as Tensor | undefined;
    if (!tensor) throw new Error(`The model reads a weight '${name}' that its list does not name.`);
    return tensor;
  };
}

/** The number of values in a list of weights. */
export function weightCount(specs: readonly WeightSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/**
 * Multiply-adds of a list of weights for each frame, where every matrix and filter is met once a frame: but for the
 * level's, and the depthwise ones are no products.
 */
export function weightProducts(specs: readonly WeightSpec[]): number {
  return weightCount(
    specs.filter(
      ({ name, shape }) => shape.length > 1 && !/(^|\.)level\./.test(name) && !name.includes("depthwise."),
    ),
  );
}

/** A start value that every element shares. */
export function constantStart(value: number): WeightStart {
  return { kind: "constant", value };
}

/** PyTorch's start of linear and convolution layers: uniform in ±1/√inputs. */
export function uniformStart(inputs: number): WeightStart {
  return { kind: "uniform", bound: 1 / Math.sqrt(inputs) };
}

/** A weight's values outside any engine, in C order. */
export interface WeightValue {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

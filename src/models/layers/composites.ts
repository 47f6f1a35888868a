// Compositions of tfjs ops that are one kernel to tfjs. An engine that has the whole as one operator (onnxruntime has
// Gelu and LayerNormalization) takes it by its name; every other backend computes the composition. One kernel also has
// one gradient, written out, instead of that of each of its parts.
import {
  add,
  div,
  engine,
  erf,
  exp,
  getBackend,
  getGradient,
  getKernel,
  mean,
  mul,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  registerKernel,
  rsqrt,
  square,
  sub,
  sum,
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

// Layer normalisation over the channels (Ba, Kiros & Hinton 2016): each row to mean 0 and variance 1, then scaled and
// shifted channel by channel.

interface Inputs {
  /** [… , channels] */
  readonly x: Tensor;
  /** [channels] */
  readonly scale: Tensor;
  /** [channels] */
  readonly shift: Tensor;
  readonly [name: string]: Tensor;
}

/** The rows at mean 0 and variance 1, and the factor 1/√(variance + epsilon) of each. */
function standardise(x: Tensor, epsilon: number): { rows: Tensor; factor: Tensor } {
  const centred = sub(x, mean(x, -1, true));
  const factor = rsqrt(add(mean(square(centred), -1, true), epsilon));
  return { rows: mul(centred, factor), factor };
}

/** Sums over everything but the channels. */
function sumOverRows(x: Tensor): Tensor {
  return sum(x, [...Array(x.rank - 1).keys()]);
}

const normComposition: Composition<Inputs, { epsilon: number }> = {
  name: "LayerNorm",
  forward: ({ x, scale, shift }, { epsilon }) => add(mul(standardise(x, epsilon).rows, scale), shift),
  gradient: (dy, { x, scale }, { epsilon }) => ({
    x: () => {
      const { rows, factor } = standardise(x, epsilon);
      const inner = mul(dy, scale);
      const alongRows = mul(rows, mean(mul(inner, rows), -1, true));
      return mul(sub(sub(inner, mean(inner, -1, true)), alongRows), factor);
    },
    scale: () => sumOverRows(mul(dy, standardise(x, epsilon).rows)),
    shift: () => sumOverRows(dy),
  }),
};

/**
 * (x − mean)/√(variance + epsilon)·scale + shift over the last axis.
 *
 * @param x [… , channels]
 * @param scale [channels]; ones for a normalisation without affine part
 * @param shift [channels]; zeros for one without
 */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
  return runComposition(normComposition, { x, scale, shift }, { epsilon });
}

// GELU, the activation x·Φ(x) with the exact normal distribution function Φ (Hendrycks & Gimpel 2016).

/** Φ(x) = ½·(1 + erf(x/√2)). */
function normalDistribution(x: Tensor): Tensor {
  return mul(add(erf(div(x, Math.SQRT2)), 1), 0.5);
}

const geluComposition: Composition<{ x: Tensor }, Record<string, never>> = {
  name: "Gelu",
  forward: ({ x }) => mul(x, normalDistribution(x)),
  // Φ(x) + x·φ(x), φ being the normal density
  gradient: (dy, { x }) => ({
    x: () => {
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return mul(dy, add(normalDistribution(x), mul(x, density)));
    },
  }),
};

/** x·½·(1 + erf(x/√2)), element by element. */
export function gelu(x: Tensor): Tensor {
  return runComposition(geluComposition, { x }, {});
}

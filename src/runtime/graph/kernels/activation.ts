// Activations by tfjs's name, as its fused kernels take them.
import type { backend_util } from "@tensorflow/tfjs-core";
import type { Recorder, Value } from "../recorder.js";
import { clip, leakyRelu, prelu } from "./elementwise.js";
import { binary, unary } from "./nodes.js";

type Activation = backend_util.Activation;

/** tfjs's default slope of a leaky ReLU in a fused kernel. */
const defaultSlope = 0.2;

/** The activation of `x`; `slopes` are those of "prelu", `slope` that of "leakyrelu". */
function activate(
  graph: Recorder,
  x: Value,
  activation: Activation | undefined,
  slopes: Value | undefined,
  slope = defaultSlope,
): Value {
  switch (activation) {
    case undefined:
    case "linear":
      return x;
    case "relu":
      return unary(graph, "Relu", x);
    case "relu6":
      return clip(graph, x, 0, 6);
    case "elu":
      return unary(graph, "Elu", x);
    case "sigmoid":
      return unary(graph, "Sigmoid", x);
    case "leakyrelu":
      return leakyRelu(graph, x, slope);
    case "prelu":
      return prelu(graph, x, slopes!);
  }
}

/** What a fused kernel adds to its product or convolution: the bias, then the activation. */
export function finishFused(
  graph: Recorder,
  plain: Value,
  inputs: { readonly bias?: Value; readonly preluActivationWeights?: Value },
  attributes: { readonly activation?: Activation; readonly leakyreluAlpha?: number },
): Value {
  const biased = inputs.bias ? binary(graph, "Add", plain, inputs.bias) : plain;
  return activate(
    graph,
    biased,
    attributes.activation,
    inputs.preluActivationWeights,
    attributes.leakyreluAlpha,
  );
}

// Layer normalisation over the channels (Ba, Kiros & Hinton 2016): each row to mean 0 and variance 1, then scaled and
// shifted channel by channel.
import { add, mean, mul, rsqrt, square, sub, sum, type Tensor } from "@tensorflow/tfjs-core";
import { type Composition, runComposition } from "./composite-kernel.js";

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

const composition: Composition<Inputs, { epsilon: number }> = {
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
  return runComposition(composition, { x, scale, shift }, { epsilon });
}

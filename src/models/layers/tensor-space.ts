// Signals as tensors, so that what diffusion/ does to signals in memory, a plan above all, becomes part of a graph: an
// exported one, or one that a loss is trained through.
import * as tf from "@tensorflow/tfjs-core";
import type { SignalSpace } from "../../diffusion/weighted-sum.js";

/** Tensors of one shape. */
export const tensorSpace: SignalSpace<tf.Tensor> = {
  weightedSum: (terms) => tf.addN(terms.map(([factor, signal]) => tf.mul(signal, factor))),
};

// From a function of tensors to the bytes of an ONNX file: what the graph engine runs, and what an export writes.
import type { Signature, TensorFunction } from "../engine.js";
import { checkQuantised } from "../signature.js";
import { traceToGraph } from "./frame-dimension.js";
import type { Graph } from "./graph.js";
import { encodeModel } from "./onnx-model.js";
import { observeInputs, quantiseProducts } from "./quantise.js";

/**
 * Traces a function and writes it as an ONNX model. Inputs and state are the model's inputs by their names, weights its
 * initialisers, results its outputs; a state tensor's next value is the output "next.<name>".
 *
 * @param metadata facts about the model, kept in its metadata_props
 * @param finish what is done to the graph last
 * @throws UnsupportedKernelError, FrameDependenceError, SignatureError
 */
export function traceToOnnx(
  fn: TensorFunction,
  signature: Signature,
  metadata: Readonly<Record<string, string>> = {},
  finish: (graph: Graph) => Graph = (graph) => graph,
): Uint8Array {
  checkQuantised(signature);
  const graph = observeInputs(traceToGraph(fn, signature), signature.observed);
  return encodeModel(finish(quantiseProducts(graph, signature.quantised)), metadata);
}

// A finished graph: what a trace, or several traces of one function at different frame counts, come to. It is close to
// ONNX's GraphProto, with constants still as plain arrays.
import type { Constant, GraphNode, ValueType } from "./recorder.js";

/** An input or output; a size given as text follows the frame count, such as "256*frames". */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly type: ValueType;
}

/** A graph of ONNX nodes in an order in which they can run. */
export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly nodes: readonly GraphNode[];
  /** Shapes of what the nodes give, as far as known: onnxruntime plans its memory by them, far faster than without. */
  readonly values: ReadonlyMap<string, Port>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** The name under which a graph returns a state tensor's next value. */
export function nextStateName(name: string): string {
  return `next.${name}`;
}

/** The graph without nodes and constants that no output needs; a gradient leaves many of them. */
export function withoutUnused(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const kept: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    node.inputs.forEach((name) => needed.add(name));
  }
  const constants = new Map([...graph.constants].filter(([name]) => needed.has(name)));
  return { ...graph, nodes: kept.toReversed(), constants };
}

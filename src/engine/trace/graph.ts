// A finished graph: what a trace, or several traces of one function at different frame counts, come to. It is close to
// ONNX's GraphProto, with constants still as plain arrays.
import type { DataType } from "@tensorflow/tfjs-core";
import type { Constant, GraphNode } from "./recorder.js";

/** An input or output; a size given as text follows the frame count, such as "256*frames". */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly type: DataType;
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

// Equal constants and equal operations of a graph become one. A function that calls a model several times, as a sampler
// does, names the model's transforms and reorders its weights once a call; in the graph they are there once.

/** The graph with each constant and each operation once; outputs keep their names. */
export function shareEqual(graph: Graph): Graph {
  /** what replaces a name that is gone */
  const kept = new Map<string, string>();
  const constants = new Map<string, Constant>();
  const alike = new Map<string, string[]>();
  for (const [name, constant] of graph.constants) {
    const key = fingerprint(constant);
    const names = alike.get(key) ?? [];
    const same = names.find((other) => haveEqualBytes(constant, graph.constants.get(other)!));
    if (same !== undefined) kept.set(name, same);
    else {
      constants.set(name, constant);
      alike.set(key, [...names, name]);
    }
  }
  const first = firstOfEach();
  const isOutput = new Set(graph.outputs.map(({ name }) => name));
  const nodes: GraphNode[] = [];
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map((name) => kept.get(name) ?? name) };
    const isShared = node.outputs.every((name) => !isOutput.has(name));
    const same = isShared ? first(operationKey(node), node.outputs) : undefined;
    if (same) node.outputs.forEach((name, index) => kept.set(name, same[index]));
    else nodes.push(node);
  }
  return { ...graph, nodes, constants };
}

/** Remembers the names that came first under a key: undefined for those, else the names to use instead. */
function firstOfEach(): (key: string, names: readonly string[]) => readonly string[] | undefined {
  const known = new Map<string, readonly string[]>();
  return (key, names) => {
    const same = known.get(key);
    if (!same) known.set(key, names);
    return same;
  };
}

/** What equal constants have in common, and others seldom. */
function fingerprint({ values, shape, type }: Constant): string {
  const array = arrayOf(values);
  let hash = 0;
  for (const word of wordsOf(array)) hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
  return `${type} ${array.constructor.name} [${shape.join()}] ${hash}`;
}

function haveEqualBytes(first: Constant, second: Constant): boolean {
  const [a, b] = [wordsOf(arrayOf(first.values)), wordsOf(arrayOf(second.values))];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

type ConstantArray = Exclude<Constant["values"], readonly number[]>;

function arrayOf(values: Constant["values"]): ConstantArray | Float64Array {
  return Array.isArray(values) ? Float64Array.from(values) : (values as ConstantArray);
}

/** The bits of an array, 32 at a time. */
function wordsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Int32Array {
  if (byteOffset % 4 === 0 && byteLength % 4 === 0) return new Int32Array(buffer, byteOffset, byteLength / 4);
  const padded = new Uint8Array(4 * Math.ceil(byteLength / 4));
  padded.set(new Uint8Array(buffer, byteOffset, byteLength));
  return new Int32Array(padded.buffer);
}

/** Every operation here gives the same for the same inputs. */
function operationKey({ operator, inputs, outputs, attributes }: GraphNode): string {
  return JSON.stringify([operator, inputs, attributes, outputs.length]);
}

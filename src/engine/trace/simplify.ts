// Fewer nodes for the same values, for files that are opened without a cache of compiled graphs: onnxruntime would find
// most of it itself, each time it opens the file. Reshapes of reshapes and of constants, products with their sums in one
// node, a layer's gain in its weights, sums of squares.
import { type Graph, shareEqual, withoutUnused } from "./graph.js";
import type { Constant, GraphNode } from "./recorder.js";

/** The graph with fewer nodes; outputs keep their names. */
export function simplified(graph: Graph): Graph {
  let present = graph;
  for (;;) {
    const next = shareEqual(withoutUnused(new Rewriting(present).run()));
    if (next.nodes.length === present.nodes.length) return next;
    present = next;
  }
}

type Shape = readonly (number | string)[];

/** One pass over the nodes in their order. */
class Rewriting {
  readonly #graph: Graph;
  readonly #constants: Map<string, Constant>;
  readonly #producers = new Map<string, GraphNode>();
  readonly #readers = new Map<string, number>();
  readonly #replaced = new Map<string, string>();
  readonly #outputs: ReadonlySet<string>;
  readonly #scaled = new Map<string, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#constants = new Map(graph.constants);
    this.#outputs = new Set(graph.outputs.map(({ name }) => name));
    for (const { inputs } of graph.nodes) {
      for (const name of inputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    }
  }

  run(): Graph {
    const nodes: GraphNode[] = [];
    for (const original of this.#graph.nodes) {
      const inputs = original.inputs.map((name) => this.#replaced.get(name) ?? name);
      const result = this.#rewrite({ ...original, inputs });
      if (!result) continue;
      nodes.push(result);
      for (const name of result.outputs) this.#producers.set(name, result);
    }
    return { ...this.#graph, nodes, constants: this.#constants };
  }

  /** The node in its simplest form; undefined where another value stands for what it gives. */
  #rewrite(node: GraphNode): GraphNode | undefined {
    if (node.outputs.some((name) => this.#outputs.has(name))) return node;
    switch (node.operator) {
      case "Reshape":
        return this.#reshape(node);
      case "Transpose":
        return this.#foldTranspose(node);
      case "Add":
        return this.#isNeutral(node, 0) ? undefined : this.#sumOfProduct(node);
      case "Mul":
        return this.#isNeutral(node, 1) ? undefined : this.#gain(node);
      case "ReduceSum":
        return this.#sumOfSquares(node);
      default:
        return node;
    }
  }

  #reshape(node: GraphNode): GraphNode | undefined {
    const [name] = node.outputs;
    const shape = this.#graph.values.get(name)?.shape;
    const constant = this.#constants.get(node.inputs[0]);
    if (constant && shape && isFixed(shape)) {
      const { values, type } = constant;
      this.#fold(node, { values, shape, type });
      return;
    }
    const before = this.#producers.get(node.inputs[0]);
    const source = before?.operator === "Reshape" ? before.inputs[0] : node.inputs[0];
    if (shape && sameShape(this.#shapeOf(source), shape)) {
      this.#stands(source, name);
      return;
    }
    return { ...node, inputs: [source, node.inputs[1]] };
  }

  #foldTranspose(node: GraphNode): GraphNode | undefined {
    const constant = this.#constants.get(node.inputs[0]);
    const { perm } = node.attributes;
    if (constant?.type !== "float32" || !("ints" in perm)) return node;
    this.#fold(node, transposed(constant, perm.ints));
  }

  /** Whether a node adds zero or multiplies by one; then what it does that to stands for it. */
  #isNeutral(node: GraphNode, neutral: number): boolean {
    const shape = this.#graph.values.get(node.outputs[0])?.shape;
    const place = node.inputs.findIndex((name) => {
      const constant = this.#constants.get(name);
      return constant?.values.length === 1 && constant.values[0] === neutral;
    });
    if (place < 0 || !shape || !sameShape(this.#shapeOf(node.inputs[1 - place]), shape)) return false;
    this.#stands(node.inputs[1 - place], node.outputs[0]);
    return true;
  }

  /** A matrix product and what is added to it: a row, a column or a matrix. */
  #sumOfProduct(node: GraphNode): GraphNode {
    for (const [place, name] of node.inputs.entries()) {
      const product = this.#producers.get(name);
      const other = node.inputs[1 - place];
      if (!product || !isPlainProduct(product) || this.#readers.get(name) !== 1) continue;
      const shape = this.#graph.values.get(node.outputs[0])?.shape;
      const added = this.#shapeOf(other);
      if (shape?.length !== 2 || !sameShape(this.#shapeOf(name), shape)) continue;
      if (!added || !broadcasts(added, shape) || !this.#isMatrix(product.inputs)) continue;
      return { ...product, operator: "Gemm", inputs: [...product.inputs, other], outputs: node.outputs };
    }
    return node;
  }

  /** A row of constants that a layer's results are multiplied with goes into its weights. */
  #gain(node: GraphNode): GraphNode {
    for (const [place, name] of node.inputs.entries()) {
      const layer = this.#producers.get(name);
      const gain = this.#constants.get(node.inputs[1 - place]);
      if (layer?.operator !== "Gemm" || layer.inputs.length !== 3 || this.#readers.get(name) !== 1) continue;
      if (Object.keys(layer.attributes).length > 0 || gain?.shape.length !== 1) continue;
      const [weight, bias] = layer.inputs.slice(1).map((input) => this.#constants.get(input));
      if (!weight || bias?.shape.length !== 1 || weight.shape[1] !== gain.shape[0]) continue;
      const gainName = node.inputs[1 - place];
      const inputs = [
        layer.inputs[0],
        this.#times(layer.inputs[1], weight, gainName, gain),
        this.#times(layer.inputs[2], bias, gainName, gain),
      ];
      return { ...layer, inputs, outputs: node.outputs };
    }
    return node;
  }

  /** The name of a constant whose columns are multiplied with a row. */
  #times(name: string, matrix: Constant, rowName: string, row: Constant): string {
    const { values, shape, type } = matrix;
    const key = `${name} * ${rowName}`;
    if (!this.#scaled.has(key)) {
      const width = row.values.length;
      const products = Float32Array.from(
        { length: values.length },
        (_, i) => values[i] * row.values[i % width],
      );
      this.#constants.set(key, { values: products, shape, type, product: { matrix, row } });
      this.#scaled.set(key, key);
    }
    return key;
  }

  #sumOfSquares(node: GraphNode): GraphNode {
    const square = this.#producers.get(node.inputs[0]);
    if (square?.operator !== "Mul" || square.inputs[0] !== square.inputs[1]) return node;
    if (this.#readers.get(node.inputs[0]) !== 1) return node;
    return { ...node, operator: "ReduceSumSquare", inputs: [square.inputs[0], node.inputs[1]] };
  }

  #fold({ outputs: [name] }: GraphNode, constant: Constant): undefined {
    this.#constants.set(name, constant);
    return undefined;
  }

  #stands(source: string, name: string): undefined {
    this.#replaced.set(name, source);
    return undefined;
  }

  #shapeOf(name: string): Shape | undefined {
    return (
      this.#constants.get(name)?.shape ??
      this.#graph.values.get(name)?.shape ??
      this.#graph.inputs.find((port) => port.name === name)?.shape
    );
  }

  #isMatrix(names: readonly string[]): boolean {
    return names.every((name) => this.#shapeOf(name)?.length === 2);
  }
}

function isPlainProduct({ operator, inputs }: GraphNode): boolean {
  return (operator === "MatMul" || operator === "Gemm") && inputs.length === 2;
}

function isFixed(shape: Shape): shape is readonly number[] {
  return shape.every((size) => typeof size === "number");
}

function sameShape(a: Shape | undefined, b: Shape): boolean {
  return a?.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Whether a matrix can have it added: each of its sizes is the matrix's or 1. */
function broadcasts(added: Shape, shape: Shape): boolean {
  return added.length <= 2 && added.toReversed().every((size, i) => size === 1 || size === shape.at(-1 - i));
}

function transposed({ values, shape, type }: Constant, order: readonly number[]): Constant {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, next) => size * next, 1));
  const sizes = order.map((axis) => shape[axis]);
  const result = new Float32Array(values.length);
  const index = sizes.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = values[order.reduce((from, axis, place) => from + index[place] * strides[axis], 0)];
    for (let place = sizes.length - 1; place >= 0; place--) {
      if (++index[place] < sizes[place]) break;
      index[place] = 0;
    }
  }
  return { values: result, shape: sizes, type };
}

// Linear layers in 8 bits: x·W + b with x [rows, inputs] float32 becomes QuantizeLinear (uint8, a fixed scale and zero
// point) and MatMulIntegerToFloat (int8 weights, one scale a column, float32 bias), onnxruntime's own operator and the
// fastest of its forms on x86 with VNNI; int8 inputs in place of uint8 are ten times slower there. Sums are exact
// integers and scales are fixed, so a row's result depends on nothing but the row.
import { SignatureError } from "../../errors.js";
import { type InputQuantisation, observedName } from "../engine.js";
import { type Graph, withoutUnused } from "./graph.js";
import type { Constant, GraphNode } from "./recorder.js";

/**
 * The largest weight. Processors with AVX2 but no VNNI add pairs of products in 16 bits, where 2·255·127 does not fit
 * and 2·255·63 does: so every processor gives the same bits. mask-net's ε error does not mind (bench/int8.js).
 */
const WEIGHT_LIMIT = 63;

/** The graph with the inputs of these weights' products as results. */
export function observeInputs(graph: Graph, observed: readonly string[] = []): Graph {
  const constants = new FoldedConstants(graph);
  const taps = observed.map((weight) => {
    const [product] = productsOf(graph, constants, weight);
    const [input] = product.inputs;
    const inputs = constants.shapeOf(weight)[0];
    const node = { operator: "Identity", inputs: [input], outputs: [observedName(weight)], attributes: {} };
    const port = { name: observedName(weight), shape: ["rows", inputs], type: "float32" as const };
    return { node: { ...node, origin: "output" }, port };
  });
  return {
    ...graph,
    nodes: [...graph.nodes, ...taps.map(({ node }) => node)],
    outputs: [...graph.outputs, ...taps.map(({ port }) => port)],
  };
}

/**
 * The graph with these weights' products in 8 bits.
 *
 * @param quantised how the input of each weight's product becomes 8-bit
 * @throws SignatureError if no product has such a weight
 */
export function quantiseProducts(
  graph: Graph,
  quantised: Readonly<Record<string, InputQuantisation>> = {},
): Graph {
  const folded = new FoldedConstants(graph);
  const constants = new Map(graph.constants);
  const replacements = new Map<GraphNode, readonly GraphNode[]>();
  for (const [weight, quantisation] of Object.entries(quantised)) {
    for (const product of productsOf(graph, folded, weight)) {
      const bias = biasOf(graph, folded, product);
      const parts = quantisedProduct(product, folded.valueOf(product.inputs[1])!, quantisation, bias);
      for (const [name, constant] of parts.constants) constants.set(name, constant);
      replacements.set(product, bias ? [] : parts.nodes);
      if (bias) replacements.set(bias.node, parts.nodes);
    }
  }
  if (replacements.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node) => replacements.get(node) ?? [node]);
  return withoutUnused({ ...graph, nodes, constants });
}

/** A sum that follows a product, with a bias as its other operand. */
interface Bias {
  readonly node: GraphNode;
  readonly value: Constant;
}

/** The nodes of one product. They give what the sum gave, or the product where there is none. */
function quantisedProduct(
  product: GraphNode,
  weight: Constant,
  { scale, zeroPoint }: InputQuantisation,
  bias: Bias | undefined,
): { nodes: GraphNode[]; constants: [string, Constant][] } {
  const [output] = (bias?.node ?? product).outputs;
  const named = (part: string): string => `${output}.${part}`;
  const { values, scales } = quantiseColumns(weight);
  const columns = [weight.shape[1]];
  const constants: [string, Constant][] = [
    [named("scale"), { shape: [], type: "float32", values: [scale] }],
    [named("zero"), { shape: [], type: "uint8", values: [zeroPoint] }],
    [named("weight"), { shape: weight.shape, type: "int8", values }],
    [named("scales"), { shape: columns, type: "float32", values: scales }],
  ];
  if (bias) constants.push([named("bias"), { shape: columns, type: "float32", values: bias.value.values }]);
  const { origin } = product;
  const input = [named("scale"), named("zero")];
  const toFloat = [named("input"), named("weight"), input[0], named("scales"), input[1], ""];
  const nodes: GraphNode[] = [
    {
      operator: "QuantizeLinear",
      inputs: [product.inputs[0], ...input],
      outputs: [named("input")],
      attributes: {},
      origin,
    },
    {
      domain: "com.microsoft",
      operator: "MatMulIntegerToFloat",
      inputs: bias ? [...toFloat, named("bias")] : toFloat,
      outputs: [output],
      attributes: {},
      origin,
    },
  ];
  return { nodes, constants };
}

/** A matrix [inputs, outputs] as int8 values and a scale for each output: W ≈ scales·values. */
function quantiseColumns({ shape, values }: Pick<Constant, "shape" | "values">): {
  values: Int8Array;
  scales: Float32Array;
} {
  const [rows, columns] = shape;
  const scales = new Float32Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      scales[column] = Math.max(scales[column], Math.abs(values[row * columns + column]));
    }
  }
  for (let column = 0; column < columns; column++) scales[column] = scales[column] / WEIGHT_LIMIT || 1;
  const quantised = new Int8Array(rows * columns);
  for (let index = 0; index < quantised.length; index++) {
    quantised[index] = Math.round(values[index] / scales[index % columns]);
  }
  return { values: quantised, scales };
}

/** The products whose right matrix is a weight, or a weight in another order. */
function productsOf({ nodes }: Graph, constants: FoldedConstants, weight: string): GraphNode[] {
  const products = nodes.filter(
    ({ operator, inputs, attributes }) =>
      (operator === "MatMul" || operator === "Gemm") &&
      inputs.length === 2 &&
      constants.sourceOf(inputs[1]) === weight &&
      Object.values(attributes).every((attribute) => "int" in attribute && attribute.int === 0),
  );
  if (products.length > 0) return products;
  throw new SignatureError(weight, `No matrix product has '${weight}' as its right matrix.`);
}

/** The sum of a product and a row of constants, if nothing else reads the product. */
function biasOf(graph: Graph, constants: FoldedConstants, product: GraphNode): Bias | undefined {
  const [name] = product.outputs;
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(name));
  const [node] = readers;
  if (readers.length !== 1 || node.operator !== "Add") return undefined;
  const value = constants.valueOf(node.inputs[0] === name ? node.inputs[1] : node.inputs[0]);
  const columns = constants.shapeOf(product.inputs[1])[1];
  return value?.shape.length === 1 && value.shape[0] === columns ? { node, value } : undefined;
}

/** Constants of a graph, also those that a Gather by constant positions puts in another order. */
class FoldedConstants {
  readonly #constants: ReadonlyMap<string, Constant>;
  readonly #gathers: ReadonlyMap<string, GraphNode>;

  constructor({ nodes, constants }: Graph) {
    this.#constants = constants;
    this.#gathers = new Map(
      nodes.filter(({ operator }) => operator === "Gather").map((node) => [node.outputs[0], node]),
    );
  }

  /** The constant that a value is, or is made of. */
  sourceOf(name: string): string | undefined {
    if (this.#constants.has(name)) return name;
    const gather = this.#gathers.get(name);
    if (!gather || !this.#constants.has(gather.inputs[1])) return undefined;
    return this.sourceOf(gather.inputs[0]);
  }

  valueOf(name: string): Constant | undefined {
    const gather = this.#gathers.get(name);
    if (!gather) return this.#constants.get(name);
    const from = this.valueOf(gather.inputs[0]);
    const positions = this.#constants.get(gather.inputs[1]);
    return from && positions ? gathered(from, positions, axisOf(gather)) : undefined;
  }

  shapeOf(name: string): readonly number[] {
    return this.valueOf(name)!.shape;
  }
}

function axisOf({ attributes }: GraphNode): number {
  const { axis } = attributes;
  return "int" in axis ? axis.int : 0;
}

/** A vector's or matrix's elements, rows or columns at these positions. */
function gathered({ values, shape, type }: Constant, positions: Constant, axis: number): Constant {
  const order = positions.values;
  const columns = shape[1] ?? 1;
  const size = [...shape];
  size[axis] = order.length;
  const resultColumns = size[1] ?? 1;
  const result = Float32Array.from({ length: size[0] * resultColumns }, (_, index) => {
    const row = Math.floor(index / resultColumns);
    const column = index % resultColumns;
    return axis === 0 ? values[order[row] * columns + column] : values[row * columns + order[column]];
  });
  return { values: result, shape: size, type };
}

// Weights in 16 bits without loss: a float32 constant whose values are all float16 numbers, or are once doubled, is
// stored as float16, and a Cast makes it what it was. onnxruntime does that once, when it opens the file.
import { narrowToFloat16, widenFloat16 } from "../../formats/bytes.js";
import type { Graph, Port } from "./graph.js";
import { onnxTypes } from "./kernels/nodes.js";
import type { Constant, GraphNode } from "./recorder.js";

/** Smaller constants stay as they are: a node takes more than they would save. */
const FEWEST = 1024;

/** The graph with constants as float16 where that loses nothing; every value is what it was, bit for bit. */
export function withHalfWeights(graph: Graph): Graph {
  const constants = new Map<string, Constant>();
  const nodes: GraphNode[] = [];
  const values = new Map(graph.values);
  const emit = (operator: string, inputs: string[], output: string, attributes = {}): void => {
    nodes.push({ operator, inputs, outputs: [output], attributes, origin: "weights" });
  };
  const known = (name: string, { shape }: Constant): Port => ({ name, shape, type: "float32" });
  const keep = (name: string, constant: Constant): void => {
    const halves = halvesOf(constant);
    if (!halves) {
      constants.set(name, constant);
      return;
    }
    const { bits, scale } = halves;
    const half = `${name}.half`;
    constants.set(half, { shape: constant.shape, type: "float16", values: bits });
    const whole = scale === 1 ? name : `${name}.scaled`;
    emit("Cast", [half], whole, { to: { int: onnxTypes.float32! } });
    if (scale !== 1) {
      constants.set("half.scale", { shape: [], type: "float32", values: [1 / scale] });
      emit("Mul", [whole, "half.scale"], name);
      values.set(whole, known(whole, constant));
    }
    values.set(name, known(name, constant));
  };
  for (const [name, constant] of graph.constants) {
    const { product } = constant;
    if (product && halvesOf(product.matrix)) {
      for (const factor of ["matrix", "row"] as const) keep(`${name}.${factor}`, product[factor]);
      emit("Mul", [`${name}.matrix`, `${name}.row`], name);
      values.set(name, known(name, constant));
    } else keep(name, constant);
  }
  return { ...graph, nodes: [...nodes, ...graph.nodes], constants, values };
}

/** The share of some arrays' values that are in arrays which would be stored so. */
export function halfShare(weights: Iterable<Float32Array>): number {
  let [exact, all] = [0, 0];
  for (const values of weights) {
    all += values.length;
    if (halvesOf({ values, shape: [values.length], type: "float32" })) exact += values.length;
  }
  return all === 0 ? 0 : exact / all;
}

/** A constant's bits in float16, and what its values are multiplied with before; undefined where digits are lost. */
function halvesOf({ values, type }: Constant): { bits: Uint16Array; scale: 1 | 2 } | undefined {
  if (type !== "float32" || !(values instanceof Float32Array) || values.length < FEWEST) return undefined;
  // half a float16 number below 2⁻¹³ may have a digit more than float16
  for (const scale of [1, 2] as const) {
    const scaled = scale === 1 ? values : values.map((value) => scale * value);
    const bits = narrowToFloat16(scaled);
    if (areHalves(scaled, bits)) return { bits, scale };
  }
  return undefined;
}

function areHalves(values: Float32Array, bits: Uint16Array): boolean {
  return widenFloat16(bits).every((value, i) => Object.is(value, values[i]));
}

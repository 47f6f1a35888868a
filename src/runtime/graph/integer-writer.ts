// Writes the shape integers of a graph: as constants where they are the same at every frame count, else so that they
// follow the graph's input; see ./frame-dimension.ts.
import { FrameDependenceError } from "../errors.js";
import { fitLinear, type Linear, linearText } from "./linear.js";
import type { Constant, GraphNode, IntegerUse, IntegerVector } from "./recorder.js";

/** ONNX's Slice reads any limit beyond the axis as its end. */
const endOfAxis = Number.MAX_SAFE_INTEGER;

/** The input dimension (times·frames + plus) from which a running graph learns its frame count. */
export interface Anchor {
  readonly input: string;
  readonly axis: number;
  readonly times: number;
  readonly plus: number;
}

/** Collects the constants, and the nodes that compute varying integers, each of them once. */
export class IntegerWriter {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Constant>();
  private readonly computed = new Map<string, string>();

  /**
   * @param frameCounts the frame counts of the traces
   * @param anchor where the graph reads its frame count; undefined if nothing varies
   */
  constructor(
    private readonly frameCounts: readonly number[],
    private readonly anchor: Anchor | undefined,
  ) {}

  /**
   * The name of an int64 tensor with these integers.
   *
   * @param vectors the vector in each trace
   * @param origin tfjs's kernel that uses it, for the message
   * @throws FrameDependenceError if one of them is not linear in the frame count
   */
  write(vectors: readonly IntegerVector[], origin: string): string {
    const [{ use, values }] = vectors;
    const elements = values.map((_, index) => this.element(vectors, index, origin));
    const fixed = withoutVariation(elements, use);
    if (fixed) return this.constant(fixed);
    const key = `[${elements.map((element) => this.text(element)).join()}]`;
    return this.once(key, () => {
      const parts = elements.map((element) =>
        typeof element === "number" ? this.constant([element]) : this.evaluate(element),
      );
      return parts.length === 1 ? parts[0] : this.node("Concat", parts, key, { axis: { int: 0 } });
    });
  }

  private element(vectors: readonly IntegerVector[], index: number, origin: string): number | Linear {
    const values = vectors.map((vector) => vector.values[index]);
    const element = fitLinear(this.frameCounts, values);
    if (element !== undefined && typeof element !== "number" && vectors[0].use.kind === "limits") {
      return this.fromTheEnd(vectors, index) ?? element;
    }
    if (element === undefined) {
      const seen = this.frameCounts.map((count, each) => `${values[each]} at ${count} frames`);
      throw new FrameDependenceError(`a size in tfjs's kernel ${origin} is ${seen.join(", ")}`);
    }
    return element;
  }

  /** A limit at a fixed distance from the end of its axis, as ONNX's negative index. */
  private fromTheEnd(vectors: readonly IntegerVector[], index: number): number | undefined {
    const distances = vectors.map(({ values, use }) =>
      use.kind === "limits" ? values[index] - use.sizes[index] : Number.NaN,
    );
    const distance = fitLinear(this.frameCounts, distances);
    if (typeof distance !== "number") return undefined;
    return distance === 0 ? endOfAxis : distance;
  }

  /** (numerator·frames + offset) / divisor as a tensor of one element. */
  private evaluate({ numerator, offset, divisor }: Linear): string {
    let value = this.frameCount();
    if (numerator !== 1)
      value = this.node("Mul", [value, this.constant([numerator])], `${value}*${numerator}`);
    if (offset !== 0) value = this.node("Add", [value, this.constant([offset])], `${value}+${offset}`);
    if (divisor !== 1) value = this.node("Div", [value, this.constant([divisor])], `${value}/${divisor}`);
    return value;
  }

  /** The frame count as a tensor of one element: the anchored size, solved for it. */
  private frameCount(): string {
    if (!this.anchor) throw new Error("a size varies in a graph without frame dimensions");
    const { input, axis, times, plus } = this.anchor;
    const shape = this.node("Shape", [input], "shape of the input");
    let value = this.node("Gather", [shape, this.constant([axis])], "anchored size", { axis: { int: 0 } });
    if (plus !== 0)
      value = this.node("Sub", [value, this.constant([plus])], "anchored size without its offset");
    if (times !== 1) value = this.node("Div", [value, this.constant([times])], "frame count");
    return value;
  }

  private constant(values: readonly number[]): string {
    return this.once(`[${values.join()}]`, (name) => {
      this.constants.set(name, { values, shape: [values.length], type: "int32" });
      return name;
    });
  }

  private node(
    operator: string,
    inputs: readonly string[],
    key: string,
    attributes: GraphNode["attributes"] = {},
  ): string {
    return this.once(key, (name) => {
      this.nodes.push({ operator, inputs, outputs: [name], attributes, origin: "frame count" });
      return name;
    });
  }

  private once(key: string, make: (name: string) => string): string {
    const known = this.computed.get(key);
    if (known) return known;
    const name = make(`size.${this.computed.size}`);
    this.computed.set(key, name);
    return name;
  }

  private text(element: number | Linear): string {
    return typeof element === "number" ? String(element) : linearText(element);
  }
}

/** The integers as constants, if nothing varies or a Reshape can work out the one element that does. */
function withoutVariation(elements: readonly (number | Linear)[], use: IntegerUse): number[] | undefined {
  const varying = elements.filter((element) => typeof element !== "number").length;
  if (varying > (use.kind === "reshape" ? 1 : 0)) return undefined;
  return elements.map((element) => (typeof element === "number" ? element : -1));
}

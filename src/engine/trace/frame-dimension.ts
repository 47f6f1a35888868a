// One graph for every frame count. tfjs's shapes are numbers, so a trace holds for one size only. Therefore a function
// is traced at three frame counts: the traces must agree in every node, and every integer of a shape must be a linear
// function of the frame count, found from two traces and proved on the third. Integers that vary are then written so
// that they follow the input: as −1 in a Reshape, from the end of the axis in a Slice, or computed from the input's own
// shape. (One graph for each length would need neither, but would compile anew at each length and hold the weights as
// often; symbolic shapes inside tfjs are impossible, since models compute with tensor.shape.)
import { FrameDependenceError, SignatureError } from "../../errors.js";
import type { Signature, TensorFunction } from "../engine.js";
import { type Graph, type Port, shareEqual, withoutUnused } from "./graph.js";
import type { Constant, GraphNode, IntegerUse, IntegerVector, Value } from "./recorder.js";
import { trace, type Trace } from "./trace.js";

// Shape integers as functions of the frame count: (numerator·frames + offset) / divisor.

/** A size that follows the frame count; the division leaves no remainder where the function is defined. */
interface Linear {
  readonly numerator: number;
  readonly offset: number;
  readonly divisor: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b);
}

/**
 * The linear function through values at several frame counts.
 *
 * @returns a number if they are all equal, undefined if no linear function passes through all of them
 */
export function fitLinear(
  frameCounts: readonly number[],
  values: readonly number[],
): number | Linear | undefined {
  const [first] = values;
  if (values.every((value) => value === first)) return first;
  const rise = values[1] - first;
  const run = frameCounts[1] - frameCounts[0];
  const common = greatestCommonDivisor(rise, run);
  const [numerator, divisor] = [rise / common, run / common];
  const offset = first * divisor - numerator * frameCounts[0];
  const fits = values.every((value, index) => value * divisor === numerator * frameCounts[index] + offset);
  return fits ? { numerator, offset, divisor } : undefined;
}

/** The function in words, as a name of an ONNX dimension: "frames", "256*frames", "(frames+3)/4". */
export function linearText({ numerator, offset, divisor }: Linear): string {
  const product = numerator === 1 ? "frames" : `${numerator}*frames`;
  const sum = offset === 0 ? product : `${product}${offset < 0 ? "-" : "+"}${Math.abs(offset)}`;
  if (divisor === 1) return sum;
  return offset === 0 ? `${sum}/${divisor}` : `(${sum})/${divisor}`;
}

// Writes the shape integers of a graph: as constants where they are the same at every frame count, else so that they
// follow the graph's input; see ./frame-dimension.ts.

/** ONNX's Slice reads any limit beyond the axis as its end. */
const endOfAxis = Number.MAX_SAFE_INTEGER;

/** The input dimension (times·frames + plus) from which a running graph learns its frame count. */
interface Anchor {
  readonly input: string;
  readonly axis: number;
  readonly times: number;
  readonly plus: number;
}

/** Collects the constants, and the nodes that compute varying integers, each of them once. */
class IntegerWriter {
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

/** Multiples of 32, so that functions which cut the frames into equal groups can be traced. */
const tracedFrameCounts = [64, 96, 160] as const;

/** Traces a function to a graph that serves every frame count, if its signature has frame dimensions. */
export function traceToGraph(fn: TensorFunction, signature: Signature): Graph {
  const anchor = frameAnchor(signature);
  const traces = anchor
    ? tracedFrameCounts.map((count) => trace(fn, signature, count))
    : [trace(fn, signature, 0)];
  return shareEqual(withoutUnused(merge(traces, anchor)));
}

function frameAnchor(signature: Signature): Anchor | undefined {
  for (const [input, { shape }] of Object.entries(signature.inputs)) {
    for (const [axis, dimension] of shape.entries()) {
      if (typeof dimension !== "number") return { input, axis, ...dimension };
    }
  }
  return undefined;
}

function merge(traces: readonly Trace[], anchor: Anchor | undefined): Graph {
  const [first] = traces;
  checkNodes(traces);
  checkConstants(traces);
  const writer = new IntegerWriter(tracedFrameCounts, anchor);
  const aliases = new Map<string, string>();
  const originOf = originsOf(first);
  for (const name of first.recorder.integerVectors.keys()) {
    const vectors = traces.map(({ recorder }) => recorder.integerVectors.get(name)!);
    aliases.set(name, writer.write(vectors, originOf(name)));
  }
  const nodes = first.recorder.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => aliases.get(name) ?? name),
  }));
  return {
    inputs: mergePorts(traces, (each) => each.inputs),
    outputs: mergePorts(traces, (each) => each.outputs),
    nodes: [...writer.nodes, ...nodes],
    values: mergeValues(traces),
    constants: new Map([...first.recorder.constants, ...writer.constants]),
  };
}

/** What first used each value, for messages. */
function originsOf({ recorder }: Trace): (name: string) => string {
  const origins = new Map<string, string>();
  for (const { inputs, origin } of recorder.nodes) {
    for (const name of inputs) if (!origins.has(name)) origins.set(name, origin);
  }
  return (name) => origins.get(name) ?? "an unused value";
}

function checkNodes(traces: readonly Trace[]): void {
  const [first, ...others] = traces.map(({ recorder }) => recorder.nodes);
  for (const nodes of others) {
    if (nodes.length !== first.length) {
      throw new FrameDependenceError(
        `at ${tracedFrameCounts[0]} frames it has ${first.length} operations and at another count ${nodes.length}`,
      );
    }
    const different = first.find((node, index) => !sameNode(node, nodes[index]));
    if (different) {
      throw new FrameDependenceError(
        `an operation of tfjs's kernel ${different.origin} changes with the frame count`,
      );
    }
  }
}

function sameNode(a: GraphNode, b: GraphNode): boolean {
  return (
    a.operator === b.operator &&
    a.inputs.join() === b.inputs.join() &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}

function checkConstants(traces: readonly Trace[]): void {
  const [first, ...others] = traces;
  for (const [name, constant] of first.recorder.constants) {
    for (const { recorder } of others) {
      if (sameConstant(constant, recorder.constants.get(name)!)) continue;
      throw new FrameDependenceError(
        `a constant of shape [${constant.shape.join(", ")}] in tfjs's kernel ${originsOf(first)(name)} depends on it`,
      );
    }
  }
}

function sameConstant(a: Constant, b: Constant): boolean {
  if (a.values === b.values) return true;
  return a.shape.join() === b.shape.join() && a.values.every((value, index) => value === b.values[index]);
}

/** The values between the nodes, those with a size that is not linear in the frame count left out. */
function mergeValues(traces: readonly Trace[]): Map<string, Port> {
  const [first] = traces;
  const ports = new Map<string, Port>();
  for (const { name, type } of first.recorder.traced.values()) {
    const shape = mergeShape(traces.map(({ recorder }) => recorder.traced.get(name)!.shape));
    if (shape.every((size) => size !== undefined)) ports.set(name, { name, type, shape });
  }
  return ports;
}

/** Sizes as functions of the frame count; undefined where one is not linear in it. */
function mergeShape(shapes: readonly (readonly number[])[]): (number | string | undefined)[] {
  return shapes[0].map((_, axis) => {
    const size = fitLinear(
      tracedFrameCounts,
      shapes.map((shape) => shape[axis]),
    );
    return typeof size === "object" ? linearText(size) : size;
  });
}

function mergePorts(traces: readonly Trace[], select: (each: Trace) => readonly Value[]): Port[] {
  const [first] = traces;
  return select(first).map(({ name, type }, index) => {
    if (type !== "float32" && type !== "int32") {
      throw new SignatureError(name, `The result '${name}' is of type ${type}; cast it to float32 or int32.`);
    }
    const shape = mergeShape(traces.map((each) => select(each)[index].shape)).map((size, axis) => {
      if (size !== undefined) return size;
      throw new FrameDependenceError(`dimension ${axis} of '${name}' is not linear in it`);
    });
    return { name, type, shape };
  });
}

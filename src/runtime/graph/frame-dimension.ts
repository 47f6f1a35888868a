// One graph for every frame count. tfjs's shapes are numbers, so a trace holds for one size only. Therefore a function
// is traced at three frame counts: the traces must agree in every node, and every integer of a shape must be a linear
// function of the frame count, found from two traces and proved on the third. Integers that vary are then written so
// that they follow the input: as −1 in a Reshape, from the end of the axis in a Slice, or computed from the input's own
// shape. (One graph for each length would need neither, but would compile anew at each length and hold the weights as
// often; symbolic shapes inside tfjs are impossible, since models compute with tensor.shape.)
import { FrameDependenceError, SignatureError } from "../errors.js";
import type { Signature, TensorFunction } from "../runtime.js";
import { type Graph, type Port, withoutUnused } from "./graph.js";
import { type Anchor, IntegerWriter } from "./integer-writer.js";
import { fitLinear, linearText } from "./linear.js";
import type { Constant, GraphNode, Value } from "./recorder.js";
import { shareEqual } from "./share-equal.js";
import { trace, type Trace } from "./trace.js";

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

// What one trace records: ONNX nodes in the order in which tfjs ran its kernels, and the constants it met. Names are
// counted, so two traces of one function at different frame counts give the same names, which lets ./frame-dimension.ts
// compare them. Integers that describe shapes are kept apart from data for that reason.
import type { DataType, TypedArray } from "@tensorflow/tfjs-core";

// Where in the caller's code a tfjs op was called: the first stack frame outside tfjs and outside the tracer.

const tracerFolder = decodeURI(new URL(".", import.meta.url).pathname);

/** The caller's frame as "function (file:line:column)"; "an unknown place" if the stack has none. */
export function callerFrame(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  const frame = stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .map((line) => line.slice("    at ".length))
    .find(
      (line) =>
        !/[\\/](@tensorflow|tfjs-core)[\\/]/.test(line) &&
        !readable(line).includes(tracerFolder) &&
        !line.includes("node:"),
    );
  return frame ?? "an unknown place";
}

/** A frame with its file's address as it is written in a path. */
function readable(line: string): string {
  try {
    return decodeURI(line);
  } catch {
    return line;
  }
}

/** An attribute of an ONNX node, by its kind. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** An ONNX node; inputs and outputs are names of values ("" is an omitted optional input). */
export interface GraphNode {
  /** ONNX's operator set unless given. */
  readonly domain?: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** tfjs's kernel that asked for it and the caller's scope, for messages. */
  readonly origin: string;
}

/** A tensor of the graph while it is traced, with the shape it has in this trace. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DataType;
}

/** Element types of constants: values', the two that quantised products read, and weights that a Cast widens. */
export type ConstantType = DataType | "int8" | "uint8" | "float16";

/** A constant tensor: tfjs's int32 is ONNX's int64 here, so `values` hold plain numbers until they are written. */
export interface Constant {
  readonly shape: readonly number[];
  readonly type: ConstantType;
  /** float16 as its bits. */
  readonly values: TypedArray | Int8Array | Uint16Array | readonly number[];
  /** What it is the product of, where it was multiplied ahead: a matrix and a factor for each of its columns. */
  readonly product?: { readonly matrix: Constant; readonly row: Constant };
}

/** How a vector of shape integers is used, which tells what can replace those that follow the frame count. */
export type IntegerUse =
  /** a Reshape's target: one varying element becomes −1 */
  | { readonly kind: "reshape" }
  /** limits of a Slice along axes of these sizes: those at a fixed distance from the end are counted from there */
  | { readonly kind: "limits"; readonly sizes: readonly number[] }
  /** anything else: varying elements are computed from the input's shape */
  | { readonly kind: "plain" };

/** A one-dimensional int64 tensor that describes shapes. */
export interface IntegerVector {
  readonly values: readonly number[];
  readonly use: IntegerUse;
}

/** Records one trace. */
export class Recorder {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Constant>();
  readonly integerVectors = new Map<string, IntegerVector>();
  /** Every value of this trace, by name. */
  readonly traced = new Map<string, Value>();
  /** tfjs's kernels in the order in which they were called. */
  readonly kernels: string[] = [];
  private count = 0;
  private readonly scalars = new Map<string, Value>();
  private readonly uniform = new Map<string, number>();
  private readonly values = new WeakMap<object, Value>();

  /** The value behind tfjs's data, if this trace knows it. */
  valueOf(dataId: object): Value | undefined {
    return this.values.get(dataId);
  }

  /** Ties a value to tfjs's data. */
  bind(dataId: object, value: Value): void {
    this.values.set(dataId, value);
  }

  /** Whether the recorder may give this name itself. */
  isReserved(name: string): boolean {
    return /^[vci]\d+$|^size\.\d+$/.test(name);
  }

  /** A constant under its own name. */
  weight(name: string, values: TypedArray, shape: readonly number[], type: DataType): Value {
    this.constants.set(name, { values, shape, type });
    return this.keep({ name, shape, type });
  }

  /** Makes a value an output of the graph under its own name. */
  output(name: string, value: Value): Value {
    this.nodes.push({
      operator: "Identity",
      inputs: [value.name],
      outputs: [name],
      attributes: {},
      origin: "output",
    });
    return { ...value, name };
  }

  /** Adds a node with one output of this shape. */
  emit(
    operator: string,
    inputs: readonly (Value | string)[],
    shape: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
    type: DataType = "float32",
  ): Value {
    return this.emitAll(operator, inputs, [shape], attributes, type)[0];
  }

  /** Adds a node with one output for each shape. */
  emitAll(
    operator: string,
    inputs: readonly (Value | string)[],
    shapes: readonly (readonly number[])[],
    attributes: Readonly<Record<string, Attribute>> = {},
    type: DataType = "float32",
  ): Value[] {
    const outputs = shapes.map((shape) => this.keep({ name: this.newName("v"), shape, type }));
    this.nodes.push({
      operator,
      inputs: inputs.map((input) => (typeof input === "string" ? input : input.name)),
      outputs: outputs.map(({ name }) => name),
      attributes,
      origin: this.kernels.at(-1) ?? "input",
    });
    return outputs;
  }

  /** A scalar constant; equal ones are shared. */
  scalar(value: number, type: DataType = "float32"): Value {
    const key = `${type} ${Object.is(value, -0) ? "-0" : value}`;
    const known = this.scalars.get(key);
    if (known) return known;
    const constant = this.constant([value], [], type);
    this.scalars.set(key, constant);
    return constant;
  }

  /** A constant tensor; one with a single value throughout is broadcast in the graph, since its size may vary. */
  constant(values: TypedArray | readonly number[], shape: readonly number[], type: DataType): Value {
    if (values.length > 1 && values.every((value) => value === values[0])) {
      return this.full(shape, values[0], type);
    }
    const name = this.newName("c");
    this.constants.set(name, { values, shape: [...shape], type });
    return this.keep({ name, shape, type });
  }

  /** A tensor with one value throughout. */
  full(shape: readonly number[], value: number, type: DataType = "float32"): Value {
    const scalar = this.scalar(value, type);
    if (shape.length === 0) return scalar;
    const expanded = this.emit("Expand", [scalar, this.integers(shape)], shape, {}, type);
    this.uniform.set(expanded.name, value);
    return expanded;
  }

  /** The one value that a tensor has throughout, if it is known. */
  uniformValue(value: Value): number | undefined {
    return this.uniform.get(value.name);
  }

  /** A vector of shape integers, as the name of an int64 tensor. */
  integers(values: readonly number[], use: IntegerUse = { kind: "plain" }): string {
    const name = this.newName("i");
    this.integerVectors.set(name, { values: [...values], use });
    return name;
  }

  /** Remembers a value under its name. */
  keep(value: Value): Value {
    this.traced.set(value.name, value);
    return value;
  }

  private newName(prefix: string): string {
    return `${prefix}${this.count++}`;
  }
}

// NumPy's .npy files, format versions 1.0 to 3.0: a magic string, a header that is a Python literal, the raw values.
// Only floats are read, as float32 in C order; the sizes a header claims are checked before anything is allocated.
// Source: numpy.lib.format (NEP 1).
import { InputError } from "../errors.js";
import { decodeFloats, encodeFloats, floatBytes, latin1Text } from "./bytes.js";

// The header of a .npy file is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (80, 312), }. This
// reads the part of Python's grammar that NumPy can write there: dictionaries, tuples, lists, strings, integers,
// True, False and None. Source: numpy.lib.format.

/** A value of a Python literal; a dictionary is a Map, tuples and lists are arrays, integers are bigints. */
type PythonLiteral =
  string | bigint | boolean | null | readonly PythonLiteral[] | ReadonlyMap<string, PythonLiteral>;

// structured dtypes nest a few levels; more is no header, and would exhaust the stack
const MAX_DEPTH = 32;

/**
 * Reads one Python literal that fills the whole text but for white space around it.
 *
 * @throws SyntaxError with what was expected and where
 */
function parsePythonLiteral(text: string): PythonLiteral {
  let position = 0;

  const fail = (expected: string): never => {
    const found = position < text.length ? `'${text.slice(position, position + 12)}'` : "the end";
    throw new SyntaxError(`expected ${expected} at character ${position}, found ${found}`);
  };
  const skipSpace = (): void => {
    while (position < text.length && " \t\n\r\f".includes(text[position])) position++;
  };
  /** Whether the next character is the one given, which is then passed over. */
  const take = (character: string): boolean => {
    skipSpace();
    if (text[position] !== character) return false;
    position++;
    return true;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  };

  const string = (quote: string): string => {
    let value = "";
    while (!text.startsWith(quote, position)) {
      if (position >= text.length || text[position] === "\n") fail("the end of a string");
      if (text[position] === "\\") {
        position++;
        if (!"\\'\"".includes(text[position] ?? " ")) fail("an escaped quote or backslash");
      }
      value += text[position++];
    }
    position++;
    return value;
  };

  const items = (close: string, depth: number): { values: PythonLiteral[]; commas: number } => {
    const values: PythonLiteral[] = [];
    let commas = 0;
    while (!take(close)) {
      if (commas < values.length) fail(`',' or '${close}'`);
      values.push(value(depth + 1));
      if (take(",")) commas++;
    }
    return { values, commas };
  };

  const dictionary = (depth: number): ReadonlyMap<string, PythonLiteral> => {
    const entries = new Map<string, PythonLiteral>();
    let mayContinue = true;
    while (!take("}")) {
      if (!mayContinue) fail("',' or '}'");
      const key = value(depth + 1);
      if (typeof key !== "string") return fail("a string as key");
      if (entries.has(key)) fail(`the key '${key}' only once`);
      if (!take(":")) fail("':'");
      entries.set(key, value(depth + 1));
      mayContinue = take(",");
    }
    return entries;
  };

  const value = (depth: number): PythonLiteral => {
    if (depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} nested brackets`);
    if (take("'")) return string("'");
    if (take('"')) return string('"');
    if (take("{")) return dictionary(depth);
    if (take("[")) return items("]", depth).values;
    if (take("(")) {
      const { values, commas } = items(")", depth);
      // (80) is the number 80 in brackets; (80,) is a tuple
      return values.length === 1 && commas === 0 ? values[0] : values;
    }
    // Python 2 wrote long integers with an L; twenty digits hold 2⁶⁴
    const integer = match(/[+-]?\d{1,20}(?![\w.])|[+-]?\d{1,20}(?=L(?!\w))/y);
    if (integer !== undefined) {
      match(/L/y);
      return BigInt(integer);
    }
    const word = match(/(?:True|False|None)(?!\w)/y);
    if (word === undefined) return fail("a Python literal");
    return word === "None" ? null : word === "True";
  };

  const result = value(0);
  skipSpace();
  if (position < text.length) fail("the end");
  return result;
}

// what NumPy allows; the product of a million lengths would take minutes
const MAX_DIMENSIONS = 64;
const MAGIC = Uint8Array.from("\x93NUMPY", (character) => character.charCodeAt(0));

/** An array as a .npy file stored it, its values in C order (the last index runs fastest). */
interface NpyArray {
  readonly shape: readonly number[];
  /** May share memory with the file's bytes. */
  readonly data: Float32Array;
  /** NumPy's name of the stored type: "float16", "float32", "float64"; "integer" where those are read. */
  readonly dtype: "float16" | "float32" | "float64" | "integer";
}

/** A .npy file that is damaged, or holds something other than floats (`dtype` says what, in NumPy's short form). */
export class NpyError extends InputError {
  constructor(
    message: string,
    readonly dtype?: string,
  ) {
    super(message);
  }
}

/** Whether a file's first bytes are those of a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a .npy file from its bytes.
 *
 * @param integers reads integers too, rounded to float32
 * @throws NpyError where it is damaged, lies about its size or holds anything but floats
 */
export function parseNpy(bytes: Uint8Array, integers = false): NpyArray {
  const { header, dataStart } = locateHeader(bytes);
  const { descr, fortranOrder, shape } = readHeader(header);
  const integer = integers ? integerOf(descr) : undefined;
  const { encoding, width, decode } = integer ?? floatsOf(descr);
  const stored = bytes.subarray(dataStart);
  const expected = shape.reduce((product, length) => product * length, BigInt(width));
  const described = `${encoding} values of shape (${shape.join(", ")})`;
  if (expected !== BigInt(stored.length)) {
    const verdict = expected > stored.length ? "It was cut off" : "It holds something else besides";
    throw new NpyError(
      `The .npy file claims ${described}, ${expected} bytes, but ${stored.length} bytes follow its header. ` +
        `${verdict}; save the array again with numpy.save.`,
    );
  }
  // a length beyond 2⁵³ can only stand in an array without values, and there no number would be exact
  if (shape.some((length) => length > BigInt(Number.MAX_SAFE_INTEGER)))
    throw new NpyError(`The .npy file claims ${described}, which no array can have.`);
  const lengths = shape.map(Number);
  const values = decode(stored);
  return {
    shape: lengths,
    data: fortranOrder ? toCOrder(values, lengths) : values,
    dtype: encoding,
  };
}

/**
 * The bytes of a version 1.0 .npy file of float32 in C order.
 *
 * @param data as many values as the shape's product
 */
export function encodeNpy(shape: readonly number[], data: Float32Array): Uint8Array {
  const count = shape.reduce((product, length) => product * length, 1);
  if (count !== data.length)
    throw new RangeError(`shape (${shape.join(", ")}) has ${count} values, the data ${data.length}`);
  const [header, values] = [encodeNpyHeader(shape), encodeFloats(data)];
  const bytes = new Uint8Array(header.length + values.length);
  bytes.set(header);
  bytes.set(values, header.length);
  return bytes;
}

/** What stands before the values of such a file. */
export function encodeNpyHeader(shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  // NumPy aligns the values to 64 bytes and ends the header with a newline
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length);
  bytes.set(MAGIC, 0);
  bytes.set([1, 0], 6);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(`${literal.padEnd(length - 11)}\n`), 10);
  return bytes;
}

function locateHeader(bytes: Uint8Array): { header: string; dataStart: number } {
  if (!isNpy(bytes)) throw new NpyError("This is no .npy file: it does not begin with \\x93NUMPY.");
  const version = bytes[6];
  if (bytes.length < 8 || version < 1 || version > 3)
    throw new NpyError(`The .npy file has format version ${version ?? "?"}; versions 1, 2 and 3 are known.`);
  const lengthBytes = version === 1 ? 2 : 4;
  const headerStart = 8 + lengthBytes;
  if (bytes.length < headerStart) throw new NpyError("The .npy file ends within its header: it was cut off.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = headerStart + headerLength;
  if (dataStart > bytes.length)
    throw new NpyError(
      `The .npy file's header claims to end at byte ${dataStart}, and the file has ${bytes.length}: it was cut off.`,
    );
  const header = bytes.subarray(headerStart, dataStart);
  const text =
    version === 3 ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(header) : latin1Text(header);
  return { header: text, dataStart };
}

function readHeader(header: string): { descr: PythonLiteral; fortranOrder: boolean; shape: bigint[] } {
  let literal: PythonLiteral;
  try {
    literal = parsePythonLiteral(header);
  } catch (error) {
    throw new NpyError(`The .npy file's header is damaged: ${(error as Error).message}.`);
  }
  const keys = literal instanceof Map ? [...(literal as ReadonlyMap<string, PythonLiteral>).keys()] : [];
  if (!(literal instanceof Map) || keys.sort().join() !== "descr,fortran_order,shape")
    throw new NpyError(
      `The .npy file's header should name descr, fortran_order and shape, and names ${keys.join(", ") || "nothing"}.`,
    );
  const entries = literal as ReadonlyMap<string, PythonLiteral>;
  const [descr, fortranOrder, shape] = ["descr", "fortran_order", "shape"].map((key) => entries.get(key)!);
  if (typeof fortranOrder !== "boolean")
    throw new NpyError("The .npy file's header is damaged: fortran_order is neither True nor False.");
  const isLength = (length: PythonLiteral): length is bigint => typeof length === "bigint" && length >= 0n;
  if (!Array.isArray(shape) || !shape.every(isLength))
    throw new NpyError("The .npy file's header is damaged: shape is not a tuple of lengths.");
  if (shape.length > MAX_DIMENSIONS)
    throw new NpyError(
      `The .npy file claims ${shape.length} dimensions; arrays have ${MAX_DIMENSIONS} at most.`,
    );
  return { descr, fortranOrder, shape };
}

const typeNames: Readonly<Record<string, string>> = {
  i: "integers",
  u: "unsigned integers",
  c: "complex numbers",
  f: "floats",
  b: "booleans",
  O: "Python objects (a pickle)",
  S: "byte strings",
  a: "byte strings",
  U: "text",
  M: "dates",
  m: "time spans",
  V: "raw bytes",
};

/** How the values of a type are read. */
interface Decoder {
  readonly encoding: NpyArray["dtype"];
  /** Bytes of a value. */
  readonly width: number;
  readonly decode: (bytes: Uint8Array) => Float32Array;
}

function floatsOf(descr: PythonLiteral): Decoder {
  const { encoding, byteOrder } = readDtype(descr);
  return {
    encoding,
    width: floatBytes[encoding],
    decode: (bytes) => decodeFloats(bytes, encoding, byteOrder),
  };
}

/** Integers of 1 to 8 bytes; undefined for other types. */
function integerOf(descr: PythonLiteral): Decoder | undefined {
  const [, order, kind, size] =
    /^([<>|=]?)([iu])([1248])$/.exec(typeof descr === "string" ? descr : "") ?? [];
  if (kind === undefined) return undefined;
  const [width, little] = [Number(size), order !== ">"];
  const decode = (bytes: Uint8Array): Float32Array => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Float32Array.from({ length: bytes.length / width }, (_, i) => {
      let value = 0n;
      for (let byte = 0; byte < width; byte++)
        value |= BigInt(view.getUint8(i * width + byte)) << BigInt(8 * (little ? byte : width - 1 - byte));
      return Number(kind === "i" ? BigInt.asIntN(8 * width, value) : value);
    });
  };
  return { encoding: "integer", width, decode };
}

function readDtype(descr: PythonLiteral): {
  encoding: "float16" | "float32" | "float64";
  byteOrder: "little" | "big";
} {
  if (typeof descr !== "string")
    throw new NpyError("The .npy file holds records of several fields; save one array of floats instead.");
  const [, order, kind, size] = /^([<>|=]?)([A-Za-z])(\d*)$/.exec(descr.slice(0, 40)) ?? [];
  const encoding = ({ 2: "float16", 4: "float32", 8: "float64" } as const)[kind === "f" ? size : ""];
  if (encoding !== undefined) return { encoding, byteOrder: order === ">" ? "big" : "little" };
  const width = "iucf".includes(kind ?? "?") && Number(size) > 0 ? `${Number(size) * 8}-bit ` : "";
  const name = typeNames[kind ?? ""] ?? "values of an unknown type";
  if (kind === "O")
    throw new NpyError(
      `The .npy file holds ${name}, most likely a dict, and an array of floats is needed. Take the array out of it: ` +
        "numpy.save('mel.npy', numpy.load('FILE', allow_pickle=True).item()['mel']).",
      descr,
    );
  throw new NpyError(
    `The .npy file holds ${width}${name} (dtype '${descr.slice(0, 40)}'), and floats of 16, 32 or 64 bits are needed. ` +
      "Convert the array with .astype('float32') before saving it.",
    descr,
  );
}

/** The values of an array whose first index runs fastest, rearranged so that its last index does. */
function toCOrder(values: Float32Array, shape: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, length) => product * length, 1),
  );
  return inCOrder(values, { offset: 0, shape, strides });
}

/** Where an array's values lie: the first one's place, and for each axis the step from one to the next. */
export interface StridedPlace {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The values of an array that lies in others, its last index running fastest. */
export function inCOrder(values: Float32Array, { offset, shape, strides }: StridedPlace): Float32Array {
  const result = new Float32Array(shape.reduce((product, length) => product * length, 1));
  const index = shape.map(() => 0);
  let source = offset;
  for (let target = 0; target < result.length; target++) {
    result[target] = values[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

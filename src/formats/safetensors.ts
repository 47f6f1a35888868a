// safetensors files: tensors by name with text metadata, for mels and for checkpoints. Reading copies nothing: a tensor
// is a view of the file's bytes until its values are asked for. Source: github.com/huggingface/safetensors, "Format".
import { decodeFloats, encodeFloats, type FloatEncoding, narrowToFloat16 } from "./bytes.js";
import { InputError } from "../errors.js";

// The header of a safetensors file: a 64-bit length, then a JSON object of tensors' types, shapes and places, and of
// metadata. Source: github.com/huggingface/safetensors, "Format".

/** Bytes a value of each type takes. */
const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** The types a tensor's values may have. */
type TensorDtype = keyof typeof dtypeBytes;

/** A tensor's entry in the header. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** First byte of the values, counted from the header's end, and the byte after the last. */
  readonly begin: number;
  readonly end: number;
}

/** A whole header. */
interface SafetensorsHeader {
  /** In the order in which they lie in the file. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the values begin in the file. */
  readonly dataStart: number;
}

/** A safetensors file is damaged, or says something of itself that is not so; `tensor` names the one concerned. */
export class SafetensorsError extends InputError {
  constructor(
    message: string,
    readonly tensor?: string,
  ) {
    super(message);
  }
}

// the specification's limit
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/** Whether a file's first bytes could be those of a safetensors file: a length, and a JSON object behind it. */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < LENGTH_BYTES + 2) return false;
  return bytes[LENGTH_BYTES] === "{".charCodeAt(0) && headerLength(bytes) <= BigInt(MAX_HEADER_BYTES);
}

/** Where the header ends and the values begin, as a safetensors file's first bytes say. */
export function headerEnd(bytes: Uint8Array): number {
  return LENGTH_BYTES + Number(headerLength(bytes));
}

/**
 * Reads and checks a header: every tensor lies within the file, has the bytes its shape needs, and together they cover
 * the file's data without gap or overlap.
 *
 * @param bytes the file from its start, the whole header at least
 * @param fileLength bytes of the whole file
 * @throws SafetensorsError
 */
export function parseHeader(bytes: Uint8Array, fileLength = bytes.length): SafetensorsHeader {
  if (bytes.length < LENGTH_BYTES)
    throw new SafetensorsError(`The safetensors file has ${bytes.length} bytes: it was cut off.`);
  const length = headerLength(bytes);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new SafetensorsError(
      `The safetensors header claims ${length} bytes; ${MAX_HEADER_BYTES} are the most. The file is damaged.`,
    );
  const dataStart = headerEnd(bytes);
  if (dataStart > bytes.length)
    throw new SafetensorsError(
      `The safetensors header claims to end at byte ${dataStart}, and the file has ${bytes.length}: it was cut off.`,
    );
  const root = parseObject(bytes.subarray(LENGTH_BYTES, dataStart));
  const metadata = readMetadata(root["__metadata__"]);
  const entries = Object.entries(root)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, fileLength - dataStart);
  return { entries, metadata, dataStart };
}

/**
 * The bytes of a header, padded with spaces so that the values after it are aligned to 8 bytes.
 *
 * @param leastBytes pads further, for a header that is written again when its numbers are known
 */
export function encodeHeader(
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>>,
  leastBytes = 0,
): Uint8Array {
  // a tensor may have any name, __proto__ too
  const root = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length > 0) root["__metadata__"] = metadata;
  for (const { name, dtype, shape, begin, end } of entries)
    root[name] = { dtype, shape, data_offsets: [begin, end] };
  const json = new TextEncoder().encode(JSON.stringify(root));
  const length = Math.max(leastBytes, Math.ceil((LENGTH_BYTES + json.length) / 8) * 8);
  const bytes = new Uint8Array(length).fill(" ".charCodeAt(0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length - LENGTH_BYTES), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

function headerLength(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SafetensorsError(`The safetensors header is no JSON: ${(error as Error).message}.`);
  }
  if (!isObject(value)) throw new SafetensorsError("The safetensors header is no JSON object.");
  return value;
}

function readMetadata(value: unknown = {}): Readonly<Record<string, string>> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== "string"))
    throw new SafetensorsError("The safetensors metadata is not an object of texts.");
  return value as Readonly<Record<string, string>>;
}

function readEntry(name: string, value: unknown): TensorEntry {
  const fail = (problem: string): never => {
    throw new SafetensorsError(`The tensor '${shorten(name)}' in the safetensors file ${problem}.`, name);
  };
  if (!isObject(value)) return fail("is not described by a JSON object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(dtypeBytes, dtype))
    return fail(`has a type that is not known, ${shorten(JSON.stringify(dtype) ?? "none")}`);
  if (!isLengths(shape)) return fail("has no shape of whole numbers");
  if (!isLengths(offsets) || offsets.length !== 2) return fail("has no two data offsets");
  const [begin, end] = offsets;
  // beyond 2⁵³ the product is rounded, and then larger than any file
  const needed = shape.reduce((product, size) => product * size, dtypeBytes[dtype as TensorDtype]);
  if (end - begin !== needed)
    return fail(
      `claims bytes ${begin} to ${end}, but ${dtype} of shape [${shape.slice(0, 8).join(", ")}] takes ${needed}`,
    );
  return { name, dtype: dtype as TensorDtype, shape, begin, end };
}

/** Checks that sorted entries follow each other without gap or overlap from 0 to the data's end. */
function checkCoverage(entries: readonly TensorEntry[], dataLength: number): void {
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      const problem = begin < position ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new SafetensorsError(
        `The tensor '${shorten(name)}' in the safetensors file ${problem}: it begins at byte ${begin}, not ${position}.`,
        name,
      );
    }
    position = end;
  }
  if (position !== dataLength)
    throw new SafetensorsError(
      `The safetensors header describes ${position} bytes of values, and ${dataLength} follow it. ` +
        (position > dataLength ? "The file was cut off." : "The file is damaged."),
    );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A tensor of a file, or one to write: `bytes` are its values, little-endian, in C order. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A safetensors file's content. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file from its bytes, which the tensors then share.
 *
 * @throws SafetensorsError where it is damaged or lies about its size
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, StoredTensor] => [
    name,
    { name, dtype, shape, bytes: bytes.subarray(dataStart + begin, dataStart + end) },
  ]);
  return { tensors: new Map(tensors), metadata };
}

const floatEncodings: Partial<Readonly<Record<TensorDtype, FloatEncoding>>> = {
  F16: "float16",
  BF16: "bfloat16",
  F32: "float32",
  F64: "float64",
};

/** Whether a tensor's values are floats that `tensorFloats` reads. */
export function isFloatTensor(tensor: Pick<StoredTensor, "dtype">): boolean {
  return floatEncodings[tensor.dtype] !== undefined;
}

/**
 * A float tensor's values as float32; they share the file's memory where they lie there as they are needed.
 *
 * @throws SafetensorsError for integers, booleans and 8-bit floats
 */
export function tensorFloats(tensor: StoredTensor): Float32Array {
  const encoding = floatEncodings[tensor.dtype];
  if (encoding === undefined)
    throw new SafetensorsError(
      `The tensor '${tensor.name}' holds ${tensor.dtype} values, and floats (F16, BF16, F32 or F64) are needed.`,
      tensor.name,
    );
  return decodeFloats(tensor.bytes, encoding);
}

/** A float32 tensor to write, which shares the values' memory. */
export function floatTensor(name: string, shape: readonly number[], values: Float32Array): StoredTensor {
  return { name, dtype: "F32", shape, bytes: encodeFloats(values) };
}

/** A float16 tensor to write: the values rounded. */
export function halfTensor(name: string, shape: readonly number[], values: Float32Array): StoredTensor {
  return { name, dtype: "F16", shape, bytes: new Uint8Array(narrowToFloat16(values).buffer) };
}

/** The pieces of a safetensors file, one after the other. Tensors of wide types come first, so that all are aligned. */
export function encodeSafetensors(
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const ordered = [...tensors].sort((a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype]);
  let position = 0;
  const entries = ordered.map(({ name, dtype, shape, bytes }): TensorEntry => {
    const begin = position;
    position += bytes.length;
    const needed = shape.reduce((product, length) => product * length, dtypeBytes[dtype]);
    if (needed !== bytes.length)
      throw new RangeError(`tensor '${name}' has ${bytes.length} bytes, its shape needs ${needed}`);
    return { name, dtype, shape, begin, end: position };
  });
  return [encodeHeader(entries, metadata), ...ordered.map(({ bytes }) => bytes)];
}

/**
 * The header of a file of one float32 tensor [rows, columns], of the same length for any number of rows: it can be
 * written first, and again when the rows are known.
 */
export function rowsHeader(
  name: string,
  columns: number,
  metadata: Readonly<Record<string, string>>,
): (rows: number) => Uint8Array {
  const headerOf = (rows: number, leastBytes?: number): Uint8Array => {
    const end = rows * columns * dtypeBytes.F32;
    return encodeHeader(
      [{ name, dtype: "F32", shape: [rows, columns], begin: 0, end }],
      metadata,
      leastBytes,
    );
  };
  // room for the most digits that the numbers can have
  const reserved = headerOf(Math.floor(Number.MAX_SAFE_INTEGER / columns / 4)).length;
  return (rows) => headerOf(rows, reserved);
}

// safetensors files: tensors by name with text metadata, for mels and for checkpoints. Reading copies nothing: a tensor
// is a view of the file's bytes until its values are asked for. Source: github.com/huggingface/safetensors, "Format".
import { narrowToFloat16 } from "./half-floats.js";
import { decodeFloats, encodeFloats, type FloatEncoding } from "./number-encoding.js";
import {
  dtypeBytes,
  encodeHeader,
  parseHeader,
  SafetensorsError,
  type TensorDtype,
  type TensorEntry,
} from "./safetensors-header.js";
import { streamAtomically } from "./write-atomically.js";

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

/**
 * Writes a safetensors file, whole or not at all. Tensors of wide types come first, so that all are aligned.
 *
 * @throws FileError where the file system refuses
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
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
  await streamAtomically(path, async (file) => {
    await file.writeFile(encodeHeader(entries, metadata));
    for (const { bytes } of ordered) await file.writeFile(bytes);
  });
}

/**
 * Writes a file of one float32 tensor [rows, columns] whose number of rows is known only at the end, so that memory
 * does not grow with it. Whole or not at all, also where `pieces` throws.
 *
 * @param pieces the values in order, each a whole number of rows
 * @returns rows written
 * @throws FileError where the file system refuses, and what `pieces` throws
 */
export async function writeSafetensorsRows(
  path: string,
  name: string,
  columns: number,
  pieces: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
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
  return streamAtomically(path, async (file) => {
    let values = 0;
    await file.writeFile(headerOf(0, reserved));
    for await (const piece of pieces) {
      if (piece.length % columns !== 0)
        throw new RangeError(`a piece of ${piece.length} values is no whole number of rows of ${columns}`);
      values += piece.length;
      await file.writeFile(encodeFloats(piece));
    }
    const header = headerOf(values / columns, reserved);
    await file.write(header, 0, header.length, 0);
    return values / columns;
  });
}

// Raw numbers in files, as .npy and safetensors store them: little- or big-endian floats of 16, 32 or 64 bits, made
// into float32. What is float32 already, in this machine's byte order and aligned, is viewed and not copied.
import { endianness } from "node:os";
import { widenBfloat16, widenFloat16 } from "./half-floats.js";

/** How floats lie in a file. */
export type FloatEncoding = "float16" | "bfloat16" | "float32" | "float64";

/** Bytes a value of each encoding takes. */
export const floatBytes: Readonly<Record<FloatEncoding, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/**
 * The float32 values that `bytes` hold; float64 values are rounded, and become infinite beyond 3.4e38.
 *
 * @param bytes a whole number of values; the result may share their memory, so they must stay as they are
 */
export function decodeFloats(
  bytes: Uint8Array,
  encoding: FloatEncoding,
  byteOrder: "little" | "big" = "little",
): Float32Array {
  const size = floatBytes[encoding];
  const swapped = (byteOrder === "big") !== (endianness() === "BE");
  const ready = swapped ? swapBytes(bytes, size) : aligned(bytes, size);
  const { buffer, byteOffset } = ready;
  const count = ready.length / size;
  if (encoding === "float32") return new Float32Array(buffer, byteOffset, count);
  if (encoding === "float64") return Float32Array.from(new Float64Array(buffer, byteOffset, count));
  const bits = new Uint16Array(buffer, byteOffset, count);
  return encoding === "float16" ? widenFloat16(bits) : widenBfloat16(bits);
}

/** The little-endian bytes of float32 values; on almost every machine a view of them. */
export function encodeFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === "BE" ? swapBytes(bytes, 4) : bytes;
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
}

function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const copy = Buffer.from(Uint8Array.from(bytes).buffer);
  if (size === 2) return copy.swap16();
  return size === 4 ? copy.swap32() : copy.swap64();
}

// The tensors in what torch.save writes (since 1.6): a ZIP archive of one pickle, which names the tensors, and of their
// values. Nothing of the pickle is executed. Source: pytorch, torch/serialization.py and torch/_utils.py.
import { InputError } from "../errors.js";
import { decodeFloats, floatBytes, type FloatEncoding } from "./bytes.js";
import { inCOrder, type StridedPlace } from "./npy.js";
import { isKind, parsePickle, type PickledList, type PickledValue } from "./pickle.js";
import type { ZipEntry } from "./zip.js";

/** A file of torch.save that is damaged, or holds tensors in a way that is not read here. */
export class TorchError extends InputError {}

/** A tensor of a file; `floats` reads it. */
export interface TorchTensor {
  /** The keys that lead to it, with dots between; empty for a tensor that was saved alone. */
  readonly name: string;
  readonly shape: readonly number[];
  /** "float32", "int64", … */
  readonly dtype: string;
  readonly isFloat: boolean;
  /**
   * Its values in C order.
   *
   * @throws TorchError, ZipError
   */
  readonly floats: () => Float32Array;
}

const storageTypes: Readonly<Record<string, string>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
};

// a tensor that is shared may be reached in more ways than anybody can go: what holds others counts for many
const MOST_WORK = 4_000_000;
const WORK_OF_CONTAINER = 20;
const DEEPEST = 100;
const UNSEARCHABLE =
  "The file's values lie too deep in each other, or are too many, to be searched for tensors. Save the mel alone: " +
  "torch.save(mel, 'mel.pt').";

/**
 * The tensors of an archive.
 *
 * @throws TorchError, PickleError, ZipError
 */
export function torchTensors(entries: readonly ZipEntry[]): TorchTensor[] {
  const pickle = entries.find(({ name }) => name.endsWith("data.pkl"));
  if (!pickle) throw new TorchError("The archive has no data.pkl, which torch.save writes.");
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const storage = (key: string): ZipEntry | undefined =>
    entries.find(({ name }) => name === `${folder}data/${key}`);
  const order = entries.find(({ name }) => name === `${folder}byteorder`)?.read();
  const byteOrder = order && new TextDecoder().decode(order.subarray(0, 3)) === "big" ? "big" : "little";
  const tensors: TorchTensor[] = [];
  let work = 0;
  let isTooDeep = false;
  const around = new Set<PickledValue>();
  // in which no tensor was found: they are not entered again
  const without = new Set<PickledValue>();
  const walk = (value: PickledValue, path: readonly string[], key?: string): void => {
    const isScalar = typeof value !== "object" || value === null;
    work += isScalar ? 1 : WORK_OF_CONTAINER;
    if (work > MOST_WORK) throw new TorchError(UNSEARCHABLE);
    // what holds itself has been gone through
    if (isScalar || around.has(value) || without.has(value)) return;
    if (path.length > DEEPEST) {
      isTooDeep = true;
      return;
    }
    const before = tensors.length;
    around.add(value);
    walkInto(value, key === undefined ? path : [...path, key]);
    around.delete(value);
    if (tensors.length === before) without.add(value);
  };
  const walkInto = (value: PickledValue, path: readonly string[]): void => {
    const tensor = readTensor(value, path.join("."), storage, byteOrder);
    if (tensor) tensors.push(tensor);
    else if (isKind(value, "dictionary") || isKind(value, "call"))
      for (const [key, inner] of value.entries)
        walk(inner, path, typeof key === "string" || typeof key === "number" ? String(key) : "?");
    else if (isKind(value, "list"))
      value.items.forEach((inner, i) => {
        walk(inner, path, String(i));
      });
  };
  walk(parsePickle(pickle.read()), []);
  if (isTooDeep && tensors.length === 0) throw new TorchError(UNSEARCHABLE);
  return tensors;
}

const PARAMETER = "torch._utils._rebuild_parameter";

function isParameter(value: PickledValue): boolean {
  return isKind(value, "call") && isKind(value.of, "name") && value.of.name.startsWith(PARAMETER);
}

/** The tensor that a call makes; undefined for anything else. */
function readTensor(
  value: PickledValue,
  name: string,
  storage: (key: string) => ZipEntry | undefined,
  byteOrder: "little" | "big",
): TorchTensor | undefined {
  if (!isKind(value, "call") || !isKind(value.of, "name") || !isKind(value.arguments, "list"))
    return undefined;
  const [first, ...rest] = value.arguments.items;
  // a parameter wraps a tensor, which wraps no more
  if (value.of.name.startsWith(PARAMETER))
    return isParameter(first) ? undefined : readTensor(first, name, storage, byteOrder);
  if (!["torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"].includes(value.of.name))
    return undefined;
  if (!isKind(first, "reference") || !isKind(first.id, "list")) return undefined;
  const [, type, key] = first.id.items;
  const [offset, size, stride] = rest;
  const [shape, strides] = [lengths(size), lengths(stride)];
  if (!isKind(type, "name") || typeof key !== "string" || typeof offset !== "number" || !shape || !strides)
    throw new TorchError(`The tensor '${name}' is described in an unknown way: the file is damaged.`);
  const typeName = type.name.slice(type.name.lastIndexOf(".") + 1);
  const dtype = storageTypes[typeName] ?? typeName.replace(/Storage$/, "").toLowerCase();
  const isFloat = Object.hasOwn(storageTypes, typeName);
  const floats = (): Float32Array => {
    const entry = storage(key);
    if (!entry) throw new TorchError(`The values of the tensor '${name}' are missing: the file is damaged.`);
    const place = { offset, shape, strides };
    return strided(entry.read(), dtype as FloatEncoding, byteOrder, place, name);
  };
  return { name, shape, dtype, isFloat, floats };
}

function lengths(value: PickledValue | undefined): number[] | undefined {
  if (value === undefined || !isKind(value, "list")) return undefined;
  const { items }: PickledList = value;
  const valid =
    items.length <= 64 && items.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
  return valid ? (items as number[]) : undefined;
}

function strided(
  bytes: Uint8Array,
  dtype: FloatEncoding,
  byteOrder: "little" | "big",
  place: StridedPlace,
  name: string,
): Float32Array {
  const { offset, shape, strides } = place;
  const width = floatBytes[dtype];
  const held = Math.floor(bytes.length / width);
  const count = shape.reduce((product, length) => product * length, 1);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], offset);
  if (strides.length !== shape.length || (count > 0 && !(last < held)) || count > held || offset < 0)
    throw new TorchError(
      `The tensor '${name}' claims ${count} values of shape [${shape.slice(0, 8).join(", ")}], and ${held} are stored. ` +
        "The file is damaged, or the tensor is an expanded one: save tensor.contiguous().",
    );
  const values = decodeFloats(bytes.subarray(0, held * width), dtype, byteOrder);
  const contiguous = shape.every(
    (length, axis) =>
      length === 1 || strides[axis] === shape.slice(axis + 1).reduce((product, size) => product * size, 1),
  );
  if (contiguous || count === 0) return values.slice(offset, offset + count);
  return inCOrder(values, place);
}

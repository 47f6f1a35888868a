// A mel as a file stores it, before anything is assumed of it: .mel (safetensors with its format in the metadata), .npy,
// and the .npz, .pt and safetensors files of other tools. Files are recognised by content, not by name.
import { isNpy, NpyError, parseNpy } from "../formats/npy.js";
import { isSafetensors, isFloatTensor, parseSafetensors, tensorFloats } from "../formats/safetensors.js";
import { torchTensors } from "../formats/torch.js";
import { isTorchArchive, isZip, npyEntries, parseZip, type ZipEntry, ZipError } from "../formats/zip.js";
import type { MelFormat } from "./format.js";
import { MEL_FORMAT_KEY, MEL_TENSOR, NoMelError, readStatedFormat } from "./format-fields.js";
import { describeForeignContainer } from "./foreign.js";

/** The array that a file holds and what the file says of it. */
export interface StoredMel {
  readonly container: "mel" | "npy" | "safetensors" | "npz" | "torch";
  /** As stored. */
  readonly shape: readonly number[];
  /** In C order. */
  readonly values: Float32Array;
  /** The stored type, as the container names it: "float16", "F32". */
  readonly dtype: string;
  /** The format that a .mel file states; its shape is then [frames, bands]. */
  readonly format?: MelFormat;
}

/** An array of a file; `read` gives its values in C order. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly isFloat: boolean;
  readonly read: () => Float32Array;
}

/** The arrays of a file, and what it says of them. */
export interface StoredArrays {
  readonly container: Exclude<StoredMel["container"], "mel">;
  readonly arrays: readonly NamedArray[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Which of several arrays is meant. */
export interface ArrayChoice {
  /** Its name (--mel-tensor). */
  readonly tensor?: string;
  /** How many bands it should have, which tells it from others. */
  readonly bands?: number;
}

/** Whether a file's bytes could be those of a mel file. */
export function isMelContainer(bytes: Uint8Array): boolean {
  return isNpy(bytes) || isSafetensors(bytes) || isZip(bytes);
}

/**
 * Reads the array of a mel file; it may share the bytes' memory.
 *
 * @throws NoMelError, NpyError, SafetensorsError, ZipError, TorchError, PickleError, MelFormatError
 */
export function parseStoredMel(bytes: Uint8Array, choice: ArrayChoice = {}): StoredMel {
  const { container, arrays, metadata } = parseArrays(bytes);
  const array = container === "npy" ? arrays[0] : chooseArray(container, arrays, choice);
  const stored = { shape: array.shape, values: array.read(), dtype: array.dtype };
  const stated = metadata[MEL_FORMAT_KEY];
  if (stated === undefined) return { container, ...stored };
  const format = readStatedFormat(stated);
  if (array.shape.length !== 2 || array.shape[1] !== format.bands)
    throw new NoMelError(
      `The .mel file states ${format.bands} bands, and its tensor has the shape [${array.shape.slice(0, 8).join(", ")}]: ` +
        "it is damaged, or was edited.",
    );
  return { container: "mel", ...stored, format };
}

/**
 * The arrays of a file.
 *
 * @param integers reads those of an .npz too, as floats
 * @throws what parseStoredMel throws
 */
export function parseArrays(bytes: Uint8Array, integers = false): StoredArrays {
  if (isNpy(bytes)) {
    const { shape, data, dtype } = parseNpy(bytes);
    const array = { name: "", shape, dtype, isFloat: true, read: () => data };
    return { container: "npy", arrays: [array], metadata: {} };
  }
  if (isSafetensors(bytes)) {
    const { tensors, metadata } = parseSafetensors(bytes);
    const arrays = [...tensors.values()].map((tensor) => ({
      name: tensor.name,
      shape: tensor.shape,
      dtype: tensor.dtype,
      isFloat: isFloatTensor(tensor),
      read: () => tensorFloats(tensor),
    }));
    return { container: "safetensors", arrays, metadata };
  }
  if (isZip(bytes)) return parseArchive(bytes, integers);
  const what = describeForeignContainer(bytes);
  throw new NoMelError(
    `The file is no mel: ${what ?? "it is neither a .mel, a .npy, a .npz, a .pt nor a .safetensors file by its content"}.`,
  );
}

function parseArchive(bytes: Uint8Array, integers: boolean): StoredArrays {
  const entries = entriesOf(bytes);
  if (isTorchArchive(entries)) {
    const arrays = torchTensors(entries).map(({ floats, ...tensor }) => ({ ...tensor, read: floats }));
    return { container: "torch", arrays, metadata: {} };
  }
  const members = npyEntries(entries);
  if (members.length === 0)
    throw new NoMelError(
      "The file is no mel: it is a ZIP archive without an array of numpy.savez or a tensor of torch.save.",
    );
  return { container: "npz", arrays: members.map((member) => npyMember(member, integers)), metadata: {} };
}

function entriesOf(bytes: Uint8Array): ZipEntry[] {
  try {
    return parseZip(bytes);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    const what = describeForeignContainer(bytes) ?? "";
    throw new NoMelError(`The file is no mel: ${what}. ${error.message}`, { cause: error });
  }
}

/** An array of numpy.savez; one of anything else than floats is there, and cannot be read. */
function npyMember({ name, read }: ZipEntry, integers: boolean): NamedArray {
  try {
    const { shape, data, dtype } = parseNpy(read(), integers);
    return { name, shape, dtype, isFloat: true, read: () => data };
  } catch (error) {
    if (!(error instanceof NpyError) || error.dtype === undefined) throw error;
    const dtype = error.dtype;
    const refuse = (): never => {
      throw error;
    };
    return { name, shape: [], dtype, isFloat: false, read: refuse };
  }
}

const containerNames = { safetensors: "safetensors", npz: ".npz", torch: ".pt", npy: ".npy" } as const;
const LISTED = 8;

/** The array that is named, else the one called "mel", else the only one that could be a mel. */
function chooseArray(
  container: StoredArrays["container"],
  arrays: readonly NamedArray[],
  { tensor, bands }: ArrayChoice,
): NamedArray {
  const file = `The ${containerNames[container]} file`;
  if (tensor !== undefined) {
    const named = arrays.find(({ name }) => name === tensor);
    if (named) return named;
    throw new NoMelError(`${file} has no tensor named '${tensor}'; it has ${listed(arrays)}.`);
  }
  const usual = arrays.find(({ name, isFloat }) => name === MEL_TENSOR && isFloat);
  if (usual) return usual;
  const candidates = arrays.filter(({ shape, isFloat }) => isFloat && shape.length >= 2);
  const fitting = candidates.filter(({ shape }) => bands !== undefined && shape.includes(bands));
  if (candidates.length === 1) return candidates[0];
  if (fitting.length === 1) return fitting[0];
  throw new NoMelError(
    `${file} has no tensor named 'mel', and ${candidates.length} that could be one (it has ${listed(arrays)}). ` +
      (candidates.length > 0
        ? `Name one with --mel-tensor, as in --mel-tensor ${shorten((fitting[0] ?? candidates[0]).name)}, or save the mel alone.`
        : "Save the mel alone, or under the name 'mel'."),
  );
}

function listed(arrays: readonly NamedArray[]): string {
  if (arrays.length === 0) return "none";
  const more = arrays.length - LISTED;
  const names = arrays.slice(0, LISTED).map(({ name, shape }) => {
    return `'${shorten(name)}' [${shape.slice(0, 4).join(", ")}]`;
  });
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}

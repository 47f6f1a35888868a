// A mel as a file stores it, before anything is assumed of it: .mel (safetensors with its format in the metadata), .npy
// and the safetensors files of other tools. Files are recognised by content, not by name.
import { latin1Text } from "../formats/bytes.js";
import { isNpy, parseNpy } from "../formats/npy.js";
import {
  isFloatTensor,
  isSafetensors,
  parseSafetensors,
  type Safetensors,
  tensorFloats,
} from "../formats/safetensors.js";
import type { MelFormat } from "./format.js";
import { MEL_FORMAT_KEY, MEL_TENSOR, NoMelError, readStatedFormat } from "./format-fields.js";

/** The array that a file holds and what the file says of it. */
export interface StoredMel {
  readonly container: "mel" | "npy" | "safetensors";
  /** As stored. */
  readonly shape: readonly number[];
  /** In C order. */
  readonly values: Float32Array;
  /** The stored type, as the container names it: "float16", "F32". */
  readonly dtype: string;
  /** The format that a .mel file states; its shape is then [frames, bands]. */
  readonly format?: MelFormat;
}

/** Whether a file's bytes could be those of a mel file. */
export function isMelContainer(bytes: Uint8Array): boolean {
  return isNpy(bytes) || isSafetensors(bytes);
}

/**
 * What a file is by its first bytes, if it is one of those in which mels are kept too and which are not read here.
 *
 * @returns a clause with the way out: "it is a ZIP archive, …"
 */
export function describeForeignContainer(bytes: Uint8Array): string | undefined {
  const start = latin1Text(bytes.subarray(0, 4));
  if (start.startsWith("PK"))
    return "it is a ZIP archive, as numpy.savez and torch.save write them; save the mel alone with numpy.save";
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
    return "it is a Python pickle; save the mel with numpy.save instead";
  if (start === "\x89HDF") return "it is an HDF5 file; save the mel with numpy.save instead";
  return undefined;
}

/**
 * Reads the array of a mel file; it may share the bytes' memory.
 *
 * @throws NoMelError, NpyError, SafetensorsError, MelFormatError
 */
export function parseStoredMel(bytes: Uint8Array): StoredMel {
  if (isNpy(bytes)) {
    const { shape, data, dtype } = parseNpy(bytes);
    return { container: "npy", shape, values: data, dtype };
  }
  if (!isSafetensors(bytes))
    throw new NoMelError(
      `The file is no mel: ${describeForeignContainer(bytes) ?? "it is neither a .mel, a .npy nor a .safetensors file by its content"}.`,
    );
  const file = parseSafetensors(bytes);
  const tensor = file.tensors.get(findMelTensor(file))!;
  const stored = { shape: tensor.shape, values: tensorFloats(tensor), dtype: tensor.dtype };
  const stated = file.metadata[MEL_FORMAT_KEY];
  if (stated === undefined) return { container: "safetensors", ...stored };
  const format = readStatedFormat(stated);
  if (tensor.shape.length !== 2 || tensor.shape[1] !== format.bands)
    throw new NoMelError(
      `The .mel file states ${format.bands} bands, and its tensor has the shape [${tensor.shape.slice(0, 8).join(", ")}]: ` +
        "it is damaged, or was edited.",
    );
  return { container: "mel", ...stored, format };
}

/** The tensor named "mel", else the only one with two axes or more. */
function findMelTensor({ tensors }: Safetensors): string {
  if (tensors.has(MEL_TENSOR)) return MEL_TENSOR;
  const candidates = [...tensors.values()].filter(
    (tensor) => isFloatTensor(tensor) && tensor.shape.length >= 2,
  );
  if (candidates.length === 1) return candidates[0].name;
  const names = [...tensors.keys()].slice(0, 5).map((name) => `'${name.slice(0, 60)}'`);
  throw new NoMelError(
    `The safetensors file has no tensor named 'mel', and ${candidates.length} that could be one` +
      (names.length > 0 ? ` (it begins with ${names.join(", ")}). ` : ". ") +
      "Save the mel alone, or under the name 'mel'.",
  );
}

// What a .mel file says of itself: a safetensors file with one tensor, [frames, bands] float32, and the format of its
// values as JSON in the metadata.
import { InputError } from "../errors.js";
import { formatFromFields } from "./format-fields.js";
import type { MelFormat } from "./format.js";

/** The tensor of a .mel file, [frames, bands] float32. */
export const MEL_TENSOR = "mel";
/** The metadata key of a .mel file under which its format stands as JSON. */
export const MEL_FORMAT_KEY = "vocode.mel-format";

/** A file is no mel file: neither .npy nor safetensors, or without a tensor that could be a mel. */
export class NoMelError extends InputError {}

/**
 * The format that a .mel file's metadata state.
 *
 * @throws NoMelError, MelFormatError
 */
export function readStatedFormat(text: string): MelFormat {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    throw new NoMelError(`The format that the .mel file states is no JSON: ${(error as Error).message}.`);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields))
    throw new NoMelError("The format that the .mel file states is no JSON object.");
  return formatFromFields(fields as Readonly<Record<string, unknown>>);
}

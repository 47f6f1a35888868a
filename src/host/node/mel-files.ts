// Mel files by their paths, and the options that may name a file: what mel/ does with bytes, for files on disk.
import { floatTensor } from "../../formats/safetensors.js";
import type { MelAssumption } from "../../mel/conversion.js";
import { formatMetadata, type MelFile, parseMel, type ReadMelOptions } from "../../mel/file.js";
import { type OpenMel, openMelIn } from "../../mel/open-mel.js";
import { parseFormatOption, parseMelAssumption } from "../../mel/format-option.js";
import { MEL_TENSOR } from "../../mel/format-fields.js";
import { type Mel, type MelFormat, requireMel } from "../../mel/format.js";
import { nodeFiles, openByteSource, readWholeFile } from "./read-files.js";
import { writeSafetensors, writeSafetensorsRows } from "./write-files.js";

/**
 * Reads a .mel, .npy or .safetensors file.
 *
 * @throws FileError, NpyError, SafetensorsError, NoMelError where the file cannot be read; MelShapeError, EmptyMelError,
 *   NonFiniteMelError, ConstantMelError, MelMismatchError where it is not the mel it should be
 */
export async function readMel(path: string, options: ReadMelOptions): Promise<MelFile> {
  return parseMel(await readWholeFile(path), options);
}

/**
 * Opens a .mel, .npy or .safetensors file.
 *
 * @throws what readMel throws; every value is looked at before it returns
 */
export async function openMel(path: string, options: ReadMelOptions): Promise<OpenMel> {
  const source = await openByteSource(path);
  try {
    return await openMelIn(source, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Writes a .mel file, whole or not at all.
 *
 * @throws InputError for what is no mel, FileError
 */
export async function writeMel(path: string, mel: Mel): Promise<void> {
  requireMel(mel, "The mel");
  const tensor = floatTensor(MEL_TENSOR, [mel.frames, mel.format.bands], mel.values);
  await writeSafetensors(path, [tensor], formatMetadata(mel.format));
}

/**
 * Writes a .mel file as its frames come, whole or not at all; memory does not grow with its length.
 *
 * @param pieces [frames, bands] each, in order
 * @returns frames written
 * @throws FileError, and what `pieces` throws
 */
export async function writeMelFrames(
  path: string,
  format: MelFormat,
  pieces: AsyncIterable<Float32Array> | Iterable<Float32Array>,
): Promise<number> {
  return writeSafetensorsRows(path, MEL_TENSOR, format.bands, pieces, formatMetadata(format));
}

/**
 * The format that an option's text names: a preset's name or the path of a JSON file (ending in .json), then changes
 * `,field=value`; changes alone apply to the default preset.
 *
 * @throws MelFormatError, UnknownPresetError, FileError, or InputError for a file that holds no format
 */
export async function formatFromOption(text: string): Promise<MelFormat> {
  return parseFormatOption(text, nodeFiles);
}

/**
 * Reads the text of --mel-format.
 *
 * @throws InputError, MelFormatError, UnknownPresetError, FileError
 */
export async function melAssumptionFromOption(text: string): Promise<MelAssumption> {
  return parseMelAssumption(text, nodeFiles);
}

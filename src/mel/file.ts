// Mel files in and out. What is read arrives in the format that its consumer expects, or as an error that says how it
// differs and what converts it; what is written carries its whole format.
import {
  headerEnd,
  isFloatTensor,
  isSafetensors,
  parseHeader,
  type TensorEntry,
  tensorFloats,
} from "../formats/safetensors.js";
import { type ConvertedMel, convertMel, type MelAssumption } from "./conversion.js";
import { MEL_FORMAT_KEY, MEL_TENSOR, parseStoredMel, readStatedFormat, type StoredMel } from "./container.js";
import { diagnoseMel, requireFiniteMel } from "./diagnosis.js";
import { convertToFormat, describeEncoding, encodingOf, isNative, storedNumber } from "./encoding.js";
import type { Mel, MelFormat } from "./format.js";
import { layOutMel, type MelLayout } from "./layout.js";
import type { ByteSource } from "../formats/byte-source.js";
import { findNonFinite } from "./likeness.js";

// of a natural logarithm
const FLOOR_TOLERANCE = 0.005;

/** How to read a mel. */
export interface ReadMelOptions {
  /** The format that the mel has to arrive in. */
  readonly expected: MelFormat;
  /** What a file that does not state its format is taken for (--mel-format); without it, the expected format. */
  readonly assume?: MelAssumption;
  /** The order of its axes (--mel-layout); without it, what fits. */
  readonly layout?: MelLayout;
  /** Takes values and a stated format as they are, whatever they look like (--trust-mel). */
  readonly trust?: boolean;
}

/** A mel in the expected format, what the file was, and what was done and noticed. */
export interface MelFile extends ConvertedMel {
  readonly source: Omit<StoredMel, "values">;
  /** What is odd about the mel and was put up with, each a sentence. */
  readonly remarks: readonly string[];
}

/**
 * Reads a .mel, .npy or .safetensors file from its bytes.
 *
 * @throws NpyError, SafetensorsError, NoMelError where they are no such file; MelShapeError, EmptyMelError,
 *   NonFiniteMelError, ConstantMelError, MelMismatchError where it is not the mel it should be
 */
export function parseMel(bytes: Uint8Array, options: ReadMelOptions): MelFile {
  const { values, ...source } = parseStoredMel(bytes);
  const { expected, trust = false } = options;
  if (source.format !== undefined) {
    requireFiniteMel(values, source.format.bands);
    const mel = { frames: source.shape[0], format: source.format, values };
    const remarks = options.assume ? ["It states its own format, so --mel-format was not applied."] : [];
    return { ...convertMel(mel, expected, trust), source, remarks };
  }
  const read = readUnlabelled(values, source.shape, options);
  const converted = convertMel(read.mel, expected, trust);
  return {
    ...converted,
    source,
    conversions: [...read.conversions, ...converted.conversions],
    remarks: read.remarks,
  };
}

/** The metadata of a .mel file: its format. */
export function formatMetadata(format: MelFormat): Record<string, string> {
  return { [MEL_FORMAT_KEY]: JSON.stringify(format) };
}

/** A mel that states nothing, in the format that is assumed of it. */
function readUnlabelled(
  stored: Float32Array,
  shape: readonly number[],
  { expected, assume = {}, layout, trust = false }: ReadMelOptions,
): { mel: Mel; conversions: string[]; remarks: string[] } {
  const format = assume.format ?? expected;
  const encoding = assume.encoding ?? encodingOf(format);
  const laidOut = layOutMel(shape, stored, format, layout);
  const remarks: string[] = [];
  const conversions: string[] = [];
  if (laidOut.guessed)
    remarks.push(
      `Both axes have ${format.bands} values; its sound suggests ${laidOut.layout}. Say --mel-layout if that is wrong.`,
    );
  if (trust) requireFiniteMel(laidOut.values, format.bands);
  else remarks.push(...diagnoseMel(laidOut.values, encoding, format).remarks);
  if (!isNative(encoding, format))
    conversions.push(`Its values were converted from ${describeEncoding(encoding)} to ${format.log}.`);
  // float16 rounds a floor by up to 0.004
  const below = countBelow(laidOut.values, storedNumber(Math.log(format.floor) - FLOOR_TOLERANCE, encoding));
  if (below > 0)
    remarks.push(
      `${((100 * below) / laidOut.values.length).toPrecision(2)} % of its values lay below the format's floor ${format.floor} and were raised to it.`,
    );
  const values = convertToFormat(laidOut.values, encoding, format);
  requireFiniteMel(values, format.bands);
  return { mel: { frames: laidOut.frames, format, values }, conversions, remarks };
}

function countBelow(values: Float32Array, bound: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] < bound) count++;
  return count;
}

// Mel files whose frames are read where they are needed: a .mel of any length takes no memory, where it states its format.
// Files of other tools are read as a whole, since what they are is told by their values.

/** A mel whose frames are read where they are needed. */
export interface MelFrames {
  readonly format: MelFormat;
  readonly frames: number;
  /**
   * The values of the frames from … to, as the format has them: [frames, bands].
   *
   * @throws FileError where they cannot be read any more
   */
  rows(from: number, to: number): Promise<Float32Array>;
}

/** A mel in the expected format; close it. */
export interface OpenMel {
  readonly mel: Mel | MelFrames;
  /** As in ConvertedMel. */
  readonly leadingSamples: number;
  /** What was converted, and what is odd and was put up with, each a sentence. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** Room for a header; a .mel file's has a thousand bytes. */
const HEADER_BYTES = 65_536;
/** Frames that are checked at once. */
const CHECKED = 1024;

/**
 * Opens the mel file that a source holds; the mel closes the source.
 *
 * @throws what parseMel throws, and what the source throws; every value is looked at before it returns
 */
export async function openMelIn(source: ByteSource, options: ReadMelOptions): Promise<OpenMel> {
  const stored = await openStored(source);
  if (stored && stored.frames > 0 && !options.assume && (await holdsFiniteValues(stored))) {
    return openStated(stored, options, () => source.close());
  }
  const file = parseMel(await source.read(0, source.length), options);
  await source.close();
  return inMemory(file);
}

/** A mel file that was read as a whole. */
export function inMemory({ mel, leadingSamples, conversions, remarks }: MelFile): OpenMel & { mel: Mel } {
  return { mel, leadingSamples, notes: [...conversions, ...remarks], close: () => Promise.resolve() };
}

/** A mel as its file states it, in the format that is expected. */
function openStated(
  stored: MelFrames,
  { expected, trust = false }: ReadMelOptions,
  close: () => Promise<void>,
): OpenMel {
  const { format, frames } = stored;
  const convert = (values: Float32Array): ReturnType<typeof convertMel> =>
    convertMel({ frames: values.length / format.bands, format, values }, expected, trust);
  const { leadingSamples, conversions } = convert(new Float32Array(0));
  const rows = async (from: number, to: number): Promise<Float32Array> =>
    convert(await stored.rows(from, to)).mel.values;
  return { mel: { format: expected, frames, rows }, leadingSamples, notes: conversions, close };
}

/** The mel of a file that states its format; undefined where it does not, or is anything else. */
async function openStored(source: ByteSource): Promise<MelFrames | undefined> {
  const start = await source.read(0, HEADER_BYTES);
  if (!isSafetensors(start) || headerEnd(start) > start.length) return undefined;
  const { entries, metadata, dataStart } = parseHeader(start, source.length);
  const entry = entries.find(({ name }) => name === MEL_TENSOR);
  const stated = metadata[MEL_FORMAT_KEY];
  if (!entry || stated === undefined || !isFloatTensor(entry)) return undefined;
  const format = readStatedFormat(stated);
  const [frames, bands] = entry.shape;
  if (entry.shape.length !== 2 || bands !== format.bands) return undefined;
  return { format, frames, rows: (from, to) => readRows(source, dataStart, entry, from, to) };
}

async function readRows(
  source: ByteSource,
  dataStart: number,
  { name, dtype, shape: [frames, bands], begin, end }: TensorEntry,
  from: number,
  to: number,
): Promise<Float32Array> {
  const rowBytes = (end - begin) / frames;
  const bytes = await source.read(dataStart + begin + from * rowBytes, (to - from) * rowBytes);
  return tensorFloats({ name, dtype, shape: [to - from, bands], bytes });
}

async function holdsFiniteValues(mel: MelFrames): Promise<boolean> {
  for (let from = 0; from < mel.frames; from += CHECKED) {
    const values = await mel.rows(from, Math.min(mel.frames, from + CHECKED));
    if (findNonFinite(values, mel.format.bands)) return false;
  }
  return true;
}

// Mel files whose frames are read where they are needed: a .mel of any length takes no memory, where it states its format.
// Files of other tools are read as a whole, since what they are is told by their values.
import { allFinite, type ByteSource } from "../formats/bytes.js";
import {
  headerEnd,
  isFloatTensor,
  isSafetensors,
  parseHeader,
  type TensorEntry,
  tensorFloats,
} from "../formats/safetensors.js";
import { convertMel } from "./conversion.js";
import { naturalLog } from "./encoding.js";
import type { ReadMelOptions } from "./file.js";
import type { Mel, MelFormat } from "./format.js";
import { MEL_FORMAT_KEY, MEL_TENSOR, readStatedFormat } from "./format-fields.js";

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
    const open = openStated(stored, options, () => source.close());
    return { ...open, notes: [...open.notes, ...(await remarksOn(stored))] };
  }
  return readMelIn(source, options);
}

/**
 * The format that a mel file states, without a look at its values; undefined where it states none.
 *
 * @throws MelFormatError and what a damaged header throws
 */
export async function statedFormat(source: ByteSource): Promise<MelFormat | undefined> {
  return (await openStored(source))?.format;
}

/**
 * Reads the mel file that a source holds as a whole, and closes the source.
 *
 * @throws what openMelIn throws
 */
export async function readMelIn(source: ByteSource, options: ReadMelOptions): Promise<OpenMel> {
  // loaded here: what judges mels that say nothing of themselves is not needed for the others
  const { parseMel } = await import("./file.js");
  const bytes = await source.read(0, source.length);
  await source.close();
  const { mel, leadingSamples, conversions, remarks } = parseMel(bytes, options);
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

/** A bend of neighbouring bands (ln) below which most are only in mels that were smoothed: SMOOTHEST_SPEECH. */
const SLIGHT_BEND = 0.355;

/** What is odd about a mel that states its format, by its first frames. */
async function remarksOn(stored: MelFrames): Promise<string[]> {
  const { format } = stored;
  const values = naturalLog({ format, values: await stored.rows(0, Math.min(CHECKED, stored.frames)) });
  if (!bendsSlightly(values, format)) return [];
  // loaded here: the mel of a recording needs no closer look
  const { melEvidence, smoothnessRemark } = await import("./evidence.js");
  const remark = smoothnessRemark(melEvidence(values, format));
  return remark === undefined ? [] : [remark];
}

function bendsSlightly(values: Float32Array, { bands, floor }: MelFormat): boolean {
  const silence = Math.log(floor) + 0.01;
  let [slight, all] = [0, 0];
  for (let i = 2; i < values.length; i++) {
    const [low, mid, high] = [values[i - 2], values[i - 1], values[i]];
    if (i % bands < 2 || low <= silence || mid <= silence || high <= silence) continue;
    all++;
    if (Math.abs(low - 2 * mid + high) < SLIGHT_BEND) slight++;
  }
  return 2 * slight > all;
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
    if (!allFinite(values)) return false;
  }
  return true;
}

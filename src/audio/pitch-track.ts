// Files of a pitch track, Hz a frame: a NumPy array [frames], or text with a number a line or a column that says it is the
// pitch. 0, NaN, an empty cell and Praat's --undefined-- stand for no voice. [frames]
import { InputError } from "../errors.js";
import { encodeNpy, isNpy, parseNpy } from "../formats/npy.js";
import type { MelFormat } from "../mel/format.js";

/** A file holds no pitch track. */
export class PitchFileError extends InputError {}

const WAY_OUT = "Write a number a line, Hz or 0, or save such an array with numpy.save.";
/** Names of a pitch column, as CREPE, Praat, pYIN's users and vocode write them. */
const PITCH_COLUMN = /^(hertz|hz|f0|f0[ _(-].*|pitch|pitch[ _(-].*|frequency|freq)$/i;
const NO_VOICE = /^(|[-+]?nan|none|null|na|--undefined--)$/i;

/**
 * The pitch track of a .npy or text file, by its content.
 *
 * @returns Hz [frames], NaN or 0 where there is no voice
 * @throws PitchFileError, NpyError
 */
export function parsePitchTrack(bytes: Uint8Array): Float32Array {
  const track = isNpy(bytes) ? fromNpy(bytes) : fromText(bytes);
  if (track.length === 0) throw new PitchFileError(`The file of the pitch has no values. ${WAY_OUT}`);
  return track;
}

function fromNpy(bytes: Uint8Array): Float32Array {
  const { shape, data } = parseNpy(bytes, true);
  if (shape.filter((length) => length !== 1).length <= 1) return data;
  throw new PitchFileError(
    `The array of the pitch has the shape (${shape.join(", ")}), and one value a frame is needed. Save that row or column alone.`,
  );
}

function fromText(bytes: Uint8Array): Float32Array {
  const text = new TextDecoder().decode(bytes);
  if (text.includes("\0"))
    throw new PitchFileError(`The file of the pitch is neither .npy nor text. ${WAY_OUT}`);
  const lines = text.trimEnd().split(/\r\n|\r|\n/);
  while (lines.length > 0 && (lines[0].trim() === "" || lines[0].startsWith("#"))) lines.shift();
  if (lines.length === 0) return new Float32Array(0);
  const head = cells(lines[0]);
  const hasHead = head.some((cell) => valueOf(cell) === undefined);
  const column = columnOf(head, hasHead);
  return Float32Array.from(lines.slice(hasHead ? 1 : 0), (line, index) => {
    const found = cells(line);
    const value = found.length === head.length ? valueOf(found[column]) : undefined;
    if (value !== undefined) return value;
    throw new PitchFileError(
      `Value ${index + 1} in the file of the pitch is '${line.trim().slice(0, 40)}', and ${
        head.length === 1 ? "a number" : `a line of ${head.length} cells`
      } is expected. ${WAY_OUT}`,
    );
  });
}

/** Which column is the pitch. */
function columnOf(head: readonly string[], hasHead: boolean): number {
  if (head.length === 1) {
    if (!hasHead || !/\d/.test(head[0].replace(/f0/i, ""))) return 0;
    throw new PitchFileError(
      `The file of the pitch begins with '${head[0].slice(0, 40)}', which is no number. ${WAY_OUT}`,
    );
  }
  const column = hasHead ? head.findIndex((cell) => PITCH_COLUMN.test(cell)) : -1;
  if (column >= 0) return column;
  throw new PitchFileError(
    `The file of the pitch has ${head.length} columns, and none is named f0, pitch, hertz or frequency. Name it in a first line, ` +
      "or leave that column alone.",
  );
}

function cells(line: string): string[] {
  const separator = [",", ";", "\t"].find((each) => line.includes(each)) ?? /\s+/;
  const trimmed = separator === "\t" ? line : line.trim();
  return trimmed.split(separator).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, "$1")
      .trim(),
  );
}

/** Hz, NaN where there is no voice; undefined for what is neither. */
function valueOf(cell: string): number | undefined {
  if (NO_VOICE.test(cell)) return NaN;
  const value = Number(cell);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * The bytes of a pitch track's file: NumPy's float32 [frames], or text with the columns seconds and hertz.
 *
 * @param hertz 0 where there is no voice [frames]
 * @param format whose frames they are
 */
export function encodePitchTrack(hertz: Float32Array, format: MelFormat, kind: "npy" | "csv"): Uint8Array {
  if (kind === "npy") return encodeNpy([hertz.length], hertz);
  const { hopLength, sampleRate, padding } = format;
  const centre = padding === "same" ? Math.floor(hopLength / 2) : 0;
  const rows = Array.from(hertz, (value, frame) => {
    const seconds = (frame * hopLength + centre) / sampleRate;
    return `${seconds.toFixed(5)},${value === 0 ? "0" : value.toFixed(3)}\n`;
  });
  return new TextEncoder().encode(`seconds,hertz\n${rows.join("")}`);
}

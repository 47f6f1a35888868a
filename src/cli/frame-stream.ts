// Mel frames as they come through a pipe: one line of JSON that says their format, then rows of little-endian float32,
// [bands] each, until the pipe closes. The line is what a JSON file of --format holds: {} stands for the format that is
// expected, {"preset": "tacotron2-22k-80"} or {"preset": …, "fmax": …} for another. A mel file may come in their place.
import { type ByteSource, byteSource, concatenateBytes, decodeFloats, RowCutter } from "../formats/bytes.js";
import { undoAssumption } from "../mel/strange.js";
import { isMelContainer } from "../mel/container.js";
import { describeForeignContainer } from "../mel/foreign.js";
import { convertMel, type MelAssumption } from "../mel/conversion.js";
import { convertToFormat, isNative } from "../mel/encoding.js";
import { formatFromJson } from "../mel/format-option.js";
import type { MelFormat } from "../mel/format.js";
import { InputError } from "../errors.js";

const LONGEST_HEADER = 65_536;
const NEWLINE = 10;

/** A pipe does not hold a line of JSON and then rows of numbers. */
class FrameStreamError extends InputError {}

/** How to read frames. */
interface FrameStreamOptions {
  /** The format that the frames have to arrive in. */
  readonly expected: MelFormat;
  /** What the values are, where the line does not say it. */
  readonly assume?: MelAssumption;
  /** Takes a stated format as it is. */
  readonly trust?: boolean;
}

/** Frames in the expected format. */
interface FrameStream {
  /** As in ConvertedMel. */
  readonly leadingSamples: number;
  readonly conversions: readonly string[];
  /**
   * The frames as they come, [any number of frames, bands] each.
   *
   * @throws FrameStreamError where the pipe closes within a frame
   */
  readonly frames: AsyncGenerator<Float32Array, void>;
}

/** Frames whose line has been read. */
interface PipedFrames {
  /** The format that the line states; undefined where it leaves that to the reader. */
  readonly stated: MelFormat | undefined;
  /** @throws FrameStreamError, MelFormatMismatchError */
  open(options: FrameStreamOptions): FrameStream;
}

/**
 * Reads the beginning of what a pipe holds: frames, or a mel file, which is taken into memory.
 *
 * @throws what readFrameLine throws
 */
export async function readPiped(
  source: AsyncIterable<Uint8Array, void>,
): Promise<PipedFrames | { readonly file: ByteSource }> {
  const chunks = source[Symbol.asyncIterator]();
  let start = new Uint8Array(0);
  while (start.length < MAGIC_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    start = concatenateBytes([start, next.value]);
  }
  const again = continued(start, chunks);
  if (!isMelContainer(start)) return readFrameLine(again);
  const pieces: Uint8Array[] = [];
  for await (const piece of again) pieces.push(piece);
  return { file: byteSource(Buffer.concat(pieces)) };
}

/** As many bytes as tell a mel file from a line of JSON. */
const MAGIC_BYTES = 16;

async function* continued(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  if (start.length > 0) yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/**
 * Reads the line before the frames.
 *
 * @throws FrameStreamError; MelFormatError, UnknownPresetError for what the line says
 */
export async function readFrameLine(source: AsyncIterable<Uint8Array, void>): Promise<PipedFrames> {
  const chunks = source[Symbol.asyncIterator]();
  const { line, rest } = await readLine(chunks);
  const { bands, stated } = parseLine(line);
  return {
    stated,
    open: (options) => {
      const format = stated ?? options.assume?.format ?? options.expected;
      if (bands !== undefined && bands !== format.bands)
        throw new FrameStreamError(
          `The pipe's frames have ${JSON.stringify(bands)} bands, and ${format.bands} are expected. The line may say another format, such as ` +
            '{"preset": "vocos-24k-100"}.',
        );
      return openFrames(chunks, rest, format, options);
    },
  };
}

function openFrames(
  chunks: AsyncIterator<Uint8Array, void>,
  rest: Uint8Array,
  stated: MelFormat,
  { expected, assume = {}, trust = false }: FrameStreamOptions,
): FrameStream {
  const inFormat = (values: Float32Array): Float32Array => {
    const { values: written, encoding } = undoAssumption(values, assume, stated);
    return isNative(encoding, stated) ? written : convertToFormat(written, encoding, stated);
  };
  const convert = (values: Float32Array): ReturnType<typeof convertMel> =>
    convertMel({ frames: values.length / stated.bands, format: stated, values }, expected, trust);
  const { leadingSamples, conversions } = convert(new Float32Array(0));
  async function* frames(): AsyncGenerator<Float32Array, void> {
    for await (const values of rows(chunks, rest, stated.bands)) yield convert(inFormat(values)).mel.values;
  }
  return { leadingSamples, conversions, frames: frames() };
}

async function readLine(
  chunks: AsyncIterator<Uint8Array, void>,
): Promise<{ line: string; rest: Uint8Array }> {
  let held = new Uint8Array(0);
  for (;;) {
    const end = held.indexOf(NEWLINE);
    if (end >= 0 && end <= LONGEST_HEADER) {
      return { line: Buffer.from(held.subarray(0, end)).toString("utf8"), rest: held.subarray(end + 1) };
    }
    if (held.length > LONGEST_HEADER) throw notALine(held);
    const next = await chunks.next();
    if (next.done) throw notALine(held);
    held = concatenateBytes([held, next.value]);
  }
}

function notALine(held: Uint8Array): FrameStreamError {
  if (held.length === 0)
    return new FrameStreamError(
      'The pipe is empty; it should begin with a line of JSON such as {"bands": 80}.',
    );
  const start = Buffer.from(held.subarray(0, 4)).toString("latin1");
  const what = ["RIFF", "fLaC"].includes(start)
    ? "a recording"
    : isMelContainer(held)
      ? "a mel file"
      : (describeForeignContainer(held) ?? "something else");
  return new FrameStreamError(
    `The pipe should begin with a line of JSON, and frames behind it; what comes is ${what}. Files are read by their name.`,
  );
}

/** What the line states: a format, or the number of bands alone, or nothing. */
function parseLine(line: string): { readonly stated?: MelFormat; readonly bands?: unknown } {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    throw notALine(Buffer.from(line));
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields))
    throw new FrameStreamError(`The pipe's first line is ${line.slice(0, 40)}, and should be a JSON object.`);
  const { bands, ...others } = fields as Readonly<Record<string, unknown>>;
  if (Object.keys(others).length > 0)
    return { stated: formatFromJson(fields as Readonly<Record<string, unknown>>) };
  return { bands };
}

async function* rows(
  chunks: AsyncIterator<Uint8Array, void>,
  first: Uint8Array,
  bands: number,
): AsyncGenerator<Float32Array, void> {
  const rowBytes = bands * Float32Array.BYTES_PER_ELEMENT;
  const cutter = new RowCutter(rowBytes);
  let frame = 0;
  for (
    let next: IteratorResult<Uint8Array, void> = { value: first };
    !next.done;
    next = await chunks.next()
  ) {
    const whole = cutter.push(next.value);
    if (whole.length > 0) yield decodeFloats(whole, "float32");
    frame += whole.length / rowBytes;
  }
  if (cutter.left > 0)
    throw new FrameStreamError(
      `The pipe closed within frame ${frame}: ${cutter.left} of its ${rowBytes} bytes came.`,
    );
}

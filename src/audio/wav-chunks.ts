// Where a WAV file's format and samples lie: a walk over the chunks of RIFF, RIFX (big endian), RF64 and BW64 (over 4 GB,
// EBU Tech 3306) and Sony Wave64, which believes no size that the file's own length does not bear out.
import { InputError } from "../errors.js";
import { type ByteSource, latin1Text } from "../formats/bytes.js";

/** A file that begins like a WAV file but cannot be read as one. */
export class WavError extends InputError {
  /**
   * @param problem a clause about the file, such as "has no samples"
   * @param wayOut what to do, a sentence
   */
  constructor(
    readonly problem: string,
    wayOut = "Export it again, as 16-bit PCM for instance.",
  ) {
    super(`The WAV file ${problem}. ${wayOut}`);
  }
}

/** The two chunks that matter. */
export interface WavChunks {
  readonly littleEndian: boolean;
  /** Contents of the fmt chunk. */
  readonly format: Uint8Array;
  /** Where the samples' bytes begin in the file. */
  readonly dataStart: number;
  /** The samples' bytes that the file holds, whatever its header promises. */
  readonly dataBytes: number;
  /** Bytes of samples that are promised and missing. */
  readonly missingBytes: number;
  /** What is odd about the sizes, each a sentence, apart from missing bytes. */
  readonly remarks: readonly string[];
}

/** How one container writes its chunks. */
interface ChunkLayout {
  /** Bytes before the first chunk. */
  readonly start: number;
  /** Bytes of a chunk's header: its name, perhaps more, and its size. */
  readonly header: number;
  /** Chunks begin at multiples of it. */
  readonly alignment: number;
  /** Size of a chunk's content by its header. */
  readonly size: (header: DataView) => number;
}

const UNKNOWN_SIZE = 0xffffffff;
/** The longest fmt and ds64 chunks that are looked at: those that exist have 40 and 28 bytes. */
const LONGEST_CONTENT = 4096;
/** Bytes read at a time in search of chunks. */
const WINDOW_BYTES = 4096;

function riffLayout(littleEndian: boolean): ChunkLayout {
  return { start: 12, header: 8, alignment: 2, size: (header) => header.getUint32(4, littleEndian) };
}

// a name is a GUID of 16 bytes, which begins with what RIFF calls it; a size counts its header
const wave64Layout: ChunkLayout = {
  start: 40,
  header: 24,
  alignment: 8,
  size: (header) => Math.max(0, Number(header.getBigUint64(16, true)) - 24),
};

/**
 * Finds the fmt and data chunks.
 *
 * @param file begins with one of the containers' names
 * @throws WavError if a chunk is missing; FileError
 */
export async function findChunks(file: ByteSource): Promise<WavChunks> {
  const container = fourCharacters(await file.read(0, 4));
  const littleEndian = container !== "RIFX";
  const layout = container === "riff" ? wave64Layout : riffLayout(littleEndian);
  let format: Uint8Array | undefined;
  let wideDataSize: number | undefined;
  let [at, windowStart] = [layout.start, 0];
  let window: Uint8Array = new Uint8Array(0);
  while (at + layout.header <= file.length) {
    // many at once, since a stretch of zeros reads as a row of empty chunks
    if (at + layout.header > windowStart + window.length) {
      windowStart = at;
      window = await file.read(at, WINDOW_BYTES);
    }
    const header = window.subarray(at - windowStart, at - windowStart + layout.header);
    const name = fourCharacters(header);
    const size = layout.size(viewOf(header));
    const begin = at + layout.header;
    const content = (): Promise<Uint8Array> => file.read(begin, Math.min(size, LONGEST_CONTENT));
    if (name === "fmt ") format = await content();
    // ds64 holds the sizes that 32 bits cannot: of the file, then of the data
    if (name === "ds64") {
      const sizes = await content();
      if (sizes.length >= 16) wideDataSize = Number(viewOf(sizes).getBigUint64(8, littleEndian));
    }
    if (name === "data") {
      if (format === undefined)
        throw new WavError("has its samples before their format, or no format at all");
      const promised = size === UNKNOWN_SIZE ? (wideDataSize ?? size) : size;
      return { littleEndian, format, ...(await dataChunk(file, begin, promised, layout)) };
    }
    at = aligned(begin + size, layout);
  }
  throw new WavError(
    format === undefined ? "has neither a format nor samples" : "has no samples (no data chunk)",
  );
}

type DataChunk = Pick<WavChunks, "dataStart" | "dataBytes" | "missingBytes" | "remarks">;

/** How many of the bytes from `dataStart` on are samples, when the header promises so many. */
async function dataChunk(
  file: ByteSource,
  dataStart: number,
  promised: number,
  layout: ChunkLayout,
): Promise<DataChunk> {
  const rest = file.length - dataStart;
  const whole = { dataStart, dataBytes: rest, missingBytes: 0, remarks: [] };
  if ((promised === 0 && rest >= layout.header) || (promised > rest && isPlaceholder(promised))) {
    const dataBytes = (await findTrailingChunks(file, dataStart, layout)) - dataStart;
    const end = dataBytes === rest ? "the end of the file" : "the chunks at the end of the file";
    return {
      ...whole,
      dataBytes,
      remarks: [`The header gives no length; everything up to ${end} was taken for samples.`],
    };
  }
  if (promised > rest) {
    // some programs write the file's size there
    const isFileSize = promised === file.length || promised === file.length - 8;
    return { ...whole, missingBytes: isFileSize ? 0 : promised - rest };
  }
  const behind = rest - promised;
  // 32 bits overflow at 4 GiB
  if (behind >= 2 ** 32 && behind % 2 ** 32 < WINDOW_BYTES && layout.header === 8) {
    const dataBytes = rest - (behind % 2 ** 32);
    return {
      ...whole,
      dataBytes,
      remarks: ["The samples are longer than the header can say; all were read."],
    };
  }
  const remarks: string[] = [];
  if (behind >= layout.header + layout.alignment && !(await hasChunkAt(file, dataStart + promised, layout)))
    remarks.push(
      `${behind} bytes behind the samples belong to no chunk and were passed over: the header may promise too few samples.`,
    );
  return { ...whole, dataBytes: promised, remarks };
}

/**
 * Whether a size is what programs write into a pipe, before they know how long the sound will be: all ones, the largest
 * signed number, or a little less, for the header.
 */
function isPlaceholder(size: number): boolean {
  return (
    (size > 0x7ff00000 && size <= 0x80000000) ||
    (size > 0xfff00000 && size <= 2 ** 32) ||
    size > Number.MAX_SAFE_INTEGER
  );
}

// What comes behind the samples, where nothing says where they end.

/** Chunks that programs write behind the samples. */
const TRAILING =
  /LIST|list|id3 |ID3 |bext|iXML|_PMX|axml|cart|cue |smpl|inst|plst|acid|afsp|fact|PEAK|JUNK|junk|PAD |FLLR|DISP|note|labl|strc|umid|chna|LGWV|minf|elm1|regn|SAUR|levl|link|qlty|mext/g;
/** How far from the end they are looked for. */
const TRAILING_BYTES = 2 ** 18;

/** Where chunks begin that reach to the end of the file exactly; the end where there are none. */
async function findTrailingChunks(file: ByteSource, from: number, layout: ChunkLayout): Promise<number> {
  const start = Math.max(from, file.length - TRAILING_BYTES);
  const tail = await file.read(start, TRAILING_BYTES);
  for (const { index } of latin1Text(tail).matchAll(TRAILING))
    if (endsExactly(tail, index, layout)) return start + index;
  return file.length;
}

function endsExactly(tail: Uint8Array, from: number, layout: ChunkLayout): boolean {
  let at = from;
  while (at + layout.header <= tail.length && isChunkName(tail, at)) {
    const end = at + layout.header + layout.size(viewOf(tail.subarray(at, at + layout.header)));
    if (end === tail.length) return true;
    at = aligned(end - from, layout) + from;
  }
  return at === tail.length;
}

/** Whether a chunk begins at a place, or at the next one where one may. */
async function hasChunkAt(file: ByteSource, end: number, layout: ChunkLayout): Promise<boolean> {
  const bytes = await file.read(end, layout.alignment + 4);
  return isChunkName(bytes, 0) || isChunkName(bytes, aligned(end, layout) - end);
}

function isChunkName(bytes: Uint8Array, at: number): boolean {
  return /^[\x20-\x7e]{4}$/.test(fourCharacters(bytes.subarray(at)));
}

function aligned(at: number, { alignment }: ChunkLayout): number {
  return Math.ceil(at / alignment) * alignment;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fourCharacters(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4));
}

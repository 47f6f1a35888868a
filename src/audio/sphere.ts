// NIST SPHERE files, as TIMIT and other corpora of the Linguistic Data Consortium have them, often named .wav: a header of
// text, 1024 bytes most often, then samples of PCM, mu-law or A-law.
import { InputError } from "../errors.js";
import { type ByteSource, latin1Text } from "../formats/bytes.js";
import { ForeignRecordingError } from "./foreign-recording.js";
import { decodePlain, type PlainFormat } from "./read-wav.js";
import { type RecordingStream, recordingStream } from "./recording.js";

/** A file that begins like a NIST SPHERE file but cannot be read as one. */
export class SphereError extends InputError {
  /** @param problem a clause about the file */
  constructor(readonly problem: string) {
    super(`The NIST SPHERE file ${problem}. Convert it to WAV from its source, with sph2pipe for instance.`);
  }
}

/** Bytes of the first two lines: the marker, and the header's size. */
const PREAMBLE_BYTES = 16;
const LONGEST_HEADER = 2 ** 16;
/** Bytes read and decoded at a time. */
const PIECE_BYTES = 2 ** 18;

/**
 * Reads a SPHERE file's header.
 *
 * @param file begins with "NIST_1A"; it stays open as long as samples are read
 * @throws SphereError where the header is not complete, ForeignRecordingError for a coding that is not read
 */
export async function openSphere(file: ByteSource): Promise<RecordingStream> {
  const headerBytes = Number(latin1Text(await file.read(8, PREAMBLE_BYTES - 8)));
  if (!(Number.isInteger(headerBytes) && headerBytes >= PREAMBLE_BYTES && headerBytes <= LONGEST_HEADER))
    throw new SphereError("does not say how long its header is");
  const fields = parseFields(latin1Text(await file.read(0, headerBytes)));
  const sampleRate = numberField(fields, "sample_rate", 1000, 768_000);
  const format = plainFormat(fields);
  const frameBytes = format.channels * format.sampleBytes;
  const held = Math.floor((file.length - headerBytes) / frameBytes);
  const promised = fields.has("sample_count") ? numberField(fields, "sample_count", 0, 2 ** 40) : undefined;
  const sampleCount = Math.max(0, Math.min(held, promised ?? held));
  if (sampleCount === 0) throw new SphereError("holds no samples");
  const bitDepth = 8 * format.sampleBytes;
  const framesAtOnce = Math.max(1, Math.floor(PIECE_BYTES / frameBytes));
  return recordingStream({
    sampleRate,
    source: {
      container: "sphere",
      encoding: format.encoding === "integer" ? `${bitDepth}-bit integer` : format.encoding,
      bitDepth,
      channels: format.channels,
      remarks: lengthRemarks(held, promised),
    },
    sampleCount,
    async *channels() {
      for (let first = 0; first < sampleCount; first += framesAtOnce) {
        const count = Math.min(framesAtOnce, sampleCount - first);
        const bytes = await file.read(headerBytes + first * frameBytes, count * frameBytes);
        // 8-bit samples are signed here
        const isSigned = format.encoding === "integer" && format.sampleBytes === 1;
        yield decodePlain(isSigned ? bytes.map((byte) => byte ^ 128) : bytes, format);
      }
    },
  });
}

function lengthRemarks(held: number, promised: number | undefined): string[] {
  if (promised === undefined)
    return ["The header gives no length; everything up to the end of the file was taken for samples."];
  if (promised <= held) return [];
  return [`The file is cut off: it holds ${held} of the ${promised} samples that its header promises.`];
}

/** Lines such as "sample_rate -i 16000": a name, a type, a value. */
function parseFields(header: string): Map<string, string> {
  const lines = header.split(/\r?\n/).slice(2);
  const end = lines.indexOf("end_head");
  return new Map(
    (end < 0 ? lines : lines.slice(0, end)).flatMap((line) => {
      const found = /^(\w+)\s+-(?:i|r|s\d+)\s+(.*?)\s*$/.exec(line);
      return found === null ? [] : [[found[1], found[2]] as const];
    }),
  );
}

function numberField(fields: ReadonlyMap<string, string>, name: string, least: number, most: number): number {
  const text = fields.get(name);
  const value = Number(text);
  if (text === undefined || !(value >= least && value <= most))
    throw new SphereError(
      text === undefined
        ? `does not say its ${name}`
        : `gives '${text}' as its ${name}, outside ${least} to ${most}`,
    );
  return Math.round(value);
}

const encodings: ReadonlyMap<string, PlainFormat["encoding"]> = new Map([
  ["pcm", "integer"],
  ["ulaw", "mu-law"],
  ["mu-law", "mu-law"],
  ["alaw", "A-law"],
]);

function plainFormat(fields: ReadonlyMap<string, string>): PlainFormat {
  const coding = (fields.get("sample_coding") ?? "pcm").toLowerCase();
  const encoding = encodings.get(coding);
  if (encoding === undefined) throw new ForeignRecordingError(`NIST SPHERE coded as '${coding}'`);
  const channels = fields.has("channel_count") ? numberField(fields, "channel_count", 1, 255) : 1;
  if (channels > 1 && fields.get("channels_interleaved")?.toUpperCase() === "FALSE")
    throw new SphereError("holds its channels one after the other, which is not supported");
  if (encoding !== "integer") return { encoding, channels, sampleBytes: 1, littleEndian: true };
  const sampleBytes = numberField(fields, "sample_n_bytes", 1, 4);
  const order = fields.get("sample_byte_format") ?? "";
  // "01" names the bytes of a sample from the lowest one on, "10" from the highest one on
  const isLittle = /^0/.test(order);
  if (sampleBytes > 1 && !isLittle && !/^[1-9]\d*0$/.test(order))
    throw new SphereError(`gives '${order}' as the order of its bytes, which says nothing`);
  return { encoding, channels, sampleBytes, littleEndian: isLittle };
}

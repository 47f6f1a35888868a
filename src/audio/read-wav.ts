// WAV files, piece by piece: 8- to 32-bit integers, 32- and 64-bit floats, A-law, mu-law and ADPCM, plain or extensible,
// any number of channels, in RIFF, RIFX, RF64, BW64 and Wave64.
import { type ByteSource, decodeFloats } from "../formats/bytes.js";
import { decodeAdpcm, samplesOfBlock } from "./adpcm.js";
import { type RecordingStream, recordingStream, tagBytes } from "./recording.js";
import { findChunks, type WavChunks, WavError } from "./wav-chunks.js";
import { readFormat, type WavEncoding, type WavFormat } from "./wav-format.js";

/** Bytes read and decoded at a time. */
const PIECE_BYTES = 2 ** 18;

/** What can be decoded without what stands before it: a frame (one sample of each channel), or a block of ADPCM. */
interface WavUnit {
  readonly bytes: number;
  /** Samples of each channel that come out of so many bytes, at the end of the file too. */
  readonly samples: (bytes: number) => number;
  /** [channels] the samples in −1…1 of whole units, and of what is left of one at the end. */
  readonly decode: (bytes: Uint8Array) => Float32Array[];
}

function unitOf(format: WavFormat, littleEndian: boolean): WavUnit {
  const { encoding, channels, sampleBytes } = format;
  if (encoding === "IMA ADPCM" || encoding === "Microsoft ADPCM") {
    const blockSamples = samplesOfBlock(format, sampleBytes);
    return {
      bytes: sampleBytes,
      samples: (bytes) =>
        Math.floor(bytes / sampleBytes) * blockSamples + samplesOfBlock(format, bytes % sampleBytes),
      decode: (bytes) => decodeAdpcm(bytes, format),
    };
  }
  const frameBytes = channels * sampleBytes;
  return {
    bytes: frameBytes,
    // a last partial frame is left out
    samples: (bytes) => Math.floor(bytes / frameBytes),
    decode: (bytes) => decodePlain(bytes, { encoding, channels, sampleBytes, littleEndian }),
  };
}

/**
 * Reads a WAV file's header.
 *
 * @param file a file for which isWav of recording.ts holds, or a Wave64 file; it stays open as long as samples are read
 * @param pieceBytes how much of it is read at a time, rounded to what can be decoded by itself
 * @throws WavError where the header contradicts itself or the file
 */
export async function openWav(file: ByteSource, pieceBytes = PIECE_BYTES): Promise<RecordingStream> {
  const body = behind(file, await tagBytes(file));
  const chunks = await findChunks(body);
  const { dataStart, dataBytes, littleEndian } = chunks;
  const format = readFormat(chunks.format, littleEndian);
  const unit = unitOf(format, littleEndian);
  const sampleCount = unit.samples(dataBytes);
  if (sampleCount === 0) throw new WavError("holds no samples: its data is empty");
  const bytesAtOnce = Math.max(1, Math.floor(pieceBytes / unit.bytes)) * unit.bytes;
  const { channels, sampleRate, bitDepth, encoding } = format;
  return recordingStream({
    sampleRate,
    source: {
      container: (await body.read(0, 4))[0] === LOWER_R ? "w64" : "wav",
      encoding: encodingName(encoding, bitDepth),
      bitDepth,
      channels,
      remarks: [...format.remarks, ...chunks.remarks, ...missingRemarks(chunks, unit)],
    },
    sampleCount,
    async *channels() {
      for (let at = 0; at < dataBytes; at += bytesAtOnce) {
        const bytes = await body.read(dataStart + at, Math.min(bytesAtOnce, dataBytes - at));
        if (unit.samples(bytes.length) > 0) yield unit.decode(bytes);
      }
    },
  });
}

/** What Wave64 files begin with. */
const LOWER_R = 0x72;
/** Share of missing samples up to which they are counted. */
const FEW_MISSING = 0.02;

function missingRemarks({ dataBytes, missingBytes }: WavChunks, unit: WavUnit): string[] {
  if (missingBytes === 0) return [];
  const promisedBytes = dataBytes + missingBytes;
  if (missingBytes > FEW_MISSING * promisedBytes) {
    const share = ((100 * dataBytes) / promisedBytes).toPrecision(2);
    return [`The file is cut off: it holds ${share} % of the samples that its header promises.`];
  }
  const promised = unit.samples(promisedBytes);
  const missing = promised - unit.samples(dataBytes);
  if (missing === 0) return [];
  return [
    `The file is cut off: ${missing} of the ${promised} samples that its header promises ${missing === 1 ? "is" : "are"} missing.`,
  ];
}

/** The bytes of a file from a place on. */
function behind(file: ByteSource, start: number): ByteSource {
  if (start === 0) return file;
  return {
    length: Math.max(0, file.length - start),
    read: (at, count) => file.read(start + at, count),
    close: () => file.close(),
  };
}

function encodingName(encoding: WavEncoding, bitDepth: number): string {
  return encoding === "integer" || encoding === "float" ? `${bitDepth}-bit ${encoding}` : encoding;
}

// Samples that stand one after the other, read through typed arrays.

/** How plain samples are written. */
export interface PlainFormat {
  readonly encoding: Extract<WavEncoding, "integer" | "float" | "A-law" | "mu-law">;
  readonly channels: number;
  readonly sampleBytes: number;
  readonly littleEndian: boolean;
}

/**
 * The samples of whole frames.
 *
 * @param bytes [frames · channels · sampleBytes]; what is left over is ignored
 * @returns [channels] the samples in −1…1
 */
export function decodePlain(bytes: Uint8Array, format: PlainFormat): Float32Array[] {
  const { channels, sampleBytes } = format;
  const count = Math.floor(bytes.length / (channels * sampleBytes));
  const whole = bytes.subarray(0, count * channels * sampleBytes);
  return Array.from({ length: channels }, (_, channel) => channelValues(whole, format, channel, count));
}

/** One channel's samples, in an array of their own. A function of its own, since it is compiled once then. */
function channelValues(
  bytes: Uint8Array,
  { encoding, sampleBytes, littleEndian, channels }: PlainFormat,
  channel: number,
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const step = channels * sampleBytes;
  let at = channel * sampleBytes;
  if (encoding === "float") {
    const all = decodeFloats(
      bytes,
      sampleBytes === 4 ? "float32" : "float64",
      littleEndian ? "little" : "big",
    );
    for (let n = 0; n < count; n++) values[n] = all[n * channels + channel];
    return values;
  }
  if (encoding !== "integer") {
    const table = companded[encoding];
    for (let n = 0; n < count; n++, at += step) values[n] = table[bytes[at]];
    return values;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sampleBytes === 1) {
    // integers of up to 8 bits are unsigned, silence at 128
    for (let n = 0; n < count; n++, at += step) values[n] = (bytes[at] - 128) / 2 ** 7;
  } else if (sampleBytes === 2) {
    for (let n = 0; n < count; n++, at += step) values[n] = view.getInt16(at, littleEndian) / 2 ** 15;
  } else if (sampleBytes === 3) {
    const [low, high] = littleEndian ? [0, 2] : [2, 0];
    for (let n = 0; n < count; n++, at += step)
      values[n] = (bytes[at + low] + bytes[at + 1] * 2 ** 8 + view.getInt8(at + high) * 2 ** 16) / 2 ** 23;
  } else {
    for (let n = 0; n < count; n++, at += step) values[n] = view.getInt32(at, littleEndian) / 2 ** 31;
  }
  return values;
}

/** What each byte of G.711 stands for: four bits of a step within one of eight segments. */
const companded = {
  "A-law": Float32Array.from({ length: 256 }, (_, byte) => {
    const code = byte ^ 0x55;
    const segment = (code >> 4) & 7;
    const magnitude = ((code & 15) << 4) + (segment === 0 ? 8 : 0x108);
    return ((code & 128 ? 1 : -1) * (magnitude << Math.max(0, segment - 1))) / 2 ** 15;
  }),
  "mu-law": Float32Array.from({ length: 256 }, (_, byte) => {
    const code = ~byte & 255;
    const magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
    return ((code & 128 ? -1 : 1) * magnitude) / 2 ** 15;
  }),
};

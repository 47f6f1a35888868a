// FLAC files, piece by piece, decoded by the reference decoder in WebAssembly (@wasm-audio-decoders/flac). What the header
// says is believed only as far as the frames bear it out (RFC 9639, 8.2).
import { type FLACDecodedAudio, FLACDecoder } from "@wasm-audio-decoders/flac";
import { InputError } from "../errors.js";
import { type ByteSource, concatenate } from "../formats/bytes.js";
import { FLAC_MARKER, type RecordingStream, tagBytes } from "./recording.js";

/** A file that begins like a FLAC file but cannot be decoded. */
export class FlacError extends InputError {
  /** @param problem a clause about the file, such as "is damaged" */
  constructor(readonly problem: string) {
    super(`The FLAC file ${problem}. Encode it again from its source; 'flac --test' checks a file.`);
  }
}

/** The marker, then the first block: its header and STREAMINFO. */
const HEAD_BYTES = FLAC_MARKER.length + 4 + 34;
const BLOCK_HEADER_BYTES = 4;
/** Bytes of a frame's header, at most. */
const LONGEST_FRAME_HEADER = 16;
/** Bytes read at a time. */
const READ_BYTES = 2 ** 18;
/** Bytes given to the decoder at a time: few, since 14 bytes of silence become thousands of samples. */
const SLICE_BYTES = 2 ** 12;
/** Samples in a piece, at least, up to the last one. */
const PIECE_SAMPLES = 2 ** 16;

/** What the STREAMINFO block says. */
interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitDepth: number;
  /** Samples of each channel, 0 where unknown. */
  readonly samples: number;
}

/**
 * Reads a FLAC file's header. Its samples' reader throws a FlacError where any promised sample is damaged or missing.
 *
 * @param file a file for which isFlac holds; it stays open as long as samples are read
 * @param sliceBytes how much of it the decoder gets at a time
 * @throws FlacError where the header is damaged
 */
export async function openFlac(file: ByteSource, sliceBytes = SLICE_BYTES): Promise<RecordingStream> {
  const start = await tagBytes(file);
  const info = parseStreamInfo(await file.read(start, HEAD_BYTES));
  const { sampleRate, bitDepth, channels } = info;
  return {
    sampleRate,
    source: { container: "flac", encoding: `${bitDepth}-bit integer`, bitDepth, channels, remarks: [] },
    sampleCount: info.samples > 0 ? info.samples : undefined,
    pieces: async function* () {
      yield* decodePieces(file, { start, trailer: await firstFrameHeader(file, start) }, info, sliceBytes);
    },
  };
}

/** Where the stream begins in its file, and what to put behind its end. */
interface FlacPlace {
  readonly start: number;
  readonly trailer: Uint8Array;
}

async function* decodePieces(
  file: ByteSource,
  place: FlacPlace,
  info: StreamInfo,
  sliceBytes: number,
): AsyncGenerator<Float32Array, void> {
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    let [total, waiting] = [0, 0];
    let parts: Float32Array[] = [];
    for await (const decoded of decodeSlices(decoder, file, place, sliceBytes)) {
      checkDecoded(decoded, info, total);
      total += decoded.samplesDecoded;
      waiting += decoded.samplesDecoded;
      if (decoded.samplesDecoded > 0) parts.push(meanOf(decoded.channelData, info.bitDepth));
      if (waiting < PIECE_SAMPLES) continue;
      yield concatenate(parts);
      [parts, waiting] = [[], 0];
    }
    if (total === 0) throw new FlacError("holds no samples");
    // the decoder passes over damaged frames, so that a hole in the middle shows only in the count
    if (total < info.samples) {
      throw new FlacError(
        `is damaged or cut off: only ${total} of its ${info.samples} samples can be decoded`,
      );
    }
    if (waiting > 0) yield concatenate(parts);
  } finally {
    decoder.free();
  }
}

/** What the decoder makes of the file, slice by slice, and of what it had kept back at the end. */
async function* decodeSlices(
  decoder: FLACDecoder,
  file: ByteSource,
  { start, trailer }: FlacPlace,
  sliceBytes: number,
): AsyncGenerator<FLACDecodedAudio, void> {
  for (let at = start; at < file.length; at += READ_BYTES) {
    const bytes = await file.read(at, READ_BYTES);
    for (let from = 0; from < bytes.length; from += sliceBytes)
      yield await attempt(decoder.decode(bytes.subarray(from, from + sliceBytes)));
  }
  yield await attempt(decoder.decode(trailer));
  yield await attempt(decoder.flush());
}

/**
 * The first frame's header: given to the decoder behind the last frame, it ends that one. Without a header behind it, the
 * decoder loses a short last frame (12 of 3,401 speech recordings). Empty where there is no frame.
 */
async function firstFrameHeader(file: ByteSource, start: number): Promise<Uint8Array> {
  let at = start + FLAC_MARKER.length;
  for (let last = false; !last;) {
    const block = await file.read(at, BLOCK_HEADER_BYTES);
    if (block.length < BLOCK_HEADER_BYTES) return new Uint8Array(0);
    last = (block[0] & 128) !== 0;
    at += BLOCK_HEADER_BYTES + block[1] * 65_536 + block[2] * 256 + block[3];
  }
  const header = await file.read(at, LONGEST_FRAME_HEADER);
  return header[0] === 0xff ? header : new Uint8Array(0);
}

async function attempt(decoding: Promise<FLACDecodedAudio>): Promise<FLACDecodedAudio> {
  try {
    return await decoding;
  } catch (error) {
    throw new FlacError(`cannot be decoded (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** @param before samples decoded before these */
function checkDecoded(decoded: FLACDecodedAudio, info: StreamInfo, before: number): void {
  const { errors, samplesDecoded, channelData, sampleRate, bitDepth } = decoded;
  if (errors.length > 0) {
    const seconds = (before / info.sampleRate).toFixed(2);
    throw new FlacError(`is damaged: it cannot be decoded from about ${seconds} s on (${errors[0].message})`);
  }
  if (samplesDecoded === 0) return;
  const [found, stated] = [
    { channels: channelData.length, sampleRate, bitDepth },
    { channels: info.channels, sampleRate: info.sampleRate, bitDepth: info.bitDepth },
  ].map((format) => `${format.channels} channels of ${format.bitDepth} bits at ${format.sampleRate} Hz`);
  if (found !== stated)
    throw new FlacError(`contradicts itself: its header says ${stated}, and it holds ${found}`);
}

function parseStreamInfo(head: Uint8Array): StreamInfo {
  if (head.length < HEAD_BYTES) throw new FlacError("ends within its header");
  const view = new DataView(head.buffer, head.byteOffset + HEAD_BYTES - 34, 34);
  // 20 bits of rate, 3 of channels − 1, 5 of bits − 1, 36 of samples
  const format = view.getUint32(10);
  const sampleRate = format >>> 12;
  if ((head[FLAC_MARKER.length] & 127) !== 0 || sampleRate === 0)
    throw new FlacError("is damaged: it does not begin with a valid STREAMINFO block");
  return {
    sampleRate,
    channels: ((format >>> 9) & 7) + 1,
    bitDepth: ((format >>> 4) & 31) + 1,
    samples: (format & 15) * 2 ** 32 + view.getUint32(14),
  };
}

/**
 * The mean of the channels.
 *
 * The decoder divides integers by 2^(b−1)−1; everybody else, and wav-samples.ts, by 2^(b−1).
 */
function meanOf(channels: readonly Float32Array[], bitDepth: number): Float32Array {
  const fullScale = 2 ** (bitDepth - 1);
  const divisor = fullScale * channels.length;
  return channels[0].map((_, n) => {
    let sum = 0;
    for (const channel of channels) sum += Math.round(channel[n] * (fullScale - 1));
    return sum / divisor;
  });
}

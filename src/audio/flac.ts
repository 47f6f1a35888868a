// FLAC files, frame by frame (RFC 9639): each frame has to bear its checksums out and to begin where the one before it
// ends, so that nothing is lost, and nothing is heard that was not recorded, without a word.
import { InputError } from "../errors.js";
import type { ByteSource } from "../formats/bytes.js";
import {
  decodeFrame,
  expectedFrameBytes,
  FRAME_MARGIN,
  FrameCutOff,
  FrameDamaged,
  type FrameHeader,
  type Integers,
  LONGEST_FRAME_HEADER,
  parseFrameHeader,
} from "./flac-frame.js";
import { FLAC_MARKER, type RecordingStream, recordingStream, tagBytes } from "./recording.js";

/** A file that begins like a FLAC file but cannot be decoded. */
export class FlacError extends InputError {
  /** @param problem a clause about the file, such as "is damaged" */
  constructor(readonly problem: string) {
    super(`The FLAC file ${problem}. Encode it again from its source; 'flac --test' checks a file.`);
  }
}

const BLOCK_HEADER_BYTES = 4;
const STREAM_INFO_BYTES = 34;
/** The marker, then the first block: its header and STREAMINFO. */
const HEAD_BYTES = FLAC_MARKER.length + BLOCK_HEADER_BYTES + STREAM_INFO_BYTES;
/** The type of block that none may have, since its first byte would look like a frame's. */
const INVALID_BLOCK = 127;
/** Bytes read at a time. */
const READ_BYTES = 2 ** 18;
/** No frame is longer: 8 channels of 65,536 samples of 33 bits, three times over. */
const LONGEST_FRAME = 2 ** 23;
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
 * Reads a FLAC file's header. Its samples' reader throws a FlacError where anything is damaged or missing; samples that
 * the header does not promise are given too, with a remark.
 *
 * @param file a file for which isFlac holds; it stays open as long as samples are read
 * @param readBytes how much of it is read at a time
 * @throws FlacError where the header is damaged
 */
export async function openFlac(file: ByteSource, readBytes = READ_BYTES): Promise<RecordingStream> {
  const start = await tagBytes(file);
  const info = parseStreamInfo(await file.read(start, HEAD_BYTES));
  const framesStart = await skipBlocks(file, start + FLAC_MARKER.length);
  const { sampleRate, bitDepth, channels } = info;
  const remarks: string[] = [];
  return recordingStream({
    sampleRate,
    source: { container: "flac", encoding: `${bitDepth}-bit integer`, bitDepth, channels, remarks },
    sampleCount: info.samples > 0 ? info.samples : undefined,
    channels: () => pieces(new FrameWalk(file, framesStart, info, readBytes), bitDepth, remarks),
  });
}

/** Where the frames begin: behind the blocks of metadata. */
async function skipBlocks(file: ByteSource, first: number): Promise<number> {
  let at = first;
  for (let last = false; !last;) {
    const header = await file.read(at, BLOCK_HEADER_BYTES);
    if (header.length < BLOCK_HEADER_BYTES) throw new FlacError("ends within its header");
    const type = header[0] & 127;
    // a second STREAMINFO is what a stretch of zeros looks like
    if (type === INVALID_BLOCK || (type === 0) !== (at === first))
      throw new FlacError("is damaged: its header has a block that cannot be");
    last = (header[0] & 128) !== 0;
    at += BLOCK_HEADER_BYTES + header[1] * 65_536 + header[2] * 256 + header[3];
  }
  return at;
}

function parseStreamInfo(head: Uint8Array): StreamInfo {
  if (head.length < HEAD_BYTES) throw new FlacError("ends within its header");
  const view = new DataView(head.buffer, head.byteOffset + HEAD_BYTES - STREAM_INFO_BYTES, STREAM_INFO_BYTES);
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

/** The frames' samples in −1…1, many frames at a time. */
async function* pieces(
  walk: FrameWalk,
  bitDepth: number,
  remarks: string[],
): AsyncGenerator<Float32Array[], void> {
  let waiting: Integers[][] = [];
  let count = 0;
  for await (const frame of walk.frames()) {
    waiting.push(frame);
    count += frame[0].length;
    if (count < PIECE_SAMPLES) continue;
    yield joined(waiting, count, bitDepth);
    [waiting, count] = [[], 0];
  }
  for (const remark of walk.remarks) if (!remarks.includes(remark)) remarks.push(remark);
  if (count > 0) yield joined(waiting, count, bitDepth);
}

/** Frames one after the other, each channel in −1…1. */
function joined(frames: readonly Integers[][], count: number, bitDepth: number): Float32Array[] {
  const scale = 2 ** (1 - bitDepth);
  return frames[0].map((_, channel) => {
    const samples = new Float32Array(count);
    let at = 0;
    for (const frame of frames) {
      const integers = frame[channel];
      for (let n = 0; n < integers.length; n++) samples[at++] = integers[n] * scale;
    }
    return samples;
  });
}

const STRANGE_NUMBERS = "Its frames are not numbered in a row: some may be there twice.";

/** A way through the frames of one stream. */
class FrameWalk {
  readonly #window: ByteWindow;
  readonly #info: StreamInfo;
  readonly #remarks: string[] = [];
  /** Samples of each channel so far. */
  #samples = 0;
  /** Samples of the latest frame; whether it is shorter than one before it, as none but the last of fixed size may be. */
  #latest = 0;
  #isShorter = false;
  /** The number that the next frame should have, of each way of counting; undefined before the first. */
  #next: { readonly frame: number; readonly sample: number } | undefined;

  constructor(file: ByteSource, start: number, info: StreamInfo, readBytes: number) {
    this.#window = new ByteWindow(file, start, readBytes);
    this.#info = info;
  }

  /** What was odd, each a sentence; complete after the last frame. */
  get remarks(): readonly string[] {
    return this.#remarks;
  }

  /** @throws FlacError */
  async *frames(): AsyncGenerator<Integers[], void> {
    while (await this.#window.fill(LONGEST_FRAME_HEADER)) {
      const header = parseFrameHeader(this.#window.bytes, this.#window.at);
      if (header === undefined) {
        if (await this.#endsHere()) break;
        throw this.#damage("there is no frame where one should begin");
      }
      this.#check(header);
      const channels = await this.#decode(header);
      this.#samples += header.blockSize;
      yield channels;
    }
    this.#checkEnd();
  }

  async #decode(header: FrameHeader): Promise<Integers[]> {
    const { bitDepth } = this.#info;
    // a frame larger than need be is tried again with more bytes
    for (let bytes = expectedFrameBytes(header, bitDepth); ; bytes *= 2) {
      await this.#window.fill(bytes);
      const { bytes: known, at, end } = this.#window;
      try {
        const { channels, length } = decodeFrame(known, at, end, header, bitDepth);
        this.#window.at += length;
        this.#isShorter = !header.countsSamples && header.blockSize < this.#latest;
        this.#latest = header.blockSize;
        return channels;
      } catch (error) {
        if (error instanceof FrameDamaged) throw this.#damage(error.message);
        if (!(error instanceof FrameCutOff)) throw error;
        if (!this.#window.atEnd && bytes < LONGEST_FRAME) continue;
        throw this.#window.atEnd ? this.#cutOff() : this.#damage("a frame does not end");
      }
    }
  }

  /** Whether what comes next, which is no frame, may stand behind the last one. */
  async #endsHere(): Promise<boolean> {
    if (isTag(this.#window)) return true;
    const rest = this.#window.rest;
    // of unknown length, zeros may be a stretch that was lost, but not behind what can only be the last frame
    const isLast =
      this.#info.samples === 0
        ? this.#isShorter && (await this.#window.onlyZerosFollow())
        : this.#samples === this.#info.samples;
    if (!isLast) return false;
    this.#remarks.push(
      `${rest} ${rest === 1 ? "byte" : "bytes"} behind the last frame are no part of the recording and were passed over.`,
    );
    return true;
  }

  #check(header: FrameHeader): void {
    const { sampleRate, channels, bitDepth } = this.#info;
    const stated = formatText(channels, bitDepth, sampleRate);
    const found = formatText(header.channels, header.bitDepth ?? bitDepth, header.sampleRate ?? sampleRate);
    if (found !== stated)
      throw new FlacError(`contradicts itself: its header says ${stated}, and it holds ${found}`);
    const { countsSamples, number, blockSize } = header;
    const expected = countsSamples ? this.#next?.sample : this.#next?.frame;
    if (expected !== undefined && number > expected)
      throw this.#damage(
        countsSamples
          ? `${number - expected} samples are missing`
          : `${number - expected} frames are missing`,
      );
    // an encoder's oddity, perhaps: every frame has its checksums
    if (expected !== undefined && number < expected && !this.#remarks.includes(STRANGE_NUMBERS))
      this.#remarks.push(STRANGE_NUMBERS);
    this.#next = countsSamples
      ? { frame: (this.#next?.frame ?? 0) + 1, sample: number + blockSize }
      : { frame: number + 1, sample: (this.#next?.sample ?? 0) + blockSize };
  }

  #checkEnd(): void {
    const promised = this.#info.samples;
    if (this.#samples === 0) throw new FlacError("holds no samples");
    if (this.#samples < promised) throw this.#cutOff();
    if (promised > 0 && this.#samples > promised)
      this.#remarks.push(
        `The header promises ${promised} samples, and the frames hold ${this.#samples}: all of them were read.`,
      );
  }

  #cutOff(): FlacError {
    const { samples: promised } = this.#info;
    if (this.#samples < promised)
      return new FlacError(
        `is damaged or cut off: only ${this.#samples} of its ${promised} samples can be decoded`,
      );
    return new FlacError(`is cut off: it ends within a frame, at ${this.#place()} s`);
  }

  #damage(what: string): FlacError {
    return new FlacError(`is damaged: it cannot be decoded from ${this.#place()} s on (${what})`);
  }

  #place(): string {
    return (this.#samples / this.#info.sampleRate).toFixed(2);
  }
}

function formatText(channels: number, bitDepth: number, sampleRate: number): string {
  return `${channels} channels of ${bitDepth} bits at ${sampleRate} Hz`;
}

/** What tags behind a stream begin with: ID3v1, APEv2, Lyrics3, and ID3v2 or its footer. */
const TAG_MARKERS = ["TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"];

function isTag({ bytes, at, end }: ByteWindow): boolean {
  const start = String.fromCharCode(...bytes.subarray(at, Math.min(end, at + LONGEST_FRAME_HEADER)));
  return TAG_MARKERS.some((marker) => start.startsWith(marker));
}

/** A part of a file that moves along, with room behind its end. */
class ByteWindow {
  readonly #file: ByteSource;
  readonly #readBytes: number;
  /** Where in the file `bytes` go on. */
  #next: number;
  bytes = new Uint8Array(FRAME_MARGIN);
  /** The known bytes that were not used yet: from here… */
  at = 0;
  /** …to here. */
  end = 0;

  constructor(file: ByteSource, start: number, readBytes: number) {
    this.#file = file;
    this.#next = start;
    this.#readBytes = readBytes;
  }

  /** Whether all bytes up to the file's end are known. */
  get atEnd(): boolean {
    return this.#next >= this.#file.length;
  }

  /** Bytes that were not used yet, up to the file's end. */
  get rest(): number {
    return this.end - this.at + Math.max(0, this.#file.length - this.#next);
  }

  /** Goes on to the file's end, or up to the first byte that is not 0. @returns whether there is none */
  async onlyZerosFollow(): Promise<boolean> {
    while (await this.fill(1)) {
      for (; this.at < this.end; this.at++) if (this.bytes[this.at] !== 0) return false;
    }
    return true;
  }

  /** Reads until `count` bytes are known, or all that there are. @returns whether there is one */
  async fill(count: number): Promise<boolean> {
    const missing = count - (this.end - this.at);
    if (missing > 0 && !this.atEnd) {
      const read = await this.#file.read(this.#next, Math.max(missing, this.#readBytes));
      const known = this.bytes.subarray(this.at, this.end);
      const bytes = new Uint8Array(known.length + read.length + FRAME_MARGIN);
      bytes.set(known);
      bytes.set(read, known.length);
      this.#next += read.length;
      [this.bytes, this.at, this.end] = [bytes, 0, known.length + read.length];
    }
    return this.end > this.at;
  }
}

// A recording, as every reader returns it and every consumer takes it: in memory, or piece by piece.
import { type ByteSource, concatenate } from "../formats/bytes.js";

// What kind of recording a file begins as, told by its first bytes whatever its name says: apart from what decodes it,
// which takes long to load.

/** What a FLAC stream begins with. */
export const FLAC_MARKER = "fLaC";
const ID3_MARKER = "ID3";
const ID3_HEADER_BYTES = 10;
const RIFF_HEADER_BYTES = 12;

/** The containers that are read. */
export type RecordingContainer = "wav" | "flac" | "w64" | "sphere";

/** The endings of files that are read. */
export const recordingEndings: readonly string[] = [
  ".wav",
  ".wave",
  ".flac",
  ".w64",
  ".rf64",
  ".bwf",
  ".sph",
  ".nist",
];
/** The endings of other files of sound. */
const foreignEndings =
  /\.(mp3|m4a|m4b|mp4|aac|ogg|oga|opus|spx|aiff?|aifc|caf|amr|awb|au|snd|wma|webm|mka|wv|ape|tta|ac3|shn|gsm)$/i;

/** Whether a file's name ends as that of a recording that may be read. */
export function isRecordingName(path: string): boolean {
  return recordingEndings.some((ending) => path.toLowerCase().endsWith(ending));
}

/** Whether a file's name ends as that of sound in a format that is not read. */
export function isForeignName(path: string): boolean {
  return foreignEndings.test(path);
}

/**
 * Whether a file was meant as a recording: it begins as sound does, in a format that is read or in another, or is named
 * like one and holds no mel. To open it tells what is wrong with it.
 */
export async function isRecording(file: ByteSource, path: string): Promise<boolean> {
  if ((await containerOf(file)) !== undefined || (await foreignFormat(file)) !== undefined) return true;
  if (!isRecordingName(path) && !isForeignName(path)) return false;
  // .npy, or the header of safetensors behind its length
  const start = text(await file.read(0, 9));
  return !start.startsWith("\x93NUMPY") && start[8] !== "{";
}

/** The container that a file begins as; undefined for whatever is not read as a recording. */
export async function containerOf(file: ByteSource): Promise<RecordingContainer | undefined> {
  if (await isWav(file)) return "wav";
  if (await isFlac(file)) return "flac";
  const start = text(await file.read(0, W64_START.length));
  if (start === W64_START) return "w64";
  return start.startsWith(SPHERE_MARKER) ? "sphere" : undefined;
}

/** The GUID of Sony Wave64's outermost chunk. */
const W64_START = "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";
const SPHERE_MARKER = "NIST_1A";

/** Whether a file begins as a WAV file does, with or without an ID3 tag before it. */
export async function isWav(file: ByteSource): Promise<boolean> {
  const start = text(await file.read(await tagBytes(file), RIFF_HEADER_BYTES));
  return ["RIFF", "RIFX", "RF64", "BW64"].includes(start.slice(0, 4)) && start.slice(8) === "WAVE";
}

/** Whether a file begins as a FLAC file does, with or without an ID3 tag before it. */
export async function isFlac(file: ByteSource): Promise<boolean> {
  return text(await file.read(await tagBytes(file), FLAC_MARKER.length)) === FLAC_MARKER;
}

/** Bytes of an ID3v2 tag before the stream, which some taggers write; 0 where there is none. */
export async function tagBytes(file: ByteSource): Promise<number> {
  const header = await file.read(0, ID3_HEADER_BYTES);
  if (header.length < ID3_HEADER_BYTES || text(header.subarray(0, 3)) !== ID3_MARKER) return 0;
  // four bytes of seven bits
  return ID3_HEADER_BYTES + header.subarray(6, 10).reduce((size, byte) => size * 128 + (byte & 127), 0);
}

/** Formats of sound that are not read: their names, and the bytes at certain places that tell them. */
const foreignMarkers: readonly (readonly [name: string, at: number, bytes: string])[] = [
  ["MPEG-4/AAC", 4, "ftyp"],
  ["Ogg Opus", 28, "OpusHead"],
  ["Ogg Vorbis", 28, "\x01vorbis"],
  ["Ogg FLAC", 28, "\x7fFLAC"],
  ["Ogg Speex", 28, "Speex"],
  ["Ogg", 0, "OggS"],
  ["AIFF", 8, "AIFF"],
  ["AIFF", 8, "AIFC"],
  ["Core Audio (CAF)", 0, "caff"],
  ["AMR", 0, "#!AMR"],
  ["AU", 0, ".snd"],
  ["AVI", 8, "AVI "],
  ["Matroska/WebM", 0, "\x1aE\xdf\xa3"],
  ["Windows Media (WMA)", 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"],
  ["WavPack", 0, "wvpk"],
  ["Monkey's Audio (APE)", 0, "MAC "],
  ["True Audio (TTA)", 0, "TTA1"],
  ["Shorten", 0, "ajkg"],
  ["MP3", 0, ID3_MARKER],
];
/** Bytes in which two frames of MP3 begin, at least. */
const FOREIGN_HEAD_BYTES = 8192;

/** The format of sound that a file begins as, of those that are not read; undefined for anything else. */
export async function foreignFormat(file: ByteSource): Promise<string | undefined> {
  const head = await file.read(0, FOREIGN_HEAD_BYTES);
  const found = foreignMarkers.find(
    ([, at, marker]) => text(head.subarray(at, at + marker.length)) === marker,
  );
  if (found !== undefined) return found[0];
  const first = mpegFrame(head, 0);
  // two in a row, since two bytes alone say little
  return first !== undefined && mpegFrame(head, first.bytes)?.name === first.name ? first.name : undefined;
}

const mp3BitRates = {
  mpeg1: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  mpeg2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** The frame of MP3 (layer III only) or of AAC (ADTS) that begins at a byte. */
function mpegFrame(
  head: Uint8Array,
  at: number,
): { readonly name: string; readonly bytes: number } | undefined {
  const [sync, kind, rates, more, size, rest] = head.subarray(at, at + 6);
  if (rest === undefined || sync !== 0xff) return undefined;
  if ((kind & 0xf6) === 0xf0) {
    const bytes = ((more & 3) << 11) | (size << 3) | (rest >> 5);
    return bytes > 7 && ((rates >> 2) & 15) < 13 ? { name: "AAC (ADTS)", bytes } : undefined;
  }
  const version = (kind >> 3) & 3;
  const [bitRate, rateCode] = [rates >> 4, (rates >> 2) & 3];
  const isLayer3 =
    (kind & 0xe6) === 0xe2 && version !== 1 && rateCode !== 3 && bitRate !== 0 && bitRate !== 15;
  if (!isLayer3) return undefined;
  const kilobits = mp3BitRates[version === 3 ? "mpeg1" : "mpeg2"][bitRate - 1];
  const sampleRate = [44_100, 48_000, 32_000][rateCode] / [4, 1, 2, 1][version];
  const bytes = Math.floor(((version === 3 ? 144_000 : 72_000) * kilobits) / sampleRate) + ((rates >> 1) & 1);
  return { name: "MP3", bytes };
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** A mono recording and what the file it came from was. */
export interface Recording {
  /** Samples in −1…1, channels averaged. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly source: RecordingSource;
}

/** A mono recording whose samples are decoded as they are asked for, so that memory does not grow with its length. */
export interface RecordingStream {
  /** Hz. */
  readonly sampleRate: number;
  readonly source: RecordingSource;
  /** Samples in all by the file's header; undefined where only reading tells. */
  readonly sampleCount: number | undefined;
  /**
   * All samples from the first one on, each time it is called, as a few seconds or less at a time: in −1…1, channels
   * averaged. A piece is the caller's own.
   *
   * @throws while it runs, for damage that only decoding finds, at the end too
   */
  pieces(): AsyncGenerator<Float32Array, void>;
  /** The same with the channels that each piece was made of; of a single channel they are the same array. */
  channelPieces(): AsyncGenerator<ChannelPiece, void>;
}

/** Some samples of all channels at the same time. */
export interface ChannelPiece {
  readonly mono: Float32Array;
  /** [channels], as long as `mono` */
  readonly channels: readonly Float32Array[];
}

/** What an audio file holds, before its channels were averaged. */
export interface RecordingSource {
  readonly container: RecordingContainer;
  /** The samples' encoding as a person would name it: "16-bit integer", "32-bit float". */
  readonly encoding: string;
  readonly bitDepth: number;
  readonly channels: number;
  /** The one channel that is used, where the mean of all would lose what they hold. */
  readonly used?: "left";
  /**
   * What is odd about the file and was put up with, each a sentence; empty for an ordinary one. What only reading all
   * samples tells comes in at the end of them.
   */
  readonly remarks: readonly string[];
}

/** What a reader of one container has to say and to do. */
interface ChannelStream extends Pick<RecordingStream, "sampleRate" | "source" | "sampleCount"> {
  /** [channels] arrays of the same length, all samples piece by piece from the first one on, each time it is called. */
  channels(): AsyncGenerator<Float32Array[], void>;
}

/** The mono recording that is the mean of a reader's channels. */
export function recordingStream(stream: ChannelStream): RecordingStream {
  return mixedStream(stream, async function* () {
    for await (const piece of stream.channels()) yield { mono: meanOf(piece), channels: piece };
  });
}

/** The recording whose pieces are given, with or without their channels. */
export function mixedStream(
  stream: Pick<RecordingStream, "sampleRate" | "source" | "sampleCount">,
  channelPieces: () => AsyncGenerator<ChannelPiece, void>,
): RecordingStream {
  const { sampleRate, source, sampleCount } = stream;
  return {
    sampleRate,
    source,
    sampleCount,
    channelPieces,
    async *pieces() {
      for await (const { mono } of channelPieces()) yield mono;
    },
  };
}

function meanOf(channels: readonly Float32Array[]): Float32Array {
  const [first, second] = channels;
  if (channels.length === 1) return first;
  const mean = new Float32Array(first.length);
  if (channels.length === 2) {
    for (let n = 0; n < mean.length; n++) mean[n] = (first[n] + second[n]) / 2;
    return mean;
  }
  for (let n = 0; n < mean.length; n++) {
    let sum = 0;
    for (const channel of channels) sum += channel[n];
    mean[n] = sum / channels.length;
  }
  return mean;
}

/** A stream's whole recording, in memory. */
export async function wholeRecording(stream: RecordingStream): Promise<Recording> {
  const pieces: Float32Array[] = [];
  for await (const piece of stream.pieces()) pieces.push(piece);
  return { samples: concatenate(pieces), sampleRate: stream.sampleRate, source: stream.source };
}

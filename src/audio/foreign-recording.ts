// What is brought as a recording and cannot be read: named as what it is, with the way out.
import { InputError } from "../errors.js";
import { type ByteSource, latin1Text } from "../formats/bytes.js";
import { foreignFormat } from "./recording.js";
import { WavError } from "./wav-chunks.js";

/** A recording in a format that is not read. */
export class ForeignRecordingError extends InputError {
  /**
   * @param format its name
   * @param path its file, for the command that converts it
   */
  constructor(
    readonly format: string,
    path?: string,
  ) {
    super(`It is ${format}, which vocode does not read. ${conversion(path)}`);
  }
}

/** A WAV file whose samples are coded in a way that is not read. */
export class CodedWavError extends WavError {
  /**
   * @param code the format's number in the header
   * @param path its file, for the command that converts it
   */
  constructor(
    readonly code: number,
    path?: string,
  ) {
    const name = codings[code];
    const called = name === undefined ? `in format ${code}` : `as ${name} (format ${code})`;
    super(`is encoded ${called}, which vocode does not read`, conversion(path));
  }
}

/** Bytes that are no recording at all. */
export class NoRecordingError extends InputError {}

/** The same error with a command for this very file. */
export function withCommand(error: InputError, path: string): InputError {
  if (error instanceof ForeignRecordingError) return new ForeignRecordingError(error.format, path);
  if (error instanceof CodedWavError) return new CodedWavError(error.code, path);
  return error;
}

/** Codings of WAV files that exist, by their numbers (RFC 2361 and later ones). */
const codings: Readonly<Record<number, string>> = {
  0x10: "OKI ADPCM",
  0x14: "G.723 ADPCM",
  0x17: "Dialogic ADPCM",
  0x20: "Yamaha ADPCM",
  0x22: "TrueSpeech",
  0x31: "GSM 6.10",
  0x40: "G.721 ADPCM",
  0x42: "G.723.1",
  0x45: "G.726 ADPCM",
  0x50: "MPEG audio (MP2)",
  0x55: "MP3",
  0x64: "G.726 ADPCM",
  0x65: "G.722",
  0x83: "G.729",
  0xff: "AAC",
  0x160: "Windows Media Audio",
  0x161: "Windows Media Audio",
  0x162: "Windows Media Audio",
  0x28f: "G.722",
  0x1600: "AAC",
  0x1610: "AAC",
  0x2000: "AC-3",
  0x2001: "DTS",
  0x674f: "Ogg Vorbis",
  0x6771: "Ogg Vorbis",
  0x704f: "Opus",
  0xa109: "Speex",
  0xf1ac: "FLAC",
};

/** A command that converts a file, a sentence. */
function conversion(path?: string): string {
  if (path === undefined) return "Convert it, with 'ffmpeg -i INPUT OUTPUT.wav' for instance.";
  const stem = path.replace(/\.[^./\\]+$/, "");
  // ffmpeg does not read and write one file at once
  const output = path.toLowerCase().endsWith(".wav") ? `${stem}-pcm.wav` : `${stem}.wav`;
  return `Convert it: ffmpeg -i ${quoted(path)} ${quoted(output)}`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  const safe = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./\\:+,@%-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

/** What other files begin with that are met in a recording's place, each a sentence and the way out. */
const others: readonly (readonly [begins: RegExp | string, sentences: string])[] = [
  [
    /^version https:\/\/git-lfs/,
    "It is a Git LFS pointer, which only stands for the recording. Fetch the recording itself with 'git lfs pull'.",
  ],
  [
    /^\s*<(!doctype html|html|head|body)/i,
    "It is a web page (HTML), not a recording: the download went wrong. Open it in a browser to see why.",
  ],
  [/^\s*<(\?xml|error)/i, "It is XML, not a recording: perhaps the download went wrong. Open it to see why."],
  ["PK\x03\x04", "It is a ZIP archive. Unpack it, and name the recording in it."],
  ["\x1f\x8b", "It is compressed (gzip). Unpack it with gunzip."],
  [/^\0{64}/, "It holds zeros where a recording begins: a copy or a download broke off. Fetch it again."],
];

/** Bytes by which the others are told. */
const HEAD_BYTES = 512;

/** The error that says what a file is that is not a recording of a format that is read. */
export async function notRead(file: ByteSource): Promise<InputError> {
  if (file.length === 0)
    return new NoRecordingError("It is empty: it has 0 bytes. Fetch or record it again.");
  const format = await foreignFormat(file);
  if (format !== undefined) return new ForeignRecordingError(format);
  const start = latin1Text(await file.read(0, HEAD_BYTES)).replace(/^\xef\xbb\xbf/, "");
  const other = others.find(([begins]) =>
    typeof begins === "string" ? start.startsWith(begins) : begins.test(start),
  );
  return new NoRecordingError(
    other?.[1] ?? "It is neither WAV nor FLAC. Convert it, with 'ffmpeg -i INPUT OUTPUT.wav' for instance.",
  );
}

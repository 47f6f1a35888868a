// What kind of recording a file begins as, told by its first bytes whatever its name says: apart from what decodes it,
// which takes long to load.
import type { ByteSource } from "../formats/byte-source.js";

/** What a FLAC stream begins with. */
export const FLAC_MARKER = "fLaC";
const ID3_MARKER = "ID3";
const ID3_HEADER_BYTES = 10;
const RIFF_HEADER_BYTES = 12;

/** Whether a file begins as a recording does. */
export async function isRecording(file: ByteSource): Promise<boolean> {
  return (await isWav(file)) || (await isFlac(file));
}

/** Whether a file begins as a WAV file does. */
export async function isWav(file: ByteSource): Promise<boolean> {
  const start = text(await file.read(0, RIFF_HEADER_BYTES));
  return ["RIFF", "RIFX", "RF64"].includes(start.slice(0, 4)) && start.slice(8) === "WAVE";
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

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

// WAV files, piece by piece: 8- to 32-bit integers, 32- and 64-bit floats, A-law, mu-law and IMA ADPCM, plain or
// extensible, any number of channels, in RIFF, RIFX and RF64.
import type { ByteSource } from "../../files/byte-source.js";
import type { RecordingStream } from "../recording/recording.js";
import { findChunks, WavError } from "./wav-chunks.js";
import { readFormat, type WavEncoding } from "./wav-format.js";
import { decodeUnits, unitOf } from "./wav-samples.js";

/** Bytes read and decoded at a time. */
const PIECE_BYTES = 2 ** 18;

/**
 * Reads a WAV file's header.
 *
 * @param file a file for which isWav of wav-chunks.ts holds; it stays open as long as samples are read
 * @param pieceBytes how much of it is read at a time, rounded to what can be decoded by itself
 * @throws WavError where the header contradicts itself or the file
 */
export async function openWav(file: ByteSource, pieceBytes = PIECE_BYTES): Promise<RecordingStream> {
  const chunks = await findChunks(file);
  const { dataStart, dataBytes, promisedBytes, littleEndian } = chunks;
  const format = readFormat(chunks.format, littleEndian);
  const unit = unitOf(format);
  // a last partial unit is left out
  const units = Math.floor(dataBytes / unit.bytes);
  if (units === 0) throw new WavError("holds no samples: its data is empty");
  const unitsAtOnce = Math.max(1, Math.floor(pieceBytes / unit.bytes));
  const { channels, sampleRate, bitDepth } = format;
  const remarks: string[] = [];
  if (promisedBytes !== undefined && promisedBytes > dataBytes) {
    const share = ((100 * dataBytes) / promisedBytes).toPrecision(2);
    remarks.push(`The file is cut off: it holds ${share} % of the samples that its header promises.`);
  }
  if (promisedBytes === undefined) {
    remarks.push("The header gives no length; everything up to the end of the file was taken for samples.");
  }
  return {
    sampleRate,
    source: {
      container: "wav",
      encoding: encodingName(format.encoding, bitDepth),
      bitDepth,
      channels,
      remarks,
    },
    sampleCount: units * unit.samples,
    async *pieces() {
      for (let first = 0; first < units; first += unitsAtOnce) {
        const count = Math.min(unitsAtOnce, units - first);
        const bytes = await file.read(dataStart + first * unit.bytes, count * unit.bytes);
        yield decodeUnits(bytes, format, littleEndian);
      }
    },
  };
}

function encodingName(encoding: WavEncoding, bitDepth: number): string {
  return encoding === "integer" || encoding === "float" ? `${bitDepth}-bit ${encoding}` : encoding;
}

// WAV files, piece by piece: 8- to 32-bit integers, 32- and 64-bit floats, A-law, mu-law and IMA ADPCM, plain or
// extensible, any number of channels, in RIFF, RIFX and RF64.
import type { ByteSource } from "../formats/bytes.js";
import type { RecordingStream } from "./recording.js";
import {
  findChunks,
  readFormat,
  type WavEncoding,
  WavError,
  type WavFormat,
  wrapChunks,
} from "./wav-format.js";
import wavefile from "wavefile/dist/wavefile.js";

// Any part of a WAV file's samples as mono float32. Linear samples are read through typed arrays, since wavefile takes
// four times as long (bench/read-wav.js); it decodes the companded ones.

type ReadSample = (at: number) => number;

/** What can be decoded without what stands before it: a frame (one sample of each channel), or a block of ADPCM. */
interface WavUnit {
  readonly bytes: number;
  /** Mono samples that come out. */
  readonly samples: number;
}

/** The unit of a format. */
function unitOf({ encoding, channels, sampleBytes }: WavFormat): WavUnit {
  if (encoding !== "IMA ADPCM") return { bytes: channels * sampleBytes, samples: 1 };
  // the first 4 bytes are state and one sample, the others two samples each
  return { bytes: sampleBytes, samples: 1 + 2 * (sampleBytes - 4) };
}

/**
 * The samples of whole units, the channels averaged, in −1…1.
 *
 * @param bytes [units · unit.bytes] from anywhere in the data chunk
 * @returns [units · unit.samples]
 * @throws WavError where the companded samples cannot be decoded
 */
function decodeUnits(bytes: Uint8Array, format: WavFormat, littleEndian: boolean): Float32Array {
  const { encoding } = format;
  if (encoding === "integer" || encoding === "float") return decodeLinear(bytes, format, littleEndian);
  const decoded = encoding === "IMA ADPCM" ? decodeAdpcm(bytes, format) : expand(bytes, format);
  return decodeLinear(decoded, { ...format, encoding: "integer", sampleBytes: 2 }, true);
}

function decodeLinear(bytes: Uint8Array, format: WavFormat, littleEndian: boolean): Float32Array {
  const { channels, sampleBytes } = format;
  const frameBytes = channels * sampleBytes;
  const samples = new Float32Array(bytes.length / frameBytes);
  const read = sampleReader(bytes, format, littleEndian);
  if (channels === 1) {
    for (let frame = 0; frame < samples.length; frame++) samples[frame] = read(frame * frameBytes);
    return samples;
  }
  for (let frame = 0; frame < samples.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++)
      sum += read(frame * frameBytes + channel * sampleBytes);
    samples[frame] = sum / channels;
  }
  return samples;
}

/** Reads the sample at a byte offset, scaled to −1…1. */
function sampleReader(bytes: Uint8Array, format: WavFormat, littleEndian: boolean): ReadSample {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format.encoding === "float") {
    return format.sampleBytes === 4
      ? (at) => view.getFloat32(at, littleEndian)
      : (at) => view.getFloat64(at, littleEndian);
  }
  switch (format.sampleBytes) {
    case 1:
      // integers of up to 8 bits are unsigned, silence at 128
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 2:
      return (at) => view.getInt16(at, littleEndian) / 2 ** 15;
    case 3:
      return littleEndian
        ? (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23
        : (at) => (view.getInt16(at, false) * 2 ** 8 + view.getUint8(at + 2)) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, littleEndian) / 2 ** 31;
  }
}

/** 16-bit little-endian samples, as bytes, of whole blocks of ADPCM. */
function decodeAdpcm(blocks: Uint8Array, format: WavFormat): Uint8Array {
  const { bytes: blockBytes, samples: blockSamples } = unitOf(format);
  // wavefile leaves out the last block, and doubles the first sample of each
  const padded = new Uint8Array(blocks.length + blockBytes);
  padded.set(blocks);
  const doubled = expand(padded, format);
  const count = blocks.length / blockBytes;
  const decoded = new Uint8Array(2 * count * blockSamples);
  for (let block = 0; block < count; block++) {
    const begin = 2 * block * (blockSamples + 1);
    const samples = doubled.subarray(begin + 2, begin + 2 * (blockSamples + 1));
    decoded.set(samples, 2 * block * blockSamples);
  }
  return decoded;
}

/** What wavefile makes of companded samples: 16-bit little-endian ones, as bytes. */
function expand(bytes: Uint8Array, format: WavFormat): Uint8Array {
  try {
    const wav = new wavefile.WaveFile(wrapChunks(compandedFormat(format), bytes, true));
    if (format.encoding === "A-law") wav.fromALaw();
    else if (format.encoding === "mu-law") wav.fromMuLaw();
    else wav.fromIMAADPCM();
    return (wav.data as { readonly samples: Uint8Array }).samples;
  } catch (error) {
    throw new WavError(
      `cannot be decoded as ${format.encoding} (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

/** A fmt chunk that says no more than what was checked. */
function compandedFormat({ encoding, channels, sampleRate, bitDepth, sampleBytes }: WavFormat): Uint8Array {
  const codes = { "A-law": 6, "mu-law": 7, "IMA ADPCM": 17, integer: 1, float: 3 } as const;
  const chunk = new Uint8Array(20);
  const view = new DataView(chunk.buffer);
  const fields = [
    codes[encoding],
    channels,
    sampleRate,
    sampleRate * channels,
    channels * sampleBytes,
    bitDepth,
  ];
  [0, 2, 4, 8, 12, 14].forEach((at, i) => {
    if (at === 4 || at === 8) view.setUint32(at, fields[i], true);
    else view.setUint16(at, fields[i], true);
  });
  view.setUint16(16, 2, true);
  view.setUint16(18, 2 * (sampleBytes - 4) + 1, true);
  return chunk;
}

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

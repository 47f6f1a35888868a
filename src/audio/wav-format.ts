// What the fmt chunk of a WAV file says of its samples, checked before a byte of them is touched. Microsoft's "Multiple
// Channel Audio Data and WAVE Files" describes the extensible form, its "New Multimedia Data Types" the ADPCM ones.
import { CodedWavError } from "./foreign-recording.js";
import { WavError } from "./wav-chunks.js";

/** How samples are written. */
export type WavEncoding = "integer" | "float" | "A-law" | "mu-law" | "IMA ADPCM" | "Microsoft ADPCM";

/** A WAV file's format, consistent in itself. */
export interface WavFormat {
  readonly encoding: WavEncoding;
  readonly channels: number;
  /** Hz. */
  readonly sampleRate: number;
  /** Bits that carry the sample. */
  readonly bitDepth: number;
  /** Bytes of one sample of one channel; for ADPCM bytes of one block of all channels. */
  readonly sampleBytes: number;
  /** Microsoft ADPCM's pairs of weights, in 1/256. */
  readonly weights: readonly (readonly [number, number])[];
  /** Where the header contradicts itself, each a sentence. */
  readonly remarks: readonly string[];
}

const EXTENSIBLE = 0xfffe;
/** Bytes of a fmt chunk with a subformat. */
const EXTENSIBLE_BYTES = 40;
const SUBFORMAT_AT = 24;
const encodings: Readonly<Record<number, WavEncoding>> = {
  1: "integer",
  2: "Microsoft ADPCM",
  3: "float",
  6: "A-law",
  7: "mu-law",
  17: "IMA ADPCM",
};
const LOWEST_RATE = 1000;
const HIGHEST_RATE = 768_000;

/** A fmt chunk as it stands. */
interface FormatChunk {
  readonly channels: number;
  readonly sampleRate: number;
  readonly blockAlign: number;
  readonly bits: number;
  /** The rest, from its own size on. */
  readonly extension: DataView;
  readonly littleEndian: boolean;
}

/**
 * Reads a fmt chunk.
 *
 * @param content the chunk's
 * @throws WavError for an unknown encoding and for numbers that contradict each other
 */
export function readFormat(content: Uint8Array, littleEndian: boolean): WavFormat {
  if (content.length < 16)
    throw new WavError(`has a format of ${content.length} bytes, and 16 are the least`);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const tag = view.getUint16(0, littleEndian);
  const isExtensible = tag === EXTENSIBLE && content.length >= EXTENSIBLE_BYTES;
  const code = isExtensible ? view.getUint32(SUBFORMAT_AT, littleEndian) : tag;
  const encoding = encodings[code];
  if (encoding === undefined) throw new CodedWavError(code);
  const header: FormatChunk = {
    channels: view.getUint16(2, littleEndian),
    sampleRate: view.getUint32(4, littleEndian),
    blockAlign: view.getUint16(12, littleEndian),
    bits: view.getUint16(14, littleEndian),
    extension: new DataView(content.buffer, content.byteOffset + 16, content.length - 16),
    littleEndian,
  };
  const { channels, sampleRate } = header;
  if (channels === 0) throw new WavError("claims to have 0 channels");
  if (sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE)
    throw new WavError(`claims a sample rate of ${sampleRate} Hz, outside ${LOWEST_RATE} to ${HIGHEST_RATE}`);
  const common = { encoding, channels, sampleRate, weights: [] };
  if (encoding === "IMA ADPCM") return { ...common, ...imaFormat(header) };
  if (encoding === "Microsoft ADPCM") return { ...common, ...microsoftFormat(header) };
  const validBits = isExtensible ? view.getUint16(18, littleEndian) : 0;
  return { ...common, ...plainFormat(header, encoding, validBits) };
}

type Sizes = Pick<WavFormat, "bitDepth" | "sampleBytes" | "remarks">;

/** Samples that stand one after the other. */
function plainFormat(header: FormatChunk, encoding: WavEncoding, validBits: number): Sizes {
  const { channels, blockAlign } = header;
  // a companded sample has 8 bits; some headers give those of the decoded one
  const isCompanded = encoding === "A-law" || encoding === "mu-law";
  const bits = isCompanded && header.bits === 16 ? 8 : header.bits;
  const least = Math.ceil(bits / 8);
  const stated = blockAlign / channels;
  const refuse = (): never => {
    throw new WavError(
      `claims ${bits}-bit ${encoding} samples in ${channels} channels at ${blockAlign} bytes a frame, which cannot be`,
    );
  };
  if (!allowedBits(encoding, bits)) refuse();
  const bitDepth = validBits >= 1 && validBits <= bits ? validBits : bits;
  // more than 16 bits may stand in 4 bytes
  if (stated === least || (encoding === "integer" && stated === 4 && bits > 16))
    return { bitDepth, sampleBytes: stated, remarks: [] };
  // the block of another number of channels was left in the header, or none was written
  if (blockAlign % least !== 0) refuse();
  return {
    bitDepth,
    sampleBytes: least,
    remarks: [
      `The header contradicts itself: it gives a block of samples ${blockAlign} bytes, and ${channels} ` +
        `${channels === 1 ? "channel" : "channels"} of ${bits} bits take ${least * channels}; the latter was believed.`,
    ],
  };
}

function allowedBits(encoding: WavEncoding, bits: number): boolean {
  if (encoding === "float") return bits === 32 || bits === 64;
  if (encoding === "integer") return bits >= 1 && bits <= 32;
  return bits === 8;
}

/** Bytes of state at the start of a block, for each channel. */
export const IMA_STATE_BYTES = 4;
export const MICROSOFT_STATE_BYTES = 7;

function imaFormat({ channels, bits, blockAlign }: FormatChunk): Sizes {
  // with several channels, four bytes of one follow four of the other
  const isWhole = channels === 1 || blockAlign % (4 * channels) === 0;
  if (bits !== 4 || blockAlign <= IMA_STATE_BYTES * channels || !isWhole)
    throw new WavError(
      `is IMA ADPCM of ${bits} bits in blocks of ${blockAlign} bytes for ${channels} ${channels === 1 ? "channel" : "channels"}, which cannot be`,
    );
  return { bitDepth: 4, sampleBytes: blockAlign, remarks: [] };
}

const standardWeights = [
  [256, 0],
  [512, -256],
  [0, 0],
  [192, 64],
  [240, 0],
  [460, -208],
  [392, -232],
] as const;

function microsoftFormat(header: FormatChunk): Sizes & Pick<WavFormat, "weights"> {
  const { channels, bits, blockAlign, extension, littleEndian } = header;
  if (bits !== 4 || blockAlign <= MICROSOFT_STATE_BYTES * channels || channels > 2)
    throw new WavError(
      `is Microsoft ADPCM of ${bits} bits in blocks of ${blockAlign} bytes for ${channels} ${channels === 1 ? "channel" : "channels"}, which cannot be`,
    );
  // the extension's size, samples of a block, number of pairs, pairs
  const count = extension.byteLength >= 6 ? extension.getUint16(4, littleEndian) : 0;
  const isWhole = count > 0 && extension.byteLength >= 6 + 4 * count;
  const weights = isWhole
    ? Array.from({ length: count }, (_, i) => {
        const weight = (at: number): number => extension.getInt16(6 + 4 * i + at, littleEndian);
        return [weight(0), weight(2)] as const;
      })
    : standardWeights;
  return { bitDepth: 4, sampleBytes: blockAlign, weights, remarks: [] };
}

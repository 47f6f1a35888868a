// ADPCM of WAV files, 4 bits a sample, in blocks that each begin with their state: IMA's (DVI's) and Microsoft's, as
// Microsoft's "New Multimedia Data Types and Data Techniques" (1994) has them.
import { IMA_STATE_BYTES, MICROSOFT_STATE_BYTES, type WavFormat } from "./wav-format.js";

type AdpcmFormat = Pick<WavFormat, "encoding" | "channels" | "sampleBytes" | "weights">;

/** Samples of each channel in so many bytes of a block: a whole one, or the last one, which may be shorter. */
export function samplesOfBlock({ encoding, channels }: AdpcmFormat, bytes: number): number {
  if (encoding === "IMA ADPCM") {
    const rest = bytes - IMA_STATE_BYTES * channels;
    if (rest < 0) return 0;
    return 1 + (channels === 1 ? 2 * rest : 8 * Math.floor(rest / (4 * channels)));
  }
  const rest = bytes - MICROSOFT_STATE_BYTES * channels;
  return rest < 0 ? 0 : 2 + Math.floor((2 * rest) / channels);
}

/**
 * Decodes blocks, of which the last may be shorter than the others.
 *
 * @param blocks from the start of a block on
 * @returns [channels] the samples in −1…1
 */
export function decodeAdpcm(blocks: Uint8Array, format: AdpcmFormat): Float32Array[] {
  const { channels, sampleBytes: blockBytes } = format;
  const blockSamples = samplesOfBlock(format, blockBytes);
  const whole = Math.floor(blocks.length / blockBytes);
  const count = whole * blockSamples + samplesOfBlock(format, blocks.length % blockBytes);
  const decoded = Array.from({ length: channels }, () => new Float32Array(count));
  const decodeBlock = format.encoding === "IMA ADPCM" ? decodeImaBlock : decodeMicrosoftBlock;
  for (let at = 0, first = 0; first < count; at += blockBytes, first += blockSamples) {
    const block = blocks.subarray(at, at + blockBytes);
    const samples = samplesOfBlock(format, block.length);
    decodeBlock(
      block,
      decoded.map((channel) => channel.subarray(first, first + samples)),
      format,
    );
  }
  return decoded;
}

const FULL_SCALE = 2 ** 15;

function clamped(sample: number): number {
  return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, sample));
}

const imaSteps = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97,
  107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724,
  796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026,
  4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500,
  20350, 22385, 24623, 27086, 29794, 32767,
];
const imaIndexChanges = [-1, -1, -1, -1, 2, 4, 6, 8];

/** @param into [channels] as many samples as the block has */
function decodeImaBlock(block: Uint8Array, into: readonly Float32Array[]): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const channels = into.length;
  into.forEach((samples, channel) => {
    let sample = view.getInt16(IMA_STATE_BYTES * channel, true);
    let index = Math.min(block[IMA_STATE_BYTES * channel + 2], imaSteps.length - 1);
    samples[0] = sample / FULL_SCALE;
    for (let n = 1; n < samples.length; n++) {
      // eight samples of a channel stand in four bytes, then come those of the next channel
      const eighth = (n - 1) >> 3;
      const byte = IMA_STATE_BYTES * (channels + eighth * channels + channel) + (((n - 1) & 7) >> 1);
      const code = (n & 1) === 1 ? block[byte] & 15 : block[byte] >> 4;
      const step = imaSteps[index];
      let change = step >> 3;
      if (code & 4) change += step;
      if (code & 2) change += step >> 1;
      if (code & 1) change += step >> 2;
      sample = clamped(code & 8 ? sample - change : sample + change);
      index = Math.max(0, Math.min(imaSteps.length - 1, index + imaIndexChanges[code & 7]));
      samples[n] = sample / FULL_SCALE;
    }
  });
}

const microsoftStepChanges = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];
const SMALLEST_STEP = 16;

/** @param into [channels] as many samples as the block has */
function decodeMicrosoftBlock(
  block: Uint8Array,
  into: readonly Float32Array[],
  { weights }: AdpcmFormat,
): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const channels = into.length;
  into.forEach((samples, channel) => {
    // each number of the state stands for all channels before the next one
    const state = (which: number): number => view.getInt16(channels + 2 * (which * channels + channel), true);
    const [first, second] = weights[Math.min(block[channel], weights.length - 1)];
    let [step, latest, before] = [state(0), state(1), state(2)];
    samples[0] = before / FULL_SCALE;
    samples[1] = latest / FULL_SCALE;
    for (let n = 2; n < samples.length; n++) {
      // the channels take turns, the upper half of a byte first
      const half = (n - 2) * channels + channel;
      const byte = block[MICROSOFT_STATE_BYTES * channels + (half >> 1)];
      const code = (half & 1) === 0 ? byte >> 4 : byte & 15;
      const predicted = (latest * first + before * second) >> 8;
      const sample = clamped(predicted + (code < 8 ? code : code - 16) * step);
      step = Math.max(SMALLEST_STEP, (microsoftStepChanges[code] * step) >> 8);
      [before, latest] = [latest, sample];
      samples[n] = sample / FULL_SCALE;
    }
  });
}

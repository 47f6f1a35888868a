// A recording in figures: its level, offset, clipping and the silence around it, and what is odd about them.
import type { ChannelPiece, Recording, RecordingSource, RecordingStream } from "./recording.js";

// Whether a recording was cut off at full scale while it was made: its loudest samples then stand in rows.

/** Loud samples in a row below which a full-scale peak passes for a peak. */
const SHORTEST_RUN = 3;
/** Floats that differ by less are the same; a smooth peak above full scale has none that are. */
const SAME = 1e-6;

/**
 * Counts the samples that seem clipped, in each channel: those at or beyond full scale with at least two like them beside
 * them, on one side of zero. A recording that was scaled to a peak of 1 has none, and neither has a float file whose
 * peaks go on above 1.
 */
export class ClippingCounter {
  readonly #source: RecordingSource;
  #channels: ChannelClipping[] = [];
  #samples = 0;

  /** @param source what the samples were read from: its encoding says where full scale is */
  constructor(source: RecordingSource) {
    this.#source = source;
  }

  /** Clipped samples among those taken, in the channel that has most of them. */
  get clippedSamples(): number {
    return Math.max(0, ...this.clippedByChannel);
  }

  /** [channels] clipped samples among those taken. */
  get clippedByChannel(): readonly number[] {
    return this.#channels.map((channel) => channel.clipped);
  }

  /** Samples of each channel that were taken. */
  get samples(): number {
    return this.#samples;
  }

  /** Takes the recording's next samples, any number of them: of each channel, or of the only one. */
  take(samples: Float32Array | readonly Float32Array[]): void {
    const channels = samples instanceof Float32Array ? [samples] : samples;
    this.#samples += channels[0]?.length ?? 0;
    while (this.#channels.length < channels.length) this.#channels.push(new ChannelClipping(this.#source));
    channels.forEach((channel, index) => {
      this.#channels[index].take(channel);
    });
  }
}

class ChannelClipping {
  readonly #threshold: number;
  /** By how much the samples of a row may differ. */
  readonly #tolerance: number;
  clipped = 0;
  /** Loud samples up to the latest one, and that one, 0 if it is not loud; the row may go on in the next piece. */
  #run = 0;
  #latest = 0;

  constructor({ encoding, bitDepth }: RecordingSource) {
    const isFloat = encoding.includes("float");
    // the largest positive integer of b bits is 2^(b−1)−1 and reads as a little less than 1
    this.#threshold = (isFloat ? 1 : 1 - 2 ** (1 - bitDepth)) - 1e-6;
    this.#tolerance = isFloat ? SAME : 1;
  }

  take(samples: Float32Array): void {
    // locals: this runs for every sample of a corpus
    const [threshold, tolerance] = [this.#threshold, this.#tolerance];
    let [clipped, run, latest] = [this.clipped, this.#run, this.#latest];
    for (const sample of samples) {
      if (Math.abs(sample) < threshold) {
        run = 0;
        latest = 0;
        continue;
      }
      run = Math.abs(sample - latest) < tolerance ? run + 1 : 1;
      latest = sample;
      if (run === SHORTEST_RUN) clipped += SHORTEST_RUN;
      else if (run > SHORTEST_RUN) clipped++;
    }
    [this.clipped, this.#run, this.#latest] = [clipped, run, latest];
  }
}

/** How many samples of a whole mono recording seem clipped. */
export function countClippedSamples({ samples, source }: Recording): number {
  const counter = new ClippingCounter(source);
  counter.take(samples);
  return counter.clippedSamples;
}

/** Share of clipped samples from which on a recording is worth a warning wherever it is used. */
const MANY_CLIPPED = 0.01;

/** A warning where more than 1 % of the samples that were counted are clipped, a sentence. */
export function clippingWarning({
  clippedByChannel,
  samples,
}: Pick<ClippingCounter, "clippedByChannel" | "samples">): string | undefined {
  const found = describeClipping(clippedByChannel, samples);
  if (found === undefined || Math.max(...clippedByChannel) <= MANY_CLIPPED * samples) return undefined;
  const { count, share, where } = found;
  return `${count} (${share}) are cut off at full scale${where}: the recording is clipped, and its speech will sound so.`;
}

/** How clipped a recording is, in words; undefined where it is not. */
export function describeClipping(
  clippedByChannel: readonly number[],
  samples: number,
): { readonly count: string; readonly share: string; readonly where: string } | undefined {
  const most = Math.max(0, ...clippedByChannel);
  if (most === 0) return undefined;
  const share = (100 * most) / samples;
  return {
    count: `${most} ${most === 1 ? "sample" : "samples"}`,
    share: `${share < 1 ? share.toPrecision(2) : share.toFixed(0)} %`,
    where: clippedByChannel.length > 1 ? ` in ${channelName(clippedByChannel, most)}` : "",
  };
}

function channelName(clippedByChannel: readonly number[], most: number): string {
  if (clippedByChannel.every((clipped) => clipped === most)) return "each channel";
  const index = clippedByChannel.indexOf(most);
  if (clippedByChannel.length === 2) return index === 0 ? "the left channel" : "the right channel";
  return `channel ${index + 1}`;
}

/** What a recording is. Levels are in dB below full scale, −Infinity for digital silence. */
export interface RecordingInspection {
  readonly kind: "recording";
  readonly source: RecordingSource;
  readonly seconds: number;
  readonly sampleRate: number;
  readonly peakDb: number;
  readonly rmsDb: number;
  /** Mean of the samples. */
  readonly offset: number;
  /** Those of the channel that has most of them. */
  readonly clippedSamples: number;
  /** [channels] */
  readonly clippedByChannel: readonly number[];
  /** Seconds at both ends in which no 10 ms come within 30 dB of the whole recording's RMS. */
  readonly silence: { readonly start: number; readonly end: number };
  /** What is odd, each a sentence. */
  readonly remarks: readonly string[];
}

const SILENCE_BELOW_RMS = 10 ** (-30 / 20);
const BLOCK_SECONDS = 0.01;
const ODD_OFFSET = 0.01;
const QUIET_PEAK_DB = -30;
const LONG_SILENCE_SECONDS = 1;
/** A peak that floats reach only where they hold the values of integers: 20 dB above full scale. */
const INTEGER_PEAK_DB = 20;
/** A mean of the channels below them by so much has lost what they hold. */
const CANCELLED_DB = -20;

/** Measures a recording in memory, channels averaged. */
export function inspectRecording(recording: Recording): RecordingInspection {
  const meter = new RecordingMeter(recording);
  meter.take({ mono: recording.samples, channels: [recording.samples] });
  return meter.inspection();
}

/**
 * Measures a recording as it is read; memory grows by 8 bytes every 10 ms.
 *
 * @throws what its pieces throw
 */
export async function inspectStream(stream: RecordingStream): Promise<RecordingInspection> {
  const meter = new RecordingMeter(stream);
  for await (const piece of stream.channelPieces()) meter.take(piece);
  return meter.inspection();
}

/** The sums that an inspection needs: give it all pieces in their order. */
export class RecordingMeter {
  readonly #sampleRate: number;
  readonly #source: RecordingSource;
  readonly #clipping: ClippingCounter;
  /** Samples of a block. */
  readonly #blockSize: number;
  /** Sum of squares of each block, the last one perhaps unfinished. */
  readonly #energies: number[] = [];
  #samples = 0;
  #peak = 0;
  #sum = 0;
  #squares = 0;
  /** Mean of the channels' sums of squares. */
  #channelSquares = 0;

  constructor({ sampleRate, source }: Pick<Recording, "sampleRate" | "source">) {
    this.#sampleRate = sampleRate;
    this.#source = source;
    this.#clipping = new ClippingCounter(source);
    this.#blockSize = Math.max(1, Math.round(BLOCK_SECONDS * sampleRate));
  }

  take({ mono: samples, channels }: ChannelPiece): void {
    this.#clipping.take(channels);
    if (channels.length > 1)
      for (const channel of channels) this.#channelSquares += sumOfSquares(channel) / channels.length;
    for (let from = 0; from < samples.length;) {
      const missing = this.#blockSize - (this.#samples % this.#blockSize);
      const part = samples.subarray(from, from + missing);
      if (missing === this.#blockSize) this.#energies.push(0);
      this.#takeOfBlock(part);
      from += part.length;
    }
  }

  /** Takes samples of one block, the latest. */
  #takeOfBlock(samples: Float32Array): void {
    let [peak, sum, squares, energy] = [this.#peak, this.#sum, this.#squares, this.#energies.at(-1) ?? 0];
    for (const sample of samples) {
      peak = Math.max(peak, Math.abs(sample));
      sum += sample;
      squares += sample * sample;
      energy += sample * sample;
    }
    [this.#peak, this.#sum, this.#squares] = [peak, sum, squares];
    this.#energies[this.#energies.length - 1] = energy;
    this.#samples += samples.length;
  }

  inspection(): RecordingInspection {
    const count = Math.max(1, this.#samples);
    const measured = {
      seconds: this.#samples / this.#sampleRate,
      sampleRate: this.#sampleRate,
      peakDb: 20 * Math.log10(this.#peak),
      rmsDb: 10 * Math.log10(this.#squares / count),
      offset: this.#sum / count,
      clippedSamples: this.#clipping.clippedSamples,
      clippedByChannel: this.#clipping.clippedByChannel,
      silence: this.#silentEnds(Math.sqrt(this.#squares / count) * SILENCE_BELOW_RMS),
    };
    const source = this.#source;
    const cancelled = 10 * Math.log10(this.#squares / this.#channelSquares) < CANCELLED_DB;
    const remarks = [...source.remarks, ...(cancelled ? [CANCELLED] : []), ...oddities(measured, source)];
    return { kind: "recording", source, ...measured, remarks };
  }

  #silentEnds(threshold: number): RecordingInspection["silence"] {
    const [size, samples, energies] = [this.#blockSize, this.#samples, this.#energies];
    const isLoud = (energy: number, block: number): boolean =>
      energy > Math.min(size, samples - block * size) * threshold * threshold;
    const first = energies.findIndex(isLoud);
    const last = energies.findLastIndex(isLoud);
    // without any, all of it stands at the start
    return {
      start: (first < 0 ? samples : first * size) / this.#sampleRate,
      end: first < 0 ? 0 : Math.max(0, samples - (last + 1) * size) / this.#sampleRate,
    };
  }
}

const CANCELLED = "Its channels cancel each other: their mean, which is used, has little of what they hold.";

function sumOfSquares(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}

type Measured = Omit<RecordingInspection, "kind" | "source" | "remarks">;

function oddities(measured: Measured, { encoding }: RecordingSource): string[] {
  const { seconds, sampleRate, peakDb, offset, clippedByChannel, silence } = measured;
  if (seconds === 0) return ["It has no samples."];
  if (peakDb === -Infinity) return ["It is digital silence throughout."];
  const remarks: string[] = [];
  const clipping = describeClipping(clippedByChannel, seconds * sampleRate);
  if (clipping !== undefined) {
    const { count, share, where } = clipping;
    remarks.push(`${count} are cut off at full scale${where} (${share}): the recording is clipped.`);
  }
  if (peakDb > INTEGER_PEAK_DB)
    remarks.push(
      `Its peak is ${peakDb.toFixed(0)} dB above full scale: its floats seem to hold integers. Divide them by 32768.`,
    );
  else if (clipping === undefined && peakDb > 0.01 && encoding.includes("float"))
    remarks.push(`Its peaks go ${peakDb.toFixed(1)} dB above full scale; nothing is cut off.`);
  if (Math.abs(offset) > ODD_OFFSET)
    remarks.push(`Its mean is ${offset.toFixed(3)}, not 0: the recording has a DC offset.`);
  if (peakDb < QUIET_PEAK_DB) remarks.push(`It is very quiet: its peak is ${peakDb.toFixed(1)} dBFS.`);
  if (silence.start > LONG_SILENCE_SECONDS)
    remarks.push(`It begins with ${silence.start.toFixed(1)} s of silence.`);
  if (silence.end > LONG_SILENCE_SECONDS)
    remarks.push(`It ends with ${silence.end.toFixed(1)} s of silence.`);
  return remarks;
}

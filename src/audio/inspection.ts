// A recording in figures: its level, offset, clipping and the silence around it, and what is odd about them.
import type { Recording, RecordingSource, RecordingStream } from "./recording.js";

// Whether a recording was cut off at full scale while it was made: its loudest samples then stand in rows.

/** Loud samples in a row below which a full-scale peak passes for a peak. */
const SHORTEST_RUN = 3;

/**
 * Counts the samples that seem clipped: those at or beyond full scale with at least two like them beside them, on one
 * side of zero. A recording that was scaled to a peak of 1 has none.
 */
export class ClippingCounter {
  readonly #threshold: number;
  #clipped = 0;
  /** Loud samples up to the latest one, and their side of zero; the row may go on in the next piece. */
  #run = 0;
  #side = 0;

  /** @param source what the samples were read from: its encoding says where full scale is */
  constructor(source: RecordingSource) {
    // the largest positive integer of b bits is 2^(b−1)−1 and reads as a little less than 1
    const fullScale = source.encoding.includes("float") ? 1 : 1 - 2 ** (1 - source.bitDepth);
    this.#threshold = fullScale - 1e-6;
  }

  /** Clipped samples among those taken. */
  get clippedSamples(): number {
    return this.#clipped;
  }

  /** Takes the recording's next samples, any number of them. */
  take(samples: Float32Array): void {
    // locals: this runs for every sample of a corpus
    const threshold = this.#threshold;
    let [clipped, run, side] = [this.#clipped, this.#run, this.#side];
    for (const sample of samples) {
      const sampleSide = Math.abs(sample) >= threshold ? Math.sign(sample) : 0;
      run = sampleSide !== 0 && sampleSide === side ? run + 1 : Math.abs(sampleSide);
      side = sampleSide;
      if (run === SHORTEST_RUN) clipped += SHORTEST_RUN;
      else if (run > SHORTEST_RUN) clipped++;
    }
    [this.#clipped, this.#run, this.#side] = [clipped, run, side];
  }
}

/** How many samples of a whole recording seem clipped. */
export function countClippedSamples({ samples, source }: Recording): number {
  const counter = new ClippingCounter(source);
  counter.take(samples);
  return counter.clippedSamples;
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
  readonly clippedSamples: number;
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

/** Measures a recording in memory, channels averaged. */
export function inspectRecording(recording: Recording): RecordingInspection {
  const meter = new RecordingMeter(recording);
  meter.take(recording.samples);
  return meter.inspection();
}

/**
 * Measures a recording as it is read; memory grows by 8 bytes every 10 ms.
 *
 * @throws what its pieces throw
 */
export async function inspectStream(stream: RecordingStream): Promise<RecordingInspection> {
  const meter = new RecordingMeter(stream);
  for await (const piece of stream.pieces()) meter.take(piece);
  return meter.inspection();
}

/** The sums that an inspection needs. */
class RecordingMeter {
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

  constructor({ sampleRate, source }: Pick<Recording, "sampleRate" | "source">) {
    this.#sampleRate = sampleRate;
    this.#source = source;
    this.#clipping = new ClippingCounter(source);
    this.#blockSize = Math.max(1, Math.round(BLOCK_SECONDS * sampleRate));
  }

  take(samples: Float32Array): void {
    this.#clipping.take(samples);
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
      silence: this.#silentEnds(Math.sqrt(this.#squares / count) * SILENCE_BELOW_RMS),
    };
    const source = this.#source;
    return { kind: "recording", source, ...measured, remarks: [...source.remarks, ...oddities(measured)] };
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

function oddities(
  measured: Pick<RecordingInspection, "seconds" | "peakDb" | "offset" | "clippedSamples" | "silence">,
): string[] {
  const { seconds, peakDb, offset, clippedSamples, silence } = measured;
  if (seconds === 0) return ["It has no samples."];
  if (peakDb === -Infinity) return ["It is digital silence throughout."];
  const remarks: string[] = [];
  if (clippedSamples > 0)
    remarks.push(`${clippedSamples} samples are cut off at full scale: the recording is clipped.`);
  if (Math.abs(offset) > ODD_OFFSET)
    remarks.push(`Its mean is ${offset.toFixed(3)}, not 0: the recording has a DC offset.`);
  if (peakDb < QUIET_PEAK_DB) remarks.push(`It is very quiet: its peak is ${peakDb.toFixed(1)} dBFS.`);
  if (silence.start > LONG_SILENCE_SECONDS)
    remarks.push(`It begins with ${silence.start.toFixed(1)} s of silence.`);
  if (silence.end > LONG_SILENCE_SECONDS)
    remarks.push(`It ends with ${silence.end.toFixed(1)} s of silence.`);
  return remarks;
}

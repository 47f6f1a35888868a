// What `vocode` turns into speech: a mel file as it is, or a recording that is analysed first (copy synthesis).
import { openByteSource } from "../files/byte-source.js";
import type { MelAssumption } from "../audio/mel-file/mel-assumption.js";
import { readMel } from "../audio/mel-file/mel-file.js";
import type { MelLayout } from "../audio/mel-file/mel-layout.js";
import { melOfRecording } from "../audio/mel-analysis/mel-of-recording.js";
import type { Mel, MelFormat } from "../audio/mel-format/mel-format.js";
import { isRecording } from "../audio/recording/open-recording.js";
import { readRecording } from "../audio/recording/read-recording.js";

/** A mel to synthesise, and what to do with the result. */
export interface SynthesisInput {
  readonly mel: Mel;
  /** Samples to drop from the start of the result. */
  readonly leadingSamples: number;
  /** Samples that the result should have then; undefined for all that there are. */
  readonly samples: number | undefined;
  /** What was done and noticed, each a sentence. */
  readonly remarks: readonly string[];
}

/** How to read mel files. */
export interface SynthesisInputOptions {
  readonly assume?: MelAssumption;
  readonly layout?: MelLayout;
  readonly trust?: boolean;
}

/**
 * Reads a mel file or a recording, recognised by its content.
 *
 * @throws what readMel and readRecording throw
 */
export async function readSynthesisInput(
  path: string,
  expected: MelFormat,
  options: SynthesisInputOptions,
): Promise<SynthesisInput> {
  if (await holdsRecording(path)) {
    const recording = await readRecording(path);
    const mel = await melOfRecording(recording, expected);
    const samples = Math.round((recording.samples.length * expected.sampleRate) / recording.sampleRate);
    return { mel, leadingSamples: 0, samples, remarks: recording.source.remarks };
  }
  const { mel, leadingSamples, conversions, remarks } = await readMel(path, { expected, ...options });
  return { mel, leadingSamples, samples: undefined, remarks: [...conversions, ...remarks] };
}

/** What a result becomes: leading samples dropped, cut or filled with silence to the wanted length. */
export function trimmed(
  samples: Float32Array,
  { leadingSamples, samples: wanted }: SynthesisInput,
): Float32Array {
  const kept = samples.subarray(leadingSamples);
  if (wanted === undefined || wanted === kept.length) return kept;
  const result = new Float32Array(wanted);
  result.set(kept.subarray(0, wanted));
  return result;
}

async function holdsRecording(path: string): Promise<boolean> {
  const source = await openByteSource(path);
  try {
    return await isRecording(source);
  } finally {
    await source.close();
  }
}

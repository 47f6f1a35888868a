// The range of a corpus's voices, from the beginnings of some recordings spread over it: finding the pitch takes many
// times as long as decoding, and a range does not get better by being found in all of them.
import { transformSize } from "../../audio/pitch/pitch-candidates.js";
import { trackPitch } from "../../audio/pitch/pitch.js";
import { openRecording } from "../../audio/recording/open-recording.js";
import { RealFft } from "../../synthesis/real-fft.js";
import type { Source } from "./corpus-sources.js";

const MOST_RECORDINGS = 40;
const SECONDS_OF_EACH = 8;
const FRAMES_A_SECOND = 100;
/** Shares of the voiced frames below the ends of the range: what lies outside may be a misread frame. */
const LOW_SHARE = 0.05;
const HIGH_SHARE = 0.95;

/** Where the pitch of voiced frames lies, in Hz. */
export interface PitchRange {
  readonly median: number;
  /** A twentieth of the voiced frames is below. */
  readonly low: number;
  /** A twentieth is above. */
  readonly high: number;
  /** In how many recordings it was looked for, and in how much of them. */
  readonly recordings: number;
  readonly seconds: number;
  /** Share of the frames that have a pitch. */
  readonly voiced: number;
}

/**
 * Looks for the pitch of voices in a corpus's recordings.
 *
 * @param sources usable ones
 * @returns undefined where no frame is voiced
 * @throws FileError, RecordingError for what changed since it was found usable
 */
export async function surveyPitch(sources: readonly Source[]): Promise<PitchRange | undefined> {
  const chosen = spreadOver(sources);
  const transforms = new Map<number, RealFft>();
  const voiced: number[] = [];
  let [frames, seconds] = [0, 0];
  try {
    for (const { path } of chosen) {
      const { samples, sampleRate } = await readBeginning(path);
      const size = transformSize(sampleRate);
      const transform = transforms.get(size) ?? (await RealFft.create(size));
      transforms.set(size, transform);
      const hertz = trackPitch(samples, sampleRate, Math.round(sampleRate / FRAMES_A_SECOND), transform);
      frames += hertz.length;
      seconds += samples.length / sampleRate;
      for (const value of hertz) if (value > 0) voiced.push(value);
    }
  } finally {
    for (const transform of transforms.values()) transform.dispose();
  }
  if (voiced.length === 0) return undefined;
  voiced.sort((a, b) => a - b);
  const at = (share: number): number => voiced[Math.round(share * (voiced.length - 1))];
  return {
    median: at(0.5),
    low: at(LOW_SHARE),
    high: at(HIGH_SHARE),
    recordings: chosen.length,
    seconds,
    voiced: voiced.length / frames,
  };
}

/** So many at most, at equal distances: speakers often follow one another by name. */
function spreadOver(sources: readonly Source[]): Source[] {
  const count = Math.min(MOST_RECORDINGS, sources.length);
  return Array.from({ length: count }, (_, i) => sources[Math.floor(((i + 0.5) * sources.length) / count)]);
}

async function readBeginning(path: string): Promise<{ samples: Float32Array; sampleRate: number }> {
  const recording = await openRecording(path);
  try {
    const { sampleRate } = recording;
    const samples = new Float32Array(SECONDS_OF_EACH * sampleRate);
    let length = 0;
    for await (const piece of recording.pieces()) {
      const taken = piece.subarray(0, samples.length - length);
      samples.set(taken, length);
      length += taken.length;
      if (length === samples.length) break;
    }
    return { samples: samples.subarray(0, length), sampleRate };
  } finally {
    await recording.close();
  }
}

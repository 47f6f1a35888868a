// Pitch frame by frame in fewer words: the stretches with a voice, and the whole.
import type { Pitch } from "../audio/pitch/pitch.js";

/** F0 over some voiced frames, Hz. */
interface PitchRange {
  readonly medianHertz: number;
  readonly lowestHertz: number;
  readonly highestHertz: number;
}

/** Voiced frames without a gap. */
export interface VoicedStretch extends PitchRange {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  /** Mean of each band. [5] */
  readonly bandVoicing: readonly number[];
}

/** The whole; the pitch is undefined where there is no voice. */
export interface PitchSummary extends Partial<PitchRange> {
  readonly seconds: number;
  /** Of the frames, 0 … 1. */
  readonly voicedShare: number;
  readonly stretches: readonly VoicedStretch[];
}

/** Sums up. */
export function summarisePitch(pitch: Pitch, frameSeconds: number): PitchSummary {
  const { hertz } = pitch;
  const stretches: VoicedStretch[] = [];
  for (let from = 0; from < hertz.length; from++) {
    if (hertz[from] === 0) continue;
    let to = from + 1;
    while (to < hertz.length && hertz[to] > 0) to++;
    stretches.push({
      from: from * frameSeconds,
      to: to * frameSeconds,
      ...rangeOf(hertz.subarray(from, to)),
      bandVoicing: bandMeans(pitch, from, to),
    });
    from = to;
  }
  const voiced = hertz.filter((value) => value > 0);
  return {
    seconds: hertz.length * frameSeconds,
    voicedShare: hertz.length > 0 ? voiced.length / hertz.length : 0,
    ...(voiced.length > 0 && rangeOf(voiced)),
    stretches,
  };
}

function rangeOf(hertz: Float32Array): PitchRange {
  const sorted = hertz.slice().sort();
  return {
    medianHertz: sorted[Math.floor(sorted.length / 2)],
    lowestHertz: sorted[0],
    highestHertz: sorted[sorted.length - 1],
  };
}

function bandMeans({ hertz, bandVoicing }: Pitch, from: number, to: number): number[] {
  const bands = bandVoicing.length / hertz.length;
  return Array.from({ length: bands }, (_, band) => {
    let sum = 0;
    for (let frame = from; frame < to; frame++) sum += bandVoicing[frame * bands + band];
    return sum / (to - from);
  });
}

// The pitch and the voicing of a recording, one value a mel frame: candidates from each frame's autocorrelation, a path
// through them, and the periodicity of five bands at the path's pitch. Frame i is centred on sample hop·i + ⌊hop/2⌋.
import { bandVoicing, FILTER_TRANSFORM_SIZE } from "./band-voicing.js";
import {
  HIGHEST_PITCH,
  PitchAnalysis,
  type PitchCandidate,
  type PitchFrame,
  transformSize,
} from "./pitch-candidates.js";
import type { RealTransform } from "./real-fft.js";

// The likeliest course of the pitch through the candidates of all frames: a Viterbi path that pays for octave jumps and
// for changes between voiced and unvoiced (Boersma 1993), with Praat's standard costs.

const SILENCE_THRESHOLD = 0.03;
const VOICING_THRESHOLD = 0.45;
const OCTAVE_COST = 0.01;
const OCTAVE_JUMP_COST = 0.35;
const VOICING_CHANGE_COST = 0.14;
/** The costs of changes are for frames this many seconds apart. */
const COST_INTERVAL = 0.01;

/**
 * The pitch of each frame in Hz, 0 where there is no voice. [frames]
 *
 * @param interval seconds between frames
 */
export function pitchPath(frames: readonly PitchFrame[], interval: number): Float32Array {
  const pitch = new Float32Array(frames.length);
  if (frames.length === 0) return pitch;
  const correction = COST_INTERVAL / interval;
  // every frame has a candidate without voice, as hertz 0, before its own
  const choices = frames.map(({ candidates }) => [
    { hertz: 0, strength: 0 },
    ...candidates.filter(isInRange),
  ]);
  let scores = choices[0].map((candidate) => merit(candidate, frames[0]));
  const origins: number[][] = [];
  for (let index = 1; index < frames.length; index++) {
    const before = choices[index - 1];
    const origin: number[] = [];
    const previous = scores;
    scores = choices[index].map((candidate, place) => {
      let best = -Infinity;
      before.forEach((from, earlier) => {
        const score = previous[earlier] - correction * changeCost(from.hertz, candidate.hertz);
        if (score > best) {
          best = score;
          origin[place] = earlier;
        }
      });
      return best + merit(candidate, frames[index]);
    });
    origins.push(origin);
  }
  let place = scores.indexOf(Math.max(...scores));
  for (let index = frames.length - 1; index >= 0; index--) {
    pitch[index] = choices[index][place].hertz;
    if (index > 0) place = origins[index - 1][place];
  }
  return pitch;
}

function isInRange({ hertz }: PitchCandidate): boolean {
  return hertz <= HIGHEST_PITCH;
}

/** How good a candidate is by itself. */
function merit({ hertz, strength }: PitchCandidate, { intensity }: PitchFrame): number {
  if (hertz > 0) return strength - OCTAVE_COST * Math.log2(HIGHEST_PITCH / hertz);
  return VOICING_THRESHOLD + Math.max(0, 2 - intensity / (SILENCE_THRESHOLD / (1 + VOICING_THRESHOLD)));
}

function changeCost(from: number, to: number): number {
  if (from === 0 && to === 0) return 0;
  if (from === 0 || to === 0) return VOICING_CHANGE_COST;
  return OCTAVE_JUMP_COST * Math.abs(Math.log2(from / to));
}

/** The source of a voice over time. */
export interface Pitch {
  /** F0 in Hz, 0 where there is no voice. [frames] */
  readonly hertz: Float32Array;
  /** How periodic each band is, 0 … 1; 0 where there is no voice. [frames, 5], bands as `VOICING_EDGES` */
  readonly bandVoicing: Float32Array;
}

/** The transforms that the analysis works with; made once for a sample rate. */
export interface PitchTransforms<T extends RealTransform = RealTransform> {
  readonly correlation: T;
  readonly filter: T;
}

/** Makes the transforms, given how to make one of a size. */
export async function createPitchTransforms<T extends RealTransform>(
  sampleRate: number,
  create: (size: number) => Promise<T>,
): Promise<PitchTransforms<T>> {
  return {
    correlation: await create(transformSize(sampleRate)),
    filter: await create(FILTER_TRANSFORM_SIZE),
  };
}

/**
 * Pitch and voicing of each whole frame of a recording.
 *
 * @param samples [n]
 * @param sampleRate Hz
 * @param hop samples between frames
 * @param transforms of this sample rate
 * @returns ⌊n/hop⌋ frames
 */
export function analysePitch(
  samples: Float32Array,
  sampleRate: number,
  hop: number,
  transforms: PitchTransforms,
): Pitch {
  const hertz = trackPitch(samples, sampleRate, hop, transforms.correlation);
  return { hertz, bandVoicing: bandVoicing(samples, sampleRate, hertz, hop, transforms.filter) };
}

/**
 * F0 alone: Hz of each whole frame of a recording, 0 where there is no voice.
 *
 * @param correlation a transform of `transformSize(sampleRate)` samples
 * @returns [⌊n/hop⌋]
 */
export function trackPitch(
  samples: Float32Array,
  sampleRate: number,
  hop: number,
  correlation: RealTransform,
): Float32Array {
  const analysis = new PitchAnalysis(samples, sampleRate, correlation);
  const frames = Array.from({ length: Math.floor(samples.length / hop) }, (_, frame) =>
    analysis.frameAt(frame * hop + Math.floor(hop / 2)),
  );
  return pitchPath(frames, hop / sampleRate);
}

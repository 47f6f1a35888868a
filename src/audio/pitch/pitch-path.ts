// The likeliest course of the pitch through the candidates of all frames: a Viterbi path that pays for octave jumps and
// for changes between voiced and unvoiced (Boersma 1993), with Praat's standard costs.
import { HIGHEST_PITCH, type PitchCandidate, type PitchFrame } from "./pitch-candidates.js";

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

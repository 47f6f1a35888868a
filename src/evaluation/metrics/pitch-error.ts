// How far the pitch of a synthesis is off: the F0 error in cents over frames that both signals voice, the share of frames
// that only one of them voices, and the F0 frame error (Chu & Alwan 2009), the share of frames with either a voicing
// error or an F0 more than 20 % off. F0 by autocorrelation and a Viterbi path (Boersma 1993). 0 is perfect in each.
/** A larger share of the reference's F0 is a gross error. */
const GROSS_ERROR = 0.2;

/** Errors of the pitch; NaN where there are no frames to judge. */
export interface PitchError {
  /** Mean |1200·log₂(F0/F0 of the reference)| over frames that are voiced in both. */
  readonly cents: number;
  /** Share of all frames that are voiced in one of the two only. */
  readonly voicing: number;
  /** Share of all frames with a voicing error or a gross error. */
  readonly frame: number;
}

/** Compares two courses of F0 in Hz, 0 without voice. [frames] each */
export function pitchError(reference: Float32Array, synthesis: Float32Array): PitchError {
  let [both, cents, voicing, gross] = [0, 0, 0, 0];
  for (let frame = 0; frame < reference.length; frame++) {
    const [p, q] = [reference[frame], synthesis[frame]];
    if (p > 0 !== q > 0) voicing++;
    if (p <= 0 || q <= 0) continue;
    both++;
    cents += Math.abs(1200 * Math.log2(q / p));
    if (Math.abs(q / p - 1) > GROSS_ERROR) gross++;
  }
  return {
    cents: cents / both,
    voicing: voicing / reference.length,
    frame: (voicing + gross) / reference.length,
  };
}

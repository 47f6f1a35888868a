// The pitch of a copy at another speed, from that of the recording: the same course, run through faster or slower, with
// all frequencies moved along.
import { PITCH_VALUES } from "./pitch-file.js";

/** A pitch that moves further than this between two frames is a jump, which is not interpolated. */
const WIDEST_STEP = 1.2;

/** The recording's frame, with its fraction, that frame i of a copy is centred on; frames are centred at `centre` hops. */
export function naturalFrame(frame: number, speed: number, centre: number): number {
  return (frame + centre) * speed - centre;
}

/**
 * One row of a copy's pitch.
 *
 * @param rows of the recording, [frames, 6]
 * @param position in frames of these rows
 * @param target takes the row, from index `at` on
 */
export function readPitchAt(
  rows: Float32Array,
  position: number,
  speed: number,
  target: Float32Array,
  at: number,
): void {
  const last = rows.length / PITCH_VALUES - 1;
  const place = Math.min(Math.max(position, 0), last);
  const nearest = rows.subarray(Math.round(place) * PITCH_VALUES, (Math.round(place) + 1) * PITCH_VALUES);
  target.set(nearest, at);
  const lower = Math.floor(place);
  const [below, above] = [lower, Math.min(lower + 1, last)].map((frame) => frame * PITCH_VALUES);
  const [from, to] = [rows[below], rows[above]];
  if (from > 0 && to > 0 && Math.max(from / to, to / from) < WIDEST_STEP) {
    const share = place - lower;
    target[at] = from * (to / from) ** share;
    for (let band = 1; band < PITCH_VALUES; band++)
      target[at + band] = (1 - share) * rows[below + band] + share * rows[above + band];
  }
  target[at] *= speed;
}

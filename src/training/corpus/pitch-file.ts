// Pitch and band voicing of the recordings in a part of the cache, in a file beside the part's: a row of six float32 for
// each of the part's frames, at the same offset. Rows of copies at other speeds stay empty, and so do those of recordings
// that nobody asked for yet, so that a cache without pitch is completed.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { VOICING_BANDS } from "../../audio/band-voicing.js";
import type { Pitch } from "../../audio/pitch.js";
import { attempt, pitchFile } from "./cache-part.js";

/** Values a frame: Hz, 0 where there is no voice, then the voicing of each band. */
export const PITCH_VALUES = 1 + VOICING_BANDS;

const ROW_BYTES = PITCH_VALUES * Float32Array.BYTES_PER_ELEMENT;
/** Stands in the file for a frame without voice: 0 is what an empty row has. */
const UNVOICED = -1;

/** The pitch of a part's recordings. Close it. */
export class PitchFile {
  readonly #path: string;
  readonly #file: number;

  /** Opens the file, and makes it where it is not there. @throws FileError */
  constructor(folder: string, part: string) {
    this.#path = join(folder, pitchFile(part));
    this.#file = attempt(this.#path, () => openSync(this.#path, constants.O_RDWR | constants.O_CREAT));
  }

  /** Whether the pitch of the utterance at frame `at` is there. */
  holds(at: number, frames: number): boolean {
    const row = new Float32Array(PITCH_VALUES);
    // an utterance is written from its first frame to its last
    return this.#fill(at + frames - 1, row) && row[0] !== 0;
  }

  /** Writes the pitch of the utterance at frame `at`. @throws FileError */
  write(at: number, { hertz, bandVoicing }: Pitch): void {
    const rows = new Float32Array(hertz.length * PITCH_VALUES);
    hertz.forEach((value, frame) => {
      rows[frame * PITCH_VALUES] = value > 0 ? value : UNVOICED;
      const voicing = bandVoicing.subarray(frame * VOICING_BANDS, (frame + 1) * VOICING_BANDS);
      rows.set(voicing, frame * PITCH_VALUES + 1);
    });
    const bytes = new Uint8Array(rows.buffer);
    attempt(this.#path, () => {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#file, bytes, done, bytes.length - done, at * ROW_BYTES + done);
    });
  }

  /** Fills `target` with rows from frame `first` of the utterance at frame `at`; as many as fit. @throws FileError */
  read(at: number, first: number, target: Float32Array): void {
    if (!this.#fill(at + first, target)) throw new Error("The pitch of an utterance was not computed.");
    for (let i = 0; i < target.length; i += PITCH_VALUES) target[i] = Math.max(0, target[i]);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Whether the file was long enough. */
  #fill(row: number, target: Float32Array): boolean {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    return attempt(this.#path, () => {
      for (let done = 0; done < bytes.length;) {
        const count = readSync(this.#file, bytes, done, bytes.length - done, row * ROW_BYTES + done);
        if (count === 0) return false;
        done += count;
      }
      return true;
    });
  }
}

// The pitch of a copy at another speed, from that of the recording: the same course, run through faster or slower, with
// all frequencies moved along.

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

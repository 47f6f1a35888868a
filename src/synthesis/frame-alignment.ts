// Where tiles and parts of tiles begin. Engines convolve and multiply so many frames at a time and round a rest otherwise;
// in 8 bits that last bit decides which whole number a layer's input becomes. So what is computed of a signal begins at
// multiples of this many frames, and a frame comes out alike in any tile and any part, to the last bit. Ends need none of
// it, as the reach beyond them is longer.

/** Frames. */
export const FRAME_ALIGNMENT = 16;

/** The last aligned frame up to one, from 0 on. */
export function alignedFrame(frame: number): number {
  return FRAME_ALIGNMENT * Math.floor(Math.max(0, frame) / FRAME_ALIGNMENT);
}

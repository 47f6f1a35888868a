// Sums of a periodic Hann window with frames at a quarter of its length. Apart from the transforms in spectrum.ts, so that
// threads without a tensor library can use them.

/** The mean of the window's square. */
export const HANN_POWER = 0.375;
/** Frames that overlap everywhere: the radix of the transforms too. */
export const RADIX = 4;
/** What overlapping squared windows sum to. */
export const OVERLAP_SUM = HANN_POWER * RADIX;

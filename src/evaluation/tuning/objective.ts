// What tuning makes small: one number for how far a synthesis is from its recording, out of measures that reward
// different things, so that none can be bought with another.
//
//   J = mstft + 3·mel + 0.1·(|hnr1| + |hnr2| + |hnr3|)/3 + 0.06·(|peak2| + |peak3|)/2 + 0.001·K
//
// The weights make what counts as one audible difference in our tables worth the same, 0.03: 0.03 in the
// multi-resolution STFT distance, 0.01 nepers in the mel, 0.3 dB in the harmonicity of a band, 0.5 in the kurtosis of
// its pulses. Mel error (PESQ follows it) and STFT distance alone would be won by ever more mel corrections, which
// smear the pitch pulses: harmonicity and pulse shape speak against that. The last term is the price of a correction
// in time: one costs about a tenth of a denoiser call, so ten must buy a third of an audible difference.

/** The measures of one clip that count, as `measureClip` of the metrics gives them. */
export interface ObjectiveTerms {
  /** Multi-resolution STFT distance. */
  readonly mstft: number;
  /** Mean absolute difference of the ln-mels. */
  readonly mel: number;
  /** Harmonics-to-noise ratio of the synthesis less the recording's in three bands, dB; 0 is best. */
  readonly hnr1: number;
  readonly hnr2: number;
  readonly hnr3: number;
  /** Kurtosis of the synthesis less the recording's in the upper two bands; 0 is best. */
  readonly peak2: number;
  readonly peak3: number;
}

/** Factors of the objective's terms; see above. */
export const objectiveWeights = {
  mstft: 1,
  mel: 3,
  harmonicity: 0.1,
  pulses: 0.06,
  correction: 0.001,
} as const;

/** What counts as one audible difference. */
export const AUDIBLE = 0.03;

/**
 * The objective of one clip.
 *
 * @param refine K, the corrections that it took
 * @returns J: 0 for the recording itself; lower is better
 */
export function objective(terms: ObjectiveTerms, refine: number): number {
  const { mstft, mel, hnr1, hnr2, hnr3, peak2, peak3 } = terms;
  const harmonicity = (Math.abs(hnr1) + Math.abs(hnr2) + Math.abs(hnr3)) / 3;
  const pulses = (Math.abs(peak2) + Math.abs(peak3)) / 2;
  return (
    objectiveWeights.mstft * mstft +
    objectiveWeights.mel * mel +
    objectiveWeights.harmonicity * harmonicity +
    objectiveWeights.pulses * pulses +
    objectiveWeights.correction * refine
  );
}

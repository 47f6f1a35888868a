// The metrics by name: how to read each. docs/evaluation.md has the definitions and their sources in full.

/** How a metric is to be read. */
export interface MetricDefinition {
  /** A heading for people. */
  readonly title: string;
  /** The unit that the values have; empty for none. */
  readonly unit: "" | "ln" | "ln²" | "dB" | "cents" | "share";
  /** Which values are better: small ones, large ones, or those near 0. */
  readonly better: "lower" | "higher" | "zero";
  /** What two equal signals give. */
  readonly perfect: number;
  /** Decimals that say something. */
  readonly decimals: number;
}

/** The metrics in the order of tables. */
export const metricDefinitions = {
  mel: { title: "log-mel error", unit: "ln", better: "lower", perfect: 0, decimals: 3 },
  mstft: { title: "STFT distance", unit: "", better: "lower", perfect: 0, decimals: 3 },
  lsMse: { title: "LS-MSE", unit: "ln²", better: "lower", perfect: 0, decimals: 3 },
  mcd: { title: "mel-cepstral distance", unit: "dB", better: "lower", perfect: 0, decimals: 2 },
  f0: { title: "F0 error", unit: "cents", better: "lower", perfect: 0, decimals: 1 },
  vuv: { title: "voicing error", unit: "share", better: "lower", perfect: 0, decimals: 3 },
  ffe: { title: "F0 frame error", unit: "share", better: "lower", perfect: 0, decimals: 3 },
  hnr1: { title: "harmonicity 60–1000 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  hnr2: { title: "harmonicity 1000–2500 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  hnr3: { title: "harmonicity 2500–5000 Hz", unit: "dB", better: "zero", perfect: 0, decimals: 2 },
  peak2: { title: "pulse shape 1000–2500 Hz", unit: "", better: "zero", perfect: 0, decimals: 2 },
  peak3: { title: "pulse shape 2500–5000 Hz", unit: "", better: "zero", perfect: 0, decimals: 2 },
  estoi: { title: "ESTOI", unit: "", better: "higher", perfect: 1, decimals: 3 },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** A metric's short name, as tables and JSON have it. */
export type MetricName = keyof typeof metricDefinitions;

/** The short names in the order of tables. */
export const metricNames = Object.keys(metricDefinitions) as readonly MetricName[];

// The signals that the first lesson noises, of mean 0 and unit power.

/** Samples of each. */
export const SIGNAL_SAMPLES = 256;

const shapes = {
  wave: (u: number) => Math.sin(2 * Math.PI * 3 * u) + 0.6 * Math.sin(2 * Math.PI * 7 * u + 1),
  stairs: (u: number) => [0.2, 1, -0.6, -1, 0.5, -0.2, 0.9, -0.8][Math.floor(8 * u)],
  pulses: (u: number) => Math.exp(-60 * ((6 * u) % 1) * ((6 * u) % 1)),
};

/** The signals by name. */
export type SignalName = keyof typeof shapes;

/** A signal, [SIGNAL_SAMPLES]. */
export function signalOf(name: SignalName): Float32Array {
  const values = Array.from({ length: SIGNAL_SAMPLES }, (_, i) => shapes[name](i / SIGNAL_SAMPLES));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const power = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Float32Array.from(values, (value) => (value - mean) / Math.sqrt(power));
}

// How a denoiser's Linear layers compute: float32, or 8-bit whole numbers with scales that a calibration found.
import { InputError } from "../errors.js";

/** The precisions' names. */
export const precisionNames = ["float32", "int8"] as const;

/** A precision's name. */
export type Precision = (typeof precisionNames)[number];

/** int8 was asked for, and the checkpoint does not say how activations become 8-bit. */
export class NotCalibratedError extends InputError {
  constructor() {
    super(
      "This checkpoint has no 'quantisation' in its config.json, which int8 needs. Use --precision float32.",
    );
  }
}

/** int8 was asked of an engine that does not have it. */
export class PrecisionUnavailableError extends InputError {
  constructor(
    readonly engine: string,
    readonly device: string,
  ) {
    super(
      `int8 is there for the engine 'graph' on the CPU, and this is '${engine}' on ${device}. Use --precision float32.`,
    );
  }
}

// The log-mel of one frame's magnitudes, as the mel metrics take it: ln of the band's weighted sum, from a floor up.
import { type BandRow, melBandRows } from "../../audio/mel-analysis/mel-bank.js";
import type { MelFormat } from "../../audio/mel-format/mel-format.js";

/** Turns magnitudes into log-mels of one format. */
export class LogMel {
  readonly #rows: readonly BandRow[];
  readonly #floor: number;

  /** @param format its bank and its floor count; the analysis is the caller's */
  constructor(format: MelFormat) {
    this.#rows = melBandRows(format);
    this.#floor = format.floor;
  }

  /**
   * @param magnitudes [fftSize/2+1]
   * @param mel is filled, [bands]
   */
  take(magnitudes: Float64Array, mel: Float64Array): void {
    for (const [band, { firstBin, weights }] of this.#rows.entries()) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * magnitudes[firstBin + i];
      mel[band] = Math.log(Math.max(sum, this.#floor));
    }
  }
}

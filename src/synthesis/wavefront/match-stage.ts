// How well the waveform has the mel that it was made from: the mean absolute difference of the two log-mels, taken as
// the waveform comes.
import { correctionReach, type MelCorrection } from "../mel-correction.js";
import type { Span, Track } from "./track.js";
import { noReach, type Stage } from "./wavefront.js";

/** Looks at a waveform and its mel, and makes nothing. */
export class MatchStage implements Stage {
  readonly inputs: Stage["inputs"];
  readonly outputs: readonly Track[] = [];
  readonly #correction: MelCorrection;
  readonly #mel: Track;
  readonly #waveform: Track;
  #sum = 0;
  #count = 0;

  constructor(correction: MelCorrection, mel: Track, waveform: Track) {
    const { mel: before } = correctionReach(correction.format);
    // a frame sees as far as a sample is seen by frames, with the sides exchanged
    const reach = { before: before.after + 1, after: before.before + 1 };
    this.inputs = [
      { track: waveform, reach },
      { track: mel, reach: noReach },
    ];
    this.#correction = correction;
    this.#mel = mel;
    this.#waveform = waveform;
  }

  /** The mean of |ln-mel of the waveform − ln-mel given| over all bands and frames so far. */
  get difference(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  run(span: Span, total: number | undefined): void {
    const { hopLength, bands } = this.#correction.format;
    const held = { first: this.#waveform.first, end: this.#waveform.end };
    const samples = {
      samples: this.#waveform.rows(held),
      first: held.first * hopLength,
      total: (total ?? Infinity) * hopLength,
    };
    const target = { values: this.#mel.rows(span), first: span.first, total: total ?? Infinity };
    this.#sum += this.#correction.distance(samples, target, span.first, span.end);
    this.#count += (span.end - span.first) * bands;
  }
}

// The mels of --picture: the one given and that of what is made of it, kept while both pass.
import { concatenate } from "../formats/bytes.js";
import { MelAnalyzer } from "../mel/analysis.js";
import type { Mel, MelFormat } from "../mel/format.js";
import type { SynthesisInput } from "./synthesis-input.js";

/** Keeps the mels of both ends while they pass. */
export class DrawnMels {
  readonly #analyzer: MelAnalyzer;
  readonly #given: Float32Array[] = [];
  readonly #made: Float32Array[] = [];

  constructor(format: MelFormat) {
    this.#analyzer = new MelAnalyzer(format);
  }

  watchMel(source: SynthesisInput["source"]): SynthesisInput["source"] {
    if ("values" in source) {
      this.#given.push(source.values);
      return source;
    }
    if ("frames" in source) throw new TypeError("A mel that is drawn is read as a whole.");
    return kept(source, (rows) => this.#given.push(rows));
  }

  watchSpeech(pieces: AsyncIterable<Float32Array>): AsyncIterable<Float32Array> {
    return kept(pieces, (samples) => this.#made.push(this.#analyzer.push(samples)));
  }

  mels(): [Mel, Mel] {
    const { format } = this.#analyzer;
    const melOf = (values: Float32Array): Mel => ({ frames: values.length / format.bands, format, values });
    return [melOf(concatenate(this.#given)), melOf(concatenate([...this.#made, this.#analyzer.finish()]))];
  }
}

async function* kept(
  pieces: AsyncIterable<Float32Array>,
  keep: (piece: Float32Array) => void,
): AsyncGenerator<Float32Array, void> {
  for await (const piece of pieces) {
    keep(piece.slice());
    yield piece;
  }
}

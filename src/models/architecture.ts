// What everything else knows of a denoiser: one object that says what it is, what it needs and how it is used. Nobody asks
// a network for its kind; a new one is a folder with such an object and a line in registry.ts. It loads no tensor library.
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import type { Schema } from "../formats/json-fields.js";
import type { MelFormat } from "../mel/format.js";
import type { Reach } from "../mel/frames.js";
import type { WeightSpec } from "./weights.js";

/**
 * What is diffused: with "spectral" a waveform that the spectral prior whitened (PriorGrad), so that the denoiser is given
 * σ too; with "standard" the waveform itself.
 */
export type PriorName = "spectral" | "standard";

/** A denoiser, for shapes that its schema read. */
export interface Architecture<Shape = unknown> {
  /** Its name in config.json and on the command line. */
  readonly kind: string;
  /** Reads its shape, the `denoiser.shape` of a config.json. */
  readonly schema: Schema<Shape>;
  /** Why a shape does not go with a mel format, as "has …"; undefined where it does. */
  mismatch?(shape: Shape, mel: MelFormat): string | undefined;
  /** What it is made for. */
  readonly prior: PriorName;
  /** All of its weights, the encoder's too. */
  weights(shape: Shape, mel: MelFormat): WeightSpec[];
  /** What a frame of its estimate sees. */
  reach(shape: Shape, mel: MelFormat): InputReach;
  /** Multiply-adds of a call, for each mel frame. */
  multiplyAdds(shape: Shape, mel: MelFormat): number;
  /** What it makes of a mel once an utterance; absent where it is given the mel alone. */
  readonly encoder?: EncoderPart<Shape>;
  /** Its Linear layers that may compute in 8 bits, by their weights; all else stays float32 at every precision. */
  int8Layers?(shape: Shape): string[];
  /** Its size in a few words. */
  describe(shape: Shape): string;
  readonly defaults: Defaults;
}

/** How far the inputs of a denoiser are seen. */
export interface InputReach {
  /** The noisy signal z. */
  readonly signal: Reach;
  /** The mel, and what the encoder and the prior made of it. */
  readonly mel: Reach;
}

/** An encoder, from the natural-log mel to vectors [F, columns]. Its weights' names begin with "encoder.". */
export interface EncoderPart<Shape> {
  columns(shape: Shape): number;
  /** What a vector sees of the mel. */
  reach(shape: Shape): Reach;
  /** For each mel frame. */
  multiplyAdds(shape: Shape, mel: MelFormat): number;
}

/** How it is used where nobody says. */
export interface Defaults {
  readonly sampler: SamplerName;
  /** The name of the schedule of N levels, where no start and no tuning gives another. */
  schedule(sampler: SamplerName, steps: number): string;
  /** Mel frames of a tile: the denoiser's memory grows with it. */
  readonly tile: number;
}

// What a reverse process starts from: z₀, the diffused signal at the plan's first level, made part by part as the mel
// comes. White noise is one such start.
import { fillNormals, type Seed } from "../diffusion/noise.js";
import type { Reach } from "../models/reach.js";
import type { MelPart } from "./mel-correction.js";

/** A start; one serves one signal, whose parts are asked for in order and without gaps. */
export interface StartSignal {
  /** Of mel frames into z₀. */
  readonly reach: Reach;
  /**
   * Fills a part of z₀.
   *
   * @param target [samples], whole mel frames
   * @param firstSample of the target, where its noise is taken from
   * @param mel the frames of the part, and around them what the start sees
   */
  fill(target: Float32Array, firstSample: number, mel: MelPart): Promise<void> | void;
}

/** White noise of a seed. */
export function noiseStart(seed: Seed): StartSignal {
  return {
    reach: { before: 0, after: 0 },
    fill: (target, firstSample) => {
      fillNormals(target, { seed, step: 0, start: firstSample });
    },
  };
}

// A tile of random numbers for a checkpoint's denoiser.
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import type { MaskNetConfig } from "../../src/models/mask-net/shape.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import type { Tile } from "../../src/synthesis/fast-denoiser.js";

/** Noise, mel and levels of the size that speech has; the same for the same arguments. */
export function randomTile({ config }: Checkpoint<MaskNetConfig>, frames: number, logSnr: number): Tile {
  const { bands, hopLength } = config.mel;
  const { channels } = config.denoiser.shape;
  const normals = (count: number, step: number): Float32Array =>
    fillNormals(new Float32Array(count), { seed: 3, step });
  return {
    z: normals(frames * hopLength, 1),
    logSnr,
    mel: normals(frames * bands, 2).map((value) => 0.5 * value - 2.5),
    sigma: normals(frames * hopLength, 3).map((value) => Math.exp(0.5 * value - 3)),
    encoded: normals(frames * channels, 4),
  };
}

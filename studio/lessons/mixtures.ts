// The distributions of the lessons: hills on a line and in a plane, whose perfect denoisers are known.
import { gaussianMixture, type GaussianMixture } from "../../src/diffusion/toy/gaussian-mixture.js";

/** Three hills on the line, of about unit variance. */
export const threeHills: GaussianMixture = gaussianMixture([
  { weight: 0.3, mean: [-1.3], variance: [0.25 ** 2] },
  { weight: 0.5, mean: [0.3], variance: [0.2 ** 2] },
  { weight: 0.2, mean: [1.5], variance: [0.3 ** 2] },
]);

/** Three hills in the plane. */
export const landscape: GaussianMixture = gaussianMixture([
  { weight: 0.45, mean: [-1.5, 0.7], variance: [0.3 ** 2, 0.45 ** 2] },
  { weight: 0.35, mean: [1.4, 1.0], variance: [0.4 ** 2, 0.25 ** 2] },
  { weight: 0.2, mean: [0.5, -1.4], variance: [0.3 ** 2, 0.3 ** 2] },
]);

import { expect, it } from "vitest";
import { withMoreCorrections } from "../../src/models/mask-net/architecture.js";

it("giving a network more mel corrections appends columns of zeros to the output's rows, and leaves the rest", () => {
  const weights = {
    "denoiser.output.weight": { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    "denoiser.output.bias": { data: Float32Array.of(5, 6), shape: [2] },
    "prior.bias": { data: Float32Array.of(7), shape: [1] },
  };
  // a constant and a slope more, for a mel of one band
  expect(withMoreCorrections(weights, 4)).toEqual({
    "denoiser.output.weight": { data: Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0), shape: [2, 4] },
    "denoiser.output.bias": { data: Float32Array.of(5, 6, 0, 0), shape: [4] },
    "prior.bias": weights["prior.bias"],
  });
  expect(withMoreCorrections(weights, 2)).toEqual(weights);
});

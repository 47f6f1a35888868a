// GELU, the activation x·Φ(x) with the exact normal distribution function Φ (Hendrycks & Gimpel 2016).
import { add, div, erf, exp, mul, square, type Tensor } from "@tensorflow/tfjs-core";
import { type Composition, runComposition } from "./composite-kernel.js";

/** Φ(x) = ½·(1 + erf(x/√2)). */
function normalDistribution(x: Tensor): Tensor {
  return mul(add(erf(div(x, Math.SQRT2)), 1), 0.5);
}

const composition: Composition<{ x: Tensor }, Record<string, never>> = {
  name: "Gelu",
  forward: ({ x }) => mul(x, normalDistribution(x)),
  // Φ(x) + x·φ(x), φ being the normal density
  gradient: (dy, { x }) => ({
    x: () => {
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return mul(dy, add(normalDistribution(x), mul(x, density)));
    },
  }),
};

/** x·½·(1 + erf(x/√2)), element by element. */
export function gelu(x: Tensor): Tensor {
  return runComposition(composition, { x }, {});
}

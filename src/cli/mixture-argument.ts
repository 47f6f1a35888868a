// A mixture of Gaussians on the line as the command line takes it: "0.3:-1.2:0.3,0.5:0.4:0.2".
import { gaussianMixture, MixtureError, type GaussianMixture } from "../diffusion/toy/gaussian-mixture.js";

// beyond these, samples in float32 are no longer a picture of the mixture
const LARGEST = 1e6;
const NARROWEST = 1e-6;

/** Three modes of unequal weight and width; mean 0.16, variance 1.08. */
export const DEFAULT_MIXTURE = "0.3:-1.2:0.3,0.5:0.4:0.2,0.2:1.6:0.4";

/**
 * Reads a mixture.
 *
 * @param text its modes, each as weight:mean:deviation, with commas between them; weights need not sum to 1
 * @throws MixtureError that names the mode
 */
export function parseMixture(text: string): GaussianMixture {
  const modes = text.split(",").map((part, index) => {
    const fields = part.split(":");
    const [weight, mean, deviation] = fields.map((field) => (field.trim() === "" ? NaN : Number(field)));
    if (fields.length !== 3 || !Number.isFinite(mean) || !(deviation > 0)) {
      throw new MixtureError(
        `Mode ${index + 1} of the mixture is '${part}'. Write each mode as weight:mean:deviation with a deviation ` +
          `above 0, for instance ${DEFAULT_MIXTURE}`,
        index,
      );
    }
    if (Math.abs(mean) > LARGEST || deviation > LARGEST || deviation < NARROWEST) {
      throw new MixtureError(
        `Mode ${index + 1} of the mixture is '${part}'; the mean goes from −${LARGEST} to ${LARGEST} and the ` +
          `deviation from ${NARROWEST} to ${LARGEST}. Scale the mixture: the noise has the deviation 1.`,
        index,
      );
    }
    return { weight, mean: [mean], variance: [deviation * deviation] };
  });
  return gaussianMixture(modes);
}

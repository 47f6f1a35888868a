// A mel whose content is moved along frequency: pitch and sound of the voice together, as a tape at another speed has them,
// at the same pace. Each band takes the value from where its frequency was: between two bands a line between logarithms.
import { bandCentres } from "../../src/mel/bank.js";
import { naturalLog } from "../../src/mel/encoding.js";
import type { Mel } from "../../src/mel/format.js";

/** The mel moved up by so many cents; what comes from above its range is silent. @param mel in natural logarithms */
export function shiftMel(mel: Mel, cents: number): Mel {
  if (cents === 0) return mel;
  const { bands, floor } = mel.format;
  const centres = bandCentres(mel.format);
  const old = naturalLog(mel);
  const values = new Float32Array(old.length).fill(Math.log(floor));
  for (let band = 0; band < bands; band++) {
    const hertz = centres[band] * 2 ** (-cents / 1200);
    const above = centres.findIndex((centre) => centre >= hertz);
    if (above < 0) continue;
    const below = Math.max(0, above - 1);
    const share = above === 0 ? 0 : (hertz - centres[below]) / (centres[above] - centres[below]);
    for (let frame = 0; frame < mel.frames; frame++) {
      const at = frame * bands;
      values[at + band] = old[at + below] + share * (old[at + above] - old[at + below]);
    }
  }
  return { ...mel, values };
}

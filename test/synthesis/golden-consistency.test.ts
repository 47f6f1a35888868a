import { describe, it } from "vitest";
import { refine } from "../../src/synthesis/thread.js";
import { expectGolden, goldenShape, goldenValues } from "../support/golden.js";
import { goldenFormat } from "../support/golden-model.js";

describe("mel consistency with an FFT", () => {
  // the reference was made without the epsilon under the magnitude's root
  const format = { ...goldenFormat, magnitudeEpsilon: 0 };
  const [frames] = goldenShape("consistency.target");
  const target = { frames, format, values: goldenValues("consistency.target") };

  it.each([
    ["consistency.after1", 1, 1, 0.9],
    ["consistency.after3", 3, 1, 0.9],
    ["consistency.after14", 14, 1, 0.9],
    ["consistency.p1.2.momentum0.7.after14", 14, 1.2, 0.7],
  ])("gives the reference's %s", async (name, iterations, exponent, momentum) => {
    const options = { iterations, exponent, momentum };
    expectGolden(await refine(goldenValues("consistency.start"), target, options), name);
  });
});

import { describe, expect, it } from "vitest";
import { sqrtAlphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { waveGradTraining } from "../../src/models/wavegrad/architecture.js";
import { StepRandom } from "../../src/training/draws.js";

function drawScheduleLogSnrs(batch: number, seed: number, step: number): Float32Array {
  return waveGradTraining.levels!.draw(batch, new StepRandom(seed, "levels", step));
}

describe("the levels of WaveGrad's batches", () => {
  /** √ᾱ after each step of the schedule, by its product. */
  const ends = [1];
  for (let step = 1; step <= 1000; step++) {
    const beta = 1e-6 + ((0.01 - 1e-6) * (step - 1)) / 999;
    ends.push(ends[step - 1] * Math.sqrt(1 - beta));
  }
  const values = Array.from({ length: 2000 }, (_, step) => [...drawScheduleLogSnrs(16, 1, step)]).flat();

  it("lie in every segment of the schedule alike, anywhere within it", () => {
    const counts = new Array<number>(1000).fill(0);
    const places: number[] = [];
    for (const value of values) {
      const root = sqrtAlphaBarFromLogSnr(value);
      const segment = ends.findIndex((end, step) => step > 0 && root >= end - 1e-9) - 1;
      counts[segment]++;
      // rounding hides where in the first segments it lies
      if (segment > 100) places.push((ends[segment] - root) / (ends[segment] - ends[segment + 1]));
    }
    // 32 draws a segment: a tenth of all segments has 3200 ± 54
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = counts.slice(100 * tenth, 100 * (tenth + 1)).reduce((sum, each) => sum + each, 0);
      expect(Math.abs(count - 3200), String(tenth)).toBeLessThan(4 * 54);
    }
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(Math.max(...values)).toBeLessThan(13.82);
    expect(Math.min(...values)).toBeGreaterThan(-5.02);
  });

  it("are the same for the same seed and step, and no others", () => {
    expect(drawScheduleLogSnrs(4, 1, 7)).toEqual(drawScheduleLogSnrs(4, 1, 7));
    expect(drawScheduleLogSnrs(4, 1, 8)).not.toEqual(drawScheduleLogSnrs(4, 1, 7));
    expect(drawScheduleLogSnrs(4, 2, 7)).not.toEqual(drawScheduleLogSnrs(4, 1, 7));
  });
});

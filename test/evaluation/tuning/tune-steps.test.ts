// A tuning of a process whose waveform is its levels and whose objective is known.
import { describe, expect, it } from "vitest";
import { curveLimits, tune } from "../../../src/evaluation/tuning/tune.js";
import {
  type ClipSet,
  type TunableSettings,
  tuneSteps,
  type TuningProcess,
} from "../../../src/evaluation/tuning/tune-steps.js";

const limits = curveLimits("noise", [-8, 8]);
const start: TunableSettings = {
  logSnrs: [-5, -2, 1, 4],
  refinement: { iterations: 4, exponent: 1.2, momentum: 0.7 },
};

/** The objective is the squared distance from some levels and from some K; `twist` changes it on whole clips. */
function process(twist = 1): TuningProcess & { denoised: Record<ClipSet, number> } {
  const denoised = { pieces: 0, clips: 0 };
  return {
    denoised,
    counts: { pieces: 3, clips: 5 },
    seconds: { pieces: 3, clips: 15 },
    denoise: async (set, clip, logSnrs) => {
      denoised[set]++;
      return Promise.resolve(Float32Array.from([clip, ...Array.from(logSnrs)]));
    },
    judge: async (set, _, waveform, { iterations }) => {
      const [clip, ...levels] = waveform;
      const count = levels.length;
      const wanted = (i: number): number => -6 + (11 * i) / Math.max(1, count - 1);
      const off = levels.reduce((sum, level, i) => sum + (level - wanted(i)) ** 2, 0) / count;
      const sign = set === "clips" ? twist : 1;
      return Promise.resolve(1 + 0.01 * clip + sign * (0.05 * off + 0.002 * Math.abs(iterations - 8)));
    },
  };
}

describe("tuneSteps", () => {
  it("finds levels and mel corrections, and reports how", async () => {
    const phases = new Set<string>();
    const found = await tuneSteps(process(), {
      steps: 4,
      start,
      limits,
      mostIterations: 16,
      budget: 60,
      seed: 1,
      onProgress: ({ phase, best, before }) => {
        phases.add(phase);
        expect(best).toBeLessThanOrEqual(before);
      },
    });
    expect(found.improved).toBe(true);
    expect(found.settings.refinement.iterations).toBe(8);
    expect(found.objective.tuned).toBeLessThan(1.03);
    expect(found.objective.before).toBeGreaterThan(1.05);
    expect([...phases]).toEqual(["mel corrections", "levels", "check"]);
  });

  it("keeps its start where the whole clips say otherwise than the pieces", async () => {
    const found = await tuneSteps(process(-1), {
      steps: 4,
      start,
      limits,
      mostIterations: 16,
      budget: 60,
      seed: 1,
    });
    expect(found.improved).toBe(false);
    expect(found.settings).toBe(start);
    expect(found.objective.tuned).toBe(found.objective.before);
  });

  it("makes no denoiser call for mel corrections", async () => {
    const watched = process();
    let [begun, used] = [0, 0];
    await tuneSteps(watched, {
      steps: 4,
      start,
      limits,
      mostIterations: 16,
      budget: 60,
      seed: 1,
      onProgress: ({ phase }) => {
        if (phase !== "mel corrections") return;
        begun ||= watched.denoised.pieces;
        if (used === 0) expect(watched.denoised.pieces).toBe(3);
        used++;
      },
    });
    expect(begun).toBe(3);
  });

  it("ends when the time is up, and still checks", async () => {
    let time = 0;
    const slow = process();
    const found = await tuneSteps(
      { ...slow, denoise: async (...given) => ((time += 1), slow.denoise(...given)) },
      { steps: 4, start, limits, mostIterations: 16, budget: 40, seed: 1, clock: () => time },
    );
    expect(slow.denoised.clips).toBe(10);
    // the time itself, and at most one trial and the check beyond it
    expect(found.seconds).toBeLessThan(40 + 3 + 10);
    expect(found.objective.tuned).toBeLessThanOrEqual(found.objective.before);
  });
});

describe("tune", () => {
  it("begins each number of steps from what was found for the one before", async () => {
    const done: number[] = [];
    const results = await tune(process(), {
      steps: [12, 4, 1],
      startOf: (steps) => ({
        ...start,
        logSnrs: Float64Array.from({ length: steps }, (_, i) => -5 + (9 * i) / Math.max(1, steps - 1)),
      }),
      limits,
      mostIterations: 16,
      budget: 60,
      seed: 1,
      onTuned: async ({ steps }) => Promise.resolve(void done.push(steps)),
    });
    expect(done).toEqual([1, 4, 12]);
    for (const { steps, objective, settings } of results) {
      expect(settings.logSnrs).toHaveLength(steps);
      expect(objective.tuned).toBeLessThan(objective.before);
    }
  });
});

describe("curveLimits", () => {
  it("keeps a start from noise at pure noise, also where the trained range ends above it", () => {
    expect(curveLimits("noise", [-8, 8])).toEqual({ first: [-8, -5], last: [1, 8] });
    expect(curveLimits("noise", [-4, 8]).first).toEqual([-5, -5]);
    expect(curveLimits("harmonic", [-8, 8]).first).toEqual([-6, 3]);
  });
});

// Threads that measure: more pairs than threads, and pairs that cannot be measured. The threads run what is in dist/.
import { describe, expect, it } from "vitest";
import { MeasurePool } from "../../dist/evaluation/measure-pool.js";
import { measurePair } from "../../src/evaluation/measure.js";
import { pairPaths, readPair } from "../support/evaluation-fixtures.js";

describe("MeasurePool", () => {
  it("gives each pair its own values, whatever thread and turn it gets", async () => {
    const { reference, sampleRate } = await readPair("noisy.flac");
    const jobs = [0.1, 0.5, 1, 0.2, 0.7].map((gain) => ({
      reference: { samples: reference, sampleRate },
      synthesis: { samples: reference.map((value) => gain * value), sampleRate },
    }));
    const pool = new MeasurePool(2);
    try {
      const measured = await Promise.all(jobs.map((job) => pool.measure(job)));
      for (const [i, job] of jobs.entries()) expect(measured[i]).toEqual(await measurePair(job));
    } finally {
      await pool.dispose();
    }
  });

  it("goes on after a pair that cannot be measured", async () => {
    const pool = new MeasurePool(1);
    try {
      const paths = pairPaths("vocoded.flac");
      const results = await Promise.allSettled([
        pool.measure({ ...paths, synthesis: "/nowhere/a.wav" }),
        pool.measure(paths),
        pool.measure({ ...paths, reference: { samples: new Float32Array(0), sampleRate: 22050 } }),
        pool.measure(paths),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
      expect(results[0]).toMatchObject({ reason: { exitCode: 2 } });
      expect(String((results[2] as PromiseRejectedResult).reason)).toContain("holds no samples");
    } finally {
      await pool.dispose();
    }
  });
});

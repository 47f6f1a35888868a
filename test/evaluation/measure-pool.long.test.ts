// Threads that measure: more pairs than threads, and pairs that cannot be measured. The threads run what is in dist/.
import { describe, expect, it } from "vitest";
import { spawnAll } from "../../dist/host/node/threads.js";
import { ThreadPool } from "../../src/host/thread-pool.js";
import { measurePair, type MeasureTasks } from "../../src/evaluation/clip-files.js";
import { pairPaths, readPair } from "../support/evaluation-fixtures.js";

describe("a pool of measuring threads", () => {
  it("gives each pair its own values, whatever thread and turn it gets", async () => {
    const { reference, sampleRate } = await readPair("noisy.flac");
    const jobs = [0.1, 0.5, 1, 0.2, 0.7].map((gain) => ({
      reference: { samples: reference, sampleRate },
      synthesis: { samples: reference.map((value) => gain * value), sampleRate },
    }));
    const pool = new ThreadPool<MeasureTasks>(spawnAll("measure", 2));
    try {
      const measured = await Promise.all(jobs.map((job) => pool.ask("measure", job)));
      for (const [i, job] of jobs.entries()) expect(measured[i]).toEqual(await measurePair(job));
    } finally {
      await pool.dispose();
    }
  });

  it("goes on after a pair that cannot be measured", async () => {
    const pool = new ThreadPool<MeasureTasks>(spawnAll("measure", 1));
    try {
      const paths = pairPaths("vocoded.flac");
      const results = await Promise.allSettled([
        pool.ask("measure", { ...paths, synthesis: "/nowhere/a.wav" }),
        pool.ask("measure", paths),
        pool.ask("measure", { ...paths, reference: { samples: new Float32Array(0), sampleRate: 22050 } }),
        pool.ask("measure", paths),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
      expect(results[0]).toMatchObject({ reason: { exitCode: 2 } });
      expect(String((results[2] as PromiseRejectedResult).reason)).toContain("holds no samples");
    } finally {
      await pool.dispose();
    }
  });
});

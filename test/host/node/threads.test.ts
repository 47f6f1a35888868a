// Runs the built package, since a thread starts from a compiled file.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { spawn, spawnAll } from "../../../dist/host/node/threads.js";
import { ThreadPool } from "../../../dist/host/thread-pool.js";
import { computeMel } from "../../../src/mel/analysis.js";
import { findPreset } from "../../../src/mel/presets.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { sharedFloats } from "../../../src/synthesis/memory.js";
import { type SharedRefinement, synthesisCalls, type SynthesisTasks } from "../../../src/synthesis/thread.js";

const format = findPreset("hifigan-22k-80");
const samples = fillNormals(new Float32Array(256 * 8), { seed: 1, step: 0 });

const folder = mkdtempSync(join(tmpdir(), "vocode-threads-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A waveform to refine, as threads are told of it. */
function waveform(): SharedRefinement {
  const shared = (values: Float32Array): Float32Array => {
    const copy = sharedFloats(values.length);
    copy.set(values);
    return copy;
  };
  return {
    format,
    state: {
      first: 0,
      total: samples.length,
      current: shared(samples),
      starts: [shared(samples), sharedFloats(samples.length)],
    },
    target: {
      values: shared(
        computeMel(
          samples.map((x) => 0.5 * x),
          format,
        ).values,
      ),
      first: 0,
      total: 8,
    },
    options: { iterations: 1, exponent: 1, momentum: 0 },
  };
}

describe("a thread", () => {
  it("does what it is asked, and calls in between", async () => {
    const thread = spawn("synthesis");
    for (let round = 0; round < 3; round++) {
      const given = waveform();
      await thread.ask("useWaveform", given);
      for (let k = 0; k < 2; k++) {
        thread.begin(synthesisCalls.refine, k, 0, samples.length);
        thread.finish();
      }
      expect(given.state.current).not.toEqual(samples);
    }
    await thread.dispose();
  });

  it("hands on what a call throws, and takes the next one", async () => {
    const thread = spawn("synthesis");
    await thread.ask("load", undefined);
    thread.begin(synthesisCalls.estimate, 3);
    expect(() => {
      thread.finish();
    }).toThrow(/TypeError/);
    const given = waveform();
    await thread.ask("useWaveform", given);
    thread.begin(synthesisCalls.refine, 0, 0, samples.length);
    thread.finish();
    expect(given.state.current).not.toEqual(samples);
    await thread.dispose();
  });

  it("hands on what a task throws, a file's fault as such", async () => {
    const thread = spawn("measure");
    const job = { reference: "/nowhere/a.wav", synthesis: "/nowhere/b.wav" };
    await expect(thread.ask("measure", job)).rejects.toMatchObject({
      name: "FileError",
      path: "/nowhere/a.wav",
      exitCode: 2,
    });
    await expect(thread.ask("nothing of the kind", undefined)).rejects.toThrow(TypeError.name);
    await thread.dispose();
  });

  it("refuses to be called while it is at work, and asked while it is called", async () => {
    const thread = spawn("synthesis");
    await thread.ask("load", undefined);
    const asked = thread.ask("useWaveform", waveform());
    await Promise.resolve();
    expect(() => {
      thread.begin(synthesisCalls.refine, 0, 0, 1);
    }).toThrow("at work");
    await asked;
    thread.begin(synthesisCalls.refine, 0, 0, 1);
    await expect(thread.ask("load", undefined)).rejects.toThrow("asked while it was called");
    thread.finish();
    await thread.dispose();
  });

  it("ends after what it was asked, and only once", async () => {
    const pool = new ThreadPool<SynthesisTasks>(spawnAll("synthesis", 2));
    const loaded = pool.askAll("load", undefined);
    await Promise.all([pool.dispose(), pool.dispose()]);
    await expect(loaded).resolves.toBeUndefined();
    await expect(pool.askAll("load", undefined)).rejects.toThrow("ended early");
  });

  it("keeps no process alive, and no process from its exit code", () => {
    const { href } = new URL("../../../dist/host/node/threads.js", import.meta.url);
    const file = join(folder, "program.mjs");
    const run = (end: string): number | null => {
      const begin = `import { spawn } from "${href}"; const thread = spawn("synthesis");`;
      writeFileSync(file, `${begin} const loaded = thread.ask("load"); ${end}`);
      return spawnSync(process.execPath, [file]).status;
    };
    expect(run("await loaded;")).toBe(0);
    expect(run("process.exit(7);")).toBe(7);
    expect(run("await loaded; thread.begin(0, 1); process.exit(8);")).toBe(8);
  });
});

describe("a pool without threads", () => {
  it("has tasks done by the calling thread", async () => {
    const pool = new ThreadPool([], { double: (value: number) => Promise.resolve(2 * value) });
    expect(await pool.ask("double", 21)).toBe(42);
    await pool.dispose();
  });
});

describe("pieces of work for all threads", () => {
  it("follow each other, whether they end well or not", async () => {
    const pool = new ThreadPool([]);
    const order: string[] = [];
    const piece = (name: string, fails: boolean) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
    };
    const ended = await Promise.allSettled([pool.take(piece("one", true)), pool.take(piece("two", false))]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(order).toEqual(["one begins", "one ends", "two begins", "two ends"]);
  });
});

// The end of a vocoder that is at work: onnxruntime ends the whole process where a network is freed under it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Vocoder } from "../dist/node.js";
import type { SynthesisOptions } from "../dist/synthesis/settings.js";
import { saveCheckpoint } from "../src/host/node/checkpoints.js";
import type { Mel } from "../src/mel/format.js";
import { randomCheckpoint } from "./support/random-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));

beforeAll(async () => {
  await saveCheckpoint(folder, randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function load(threads: number): Promise<Vocoder> {
  return Vocoder.load(folder, { engine: "graph", threads, cacheFolder: null });
}

function noisyMel({ format }: Vocoder, frames = 300): Mel {
  const values = new Float32Array(frames * format.bands).map((_, i) => Math.sin(i) - 6);
  return { frames, format, values };
}

/** The name of what a promise is rejected with; undefined where it is kept. */
async function failureOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error as Error).name,
  );
}

describe.each([1, 2])("dispose of a vocoder on %i threads", (threads) => {
  // long enough for any machine: each synthesis is ended
  const long = { steps: 900, refine: 0, tile: 32 };

  it.each([0, 30])("ends a synthesis after %i ms, whose caller hears of it afterwards", async (delay) => {
    const vocoder = await load(threads);
    const synthesis = vocoder.synthesize(noisyMel(vocoder), long);
    if (delay > 0) await setTimeout(delay);
    // no handler for the rejection yet: it has to come after the end of dispose, or it would end the process
    await vocoder.dispose();
    expect(await failureOf(synthesis)).toBe("DisposedError");
  });

  it("ends several syntheses at once, and may be called again, also at once", async () => {
    const vocoder = await load(threads);
    const mel = noisyMel(vocoder, 60);
    const syntheses = [1, 2, 3].map((seed) => vocoder.synthesize(mel, { ...long, seed }));
    await Promise.all([vocoder.dispose(), vocoder.dispose()]);
    await vocoder.dispose();
    for (const synthesis of syntheses) expect(await failureOf(synthesis)).toBe("DisposedError");
  });

  it("ends a stream between two pieces, and one that computes, and closes their sources", async () => {
    const vocoder = await load(threads);
    const { values, format } = noisyMel(vocoder);
    const closed: string[] = [];
    async function* frames(name: string): AsyncGenerator<Float32Array> {
      try {
        for (;;) {
          await setTimeout(1);
          yield values.slice(0, 50 * format.bands);
        }
      } finally {
        closed.push(name);
      }
    }
    const open = (name: string, options: SynthesisOptions): AsyncIterator<Float32Array> =>
      vocoder.stream(frames(name), options)[Symbol.asyncIterator]();
    const resting = open("resting", { steps: 1, refine: 0 });
    expect((await resting.next()).done).toBe(false);
    const busy = open("busy", { ...long, tile: 16 }).next();
    await setTimeout(30);
    await vocoder.dispose();
    expect(await failureOf(busy)).toBe("DisposedError");
    expect(await failureOf(resting.next())).toBe("DisposedError");
    expect(closed.sort()).toEqual(["busy", "resting"]);
  });

  it("is the end: a synthesis and a stream are refused afterwards", async () => {
    const vocoder = await load(threads);
    const mel = noisyMel(vocoder, 20);
    expect((await vocoder.synthesize(mel, { steps: 1 })).samples).toHaveLength(20 * 256);
    await vocoder.dispose();
    expect(await failureOf(vocoder.synthesize(mel))).toBe("DisposedError");
    expect(() => vocoder.stream(mel)).toThrow(/The vocoder was disposed of/);
  });
});

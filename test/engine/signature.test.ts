// What a compiled function refuses to be given, on both kinds of engines.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { SignatureError } from "../../src/errors.js";
import { openEngine } from "../../src/host/node/engines.js";
import { frames, type Program, type Signature, type TensorValue } from "../../src/engine/engine.js";

const signature: Signature = {
  inputs: { mel: { shape: [frames(), 2] }, wave: { shape: [frames(3, 1)] } },
  state: { count: { data: Float32Array.of(1), shape: [1] } },
};

function value(...shape: number[]): TensorValue {
  return { data: new Float32Array(shape.reduce((product, size) => product * size, 1)), shape };
}

const good = { mel: value(4, 2), wave: value(13) };

const wrong: [string, Record<string, TensorValue>, string][] = [
  ["a missing input", { mel: value(4, 2) }, "The input 'wave' is missing."],
  ["an unknown input", { ...good, level: value(1) }, "no input 'level'; it takes mel, wave."],
  [
    "another rank",
    { ...good, mel: value(8) },
    "'mel' has shape [8], but the function was compiled for [frames, 2].",
  ],
  ["another size", { ...good, mel: value(4, 3) }, "'mel' has shape [4, 3]"],
  ["a size that is no whole number of frames", { ...good, wave: value(12) }, "compiled for [3·frames + 1]."],
  ["two frame counts", { ...good, wave: value(16) }, "and another dimension means 4 frames"],
  ["no frames", { mel: value(0, 2), wave: value(1) }, "'mel' has shape [0, 2]"],
  ["integers for numbers", { ...good, mel: { data: new Int32Array(8), shape: [4, 2] } }, "'mel' is int32"],
  ["too few elements", { ...good, mel: { data: new Float32Array(7), shape: [4, 2] } }, "has 7 elements"],
];

async function compileOn(engine: "graph" | "javascript"): Promise<Program> {
  const runtime = await openEngine({ engine, threads: 1, cacheFolder: null });
  return runtime.compile(
    ({ mel, wave }, { count }) => ({ y: tf.add(tf.sum(mel), tf.sum(wave)), count: tf.add(count, 1) }),
    signature,
  );
}

describe.each(["graph", "javascript"] as const)("a function on the engine %s", (engine) => {
  it.each(wrong)("refuses %s", async (_, inputs, message) => {
    const program = await compileOn(engine);
    const run = async (): Promise<unknown> => program.run(inputs);
    await expect(run()).rejects.toThrow(SignatureError);
    await expect(run()).rejects.toThrow(message);
    await program.dispose();
  });

  it("keeps its state between runs, and takes another", async () => {
    const program = await compileOn(engine);
    expect(Object.keys(await program.run(good))).toEqual(["y"]);
    await program.run(good);
    expect((await program.readState())["count"].data).toEqual(Float32Array.of(3));
    await program.writeState({ count: { data: Float32Array.of(7), shape: [1] } });
    await program.run(good);
    expect((await program.readState())["count"].data).toEqual(Float32Array.of(8));
    const refused = async (): Promise<void> => program.writeState({ total: value(1) });
    await expect(refused()).rejects.toThrow("holds no state 'total'");
    await program.dispose();
  });
});

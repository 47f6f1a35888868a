// The excitation of a whole signal as a graph against the one that synthesis makes of the same logits.
import { describe, expect, it } from "vitest";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { EXCITATION_OUTPUTS, readExcitation } from "../../../src/models/excitation/shape.js";
import { excitationOfLogits } from "../../../src/models/excitation/graph.js";
import { framePhases, heldPitch, pulses } from "../../../src/models/excitation/pulse-train.js";
import { frames } from "../../../src/engine/engine.js";
import { KernelMixture } from "../../../src/kernel/kernel-mixture.js";
import { compileOn } from "../../support/engines.js";
import { largestDifference } from "../../support/mel-pieces.js";

const rate = { hopLength: 256, sampleRate: 22050 };
const { hopLength, sampleRate } = rate;

/** Logits with a clear pitch that wanders, and stretches without voice. */
function logitsOf(count: number): Float32Array {
  const noise = fillNormals(new Float32Array(count * EXCITATION_OUTPUTS), { seed: 6, step: 0 });
  return noise.map((value, i) => {
    const frame = Math.floor(i / EXCITATION_OUTPUTS);
    const column = i % EXCITATION_OUTPUTS;
    if (column < 200) return value - (column - 80 - 30 * Math.sin(frame / 40)) ** 2 / 20;
    return column === 200 ? 3 * Math.sin(frame / 7) + 1 : 2 * value;
  });
}

/** As src/synthesis makes it. */
async function excitation(logits: Float32Array, noise: Float32Array): Promise<Float32Array> {
  const { pitch, voiced, bandVoicing } = readExcitation(logits);
  const held = heldPitch(pitch, voiced);
  const signal = pulses(held, framePhases(held, hopLength, sampleRate), sampleRate, hopLength);
  return (await KernelMixture.create(hopLength, sampleRate)).mix(signal, noise, voiced, bandVoicing);
}

describe("an excitation as a graph", () => {
  it("is the one of the synthesis, for a frame and for a minute", async () => {
    const program = await compileOn(
      "graph",
      ({ logits, noise }) => ({ signal: excitationOfLogits(logits, noise, rate) }),
      {
        inputs: {
          logits: { shape: [1, frames(), EXCITATION_OUTPUTS] },
          noise: { shape: [1, frames(hopLength)] },
        },
      },
    );
    for (const count of [1, 2, 50, 5168]) {
      const logits = logitsOf(count);
      const noise = fillNormals(new Float32Array(count * hopLength), { seed: 2, step: 1 });
      const { signal } = await program.run({
        logits: { data: logits, shape: [1, count, EXCITATION_OUTPUTS] },
        noise: { data: noise, shape: [1, noise.length] },
      });
      const expected = await excitation(logits, noise);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largestDifference(signal.data as Float32Array, expected) / largest).toBeLessThan(1e-5);
    }
    await program.dispose();
  });
});

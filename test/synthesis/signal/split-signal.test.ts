// Runs the built package, since a thread starts from a compiled file.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MaskNetSignal } from "../../../dist/synthesis/signal/mask-net-signal.js";
import { SplitSignal } from "../../../dist/synthesis/signal/split-signal.js";
import { fillNormals } from "../../../src/diffusion/noise.js";
import { goldenConfig, goldenFormat } from "../../support/golden-model.js";

const { bands, hopLength } = goldenFormat;

function normals(count: number, step: number, factor = 1): Float32Array {
  return fillNormals(new Float32Array(count), { seed: 7, step }).map((value) => factor * value);
}

describe("the signal path on several threads", () => {
  let split: SplitSignal;
  let whole: MaskNetSignal;
  beforeAll(async () => {
    split = await SplitSignal.create(goldenConfig, goldenFormat, 3);
    whole = await MaskNetSignal.create(goldenConfig, goldenFormat);
  });
  afterAll(() => split.dispose());

  function compare(frames: number): void {
    const inputs = {
      z: normals(frames * hopLength, 1),
      sigma: normals(frames * hopLength, 2, 0.5).map((value) => Math.exp(value - 3)),
      mel: normals(frames * bands, 3, 0.5).map((value) => value - 2.5),
      logSnr: 1,
    };
    expect(Buffer.compare(bytesOf(split.analyse(inputs)), bytesOf(whole.analyse(inputs)))).toBe(0);
    const output = normals(frames * whole.outputColumns, 4, 0.3);
    split.output.set(output);
    whole.output.set(output);
    expect(Buffer.compare(bytesOf(split.synthesise()), bytesOf(whole.synthesise()))).toBe(0);
  }

  it("is one thread's before the others have started", () => {
    compare(100);
  });

  // one part, two and three, in any order, of lengths that are no multiples of four
  it.each([200, 47, 101, 345, 1, 202])(
    "gives what one thread gives, bit for bit, on %i frames",
    async (frames) => {
      await split.ready();
      compare(frames);
    },
  );
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

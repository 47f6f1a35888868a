import { describe, expect, it } from "vitest";
import { inspectMel } from "../../src/mel/diagnosis.js";
import { encodeNpy } from "../../src/formats/npy.js";

function inspectShape(shape: readonly number[]): ReturnType<typeof inspectMel> {
  const count = shape.reduce((product, length) => product * length, 1);
  return inspectMel(
    encodeNpy(
      shape,
      Float32Array.from({ length: count }, (_, i) => -5 + 3 * Math.sin(i)),
    ),
  );
}

describe("inspectMel", () => {
  it.each([
    [[80], "A mel has two axes, [bands, frames] or [frames, bands]."],
    [[], "A mel has two axes, [bands, frames] or [frames, bands]."],
    [[2, 80, 30], "It holds 2 arrays of 80×30; a mel is one, [bands, frames] or [frames, bands]."],
    [[80, 30, 2], "It holds 80 arrays of 30×2; a mel is one, [bands, frames] or [frames, bands]."],
    [[77, 30], "No axis has as many bands as a known mel format."],
  ])("describes an array of shape %j and says why it is no mel", (shape, remark) => {
    const found = inspectShape(shape);
    expect(found).toMatchObject({ shape, candidates: [], remarks: [remark] });
    expect(found.statistics?.minimum).toBeGreaterThanOrEqual(-8);
    expect(found.frames).toBeUndefined();
  });

  it.each([[[80, 30]], [[1, 80, 30]], [[30, 80]], [[80, 30, 1]], [[1, 30, 80, 1]], [[80, 1, 30]]])(
    "finds the axes of %j",
    (shape) => {
      expect(inspectShape(shape)).toMatchObject({ frames: 30, bands: 80, remarks: [] });
    },
  );
});

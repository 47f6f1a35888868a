// What the diagnosis says of the reference clips in every encoding: the right one is accepted, a wrong one is named.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  ConstantMelError,
  diagnoseMel,
  EmptyMelError,
  MelValuesMismatchError,
  NonFiniteMelError,
} from "../../src/mel/diagnosis.js";
import { encodingOf, logScales, melScaleNames, type MelScaleName } from "../../src/mel/encoding.js";
import { layOutMel, MelShapeError } from "../../src/mel/layout.js";
import { measureMel } from "../../src/mel/likeness.js";
import { findPreset } from "../../src/mel/presets.js";
import { parseNpy } from "../../src/formats/npy.js";
import { melFixtures, melReferences, referenceFormats } from "../support/mel-reference.js";

const hifigan = findPreset("hifigan-22k-80");
const formats = referenceFormats();

function referenceMel(clip: string, formatName: string): Float32Array {
  const { shape, data } = parseNpy(readFileSync(`${melFixtures}${clip}.${formatName}.npy`));
  return layOutMel(shape, data, formats.get(formatName)!, "bands-first").values;
}

/** ln values as the named scale writes them. */
function encoded(values: Float32Array, scale: MelScaleName): Float32Array {
  if (scale === "linear") return values.map(Math.exp);
  const { slope, offset, range = [-Infinity, Infinity] } = logScales[scale];
  return values.map((value) => Math.min(range[1], Math.max(range[0], slope * value + offset)));
}

const plain = (scale: MelScaleName) => ({ scale, mean: 0, deviation: 1 });

describe("diagnoseMel", () => {
  it.each(melReferences())("accepts $clip in $formatName for what it is", ({ clip, formatName }) => {
    const format = formats.get(formatName)!;
    const values = referenceMel(clip, formatName);
    expect(() => diagnoseMel(values, encodingOf(format), format)).not.toThrow();
  });

  const speech = referenceMel("speech_22k", "hifigan-22k-80");
  for (const actual of melScaleNames)
    for (const assumed of melScaleNames)
      it(`${actual === assumed ? "accepts" : "refuses"} ${actual} values taken for ${assumed}`, () => {
        const run = () => diagnoseMel(encoded(speech, actual), plain(assumed), hifigan);
        if (actual === assumed) {
          run();
          return;
        }
        expect(run).toThrow(MelValuesMismatchError);
        expect(run).toThrow(`say --mel-format ${actual};`);
      });

  it.each([-40, -20, -6])("accepts speech made %i dB quieter", (gain) => {
    const quieter = speech.map((value) => Math.max(Math.log(1e-5), value + (gain * Math.LN10) / 20));
    expect(() => diagnoseMel(quieter, plain("ln"), hifigan)).not.toThrow();
    expect(() => diagnoseMel(encoded(quieter, "log10"), plain("ln"), hifigan)).toThrow(
      MelValuesMismatchError,
    );
  });

  it("names values that were standardised with their own mean and deviation", () => {
    const { mean, standardDeviation } = measureMel(speech, 80);
    const standardised = speech.map((value) => (value - mean) / standardDeviation);
    expect(() => diagnoseMel(standardised, plain("ln"), hifigan)).toThrow(
      "look like values standardised to mean 0 and deviation 1",
    );
  });

  it("states the numbers that it goes by", () => {
    const unit = encoded(speech, "unit");
    try {
      diagnoseMel(unit, plain("ln"), hifigan);
      expect.unreachable();
    } catch (error) {
      const { statistics, message, looksLike, assumed } = error as MelValuesMismatchError;
      expect([looksLike, assumed]).toEqual(["unit", plain("ln")]);
      expect(statistics.minimum).toBe(Math.min(...unit));
      expect(statistics.maximum).toBe(Math.max(...unit));
      expect(message).toMatch(
        /between 0\S* and 0\.\d+, their mean is 0\.\d+.*--mel-format unit.*--trust-mel/,
      );
    }
  });

  it("counts values that are no numbers and says where the first is", () => {
    const broken = Float32Array.from(speech);
    broken[85] = NaN;
    broken[900] = Infinity;
    expect(() => diagnoseMel(broken, plain("ln"), hifigan)).toThrow(NonFiniteMelError);
    expect(() => diagnoseMel(broken, plain("ln"), hifigan)).toThrow(
      /^The mel has 2 values that are no numbers \(of \d+\); the first is NaN in frame 1, band 5\./,
    );
  });

  it("refuses a mel without frames", () => {
    expect(() => diagnoseMel(new Float32Array(0), plain("ln"), hifigan)).toThrow(EmptyMelError);
  });

  it("remarks on silence, and refuses other constants", () => {
    const constant = (value: number) => new Float32Array(800).fill(value);
    expect(diagnoseMel(constant(Math.log(1e-5)), plain("ln"), hifigan).remarks).toEqual([
      "It is silent throughout.",
    ]);
    expect(diagnoseMel(constant(0), plain("unit"), hifigan).remarks).toEqual(["It is silent throughout."]);
    expect(diagnoseMel(constant(0), plain("linear"), hifigan).remarks).toEqual(["It is silent throughout."]);
    expect(() => diagnoseMel(constant(-5), plain("ln"), hifigan)).toThrow(
      "All values of the mel are -5. That is silence in logarithms of base 10: say --mel-format log10.",
    );
    expect(() => diagnoseMel(constant(3), plain("ln"), hifigan)).toThrow(ConstantMelError);
  });
});

describe("layOutMel", () => {
  const speech = parseNpy(readFileSync(`${melFixtures}speech_22k.hifigan-22k-80.npy`));

  it("tells the layout of a square mel by its sound, and takes the one that is named", () => {
    const square = new Float32Array(80 * 80);
    for (let band = 0; band < 80; band++)
      for (let frame = 0; frame < 80; frame++)
        square[band * 80 + frame] = speech.data[band * speech.shape[1] + frame];
    const bandsFirst = layOutMel([80, 80], square, hifigan);
    expect(bandsFirst).toMatchObject({ layout: "bands-first", guessed: true, frames: 80 });
    const again = layOutMel([80, 80], bandsFirst.values, hifigan);
    expect(again).toMatchObject({ layout: "frames-first", guessed: true });
    expect(again.values).toEqual(bandsFirst.values);
    expect(layOutMel([80, 80], square, hifigan, "frames-first")).toMatchObject({
      guessed: false,
      values: square,
    });
  });

  it.each([
    [[100, 300], /neither axis has the expected 80 bands. It could be of bigvgan-24k-100 or vocos-24k-100/],
    [[33, 300], /neither axis has the expected 80 bands. Compute the mel/],
    [[4, 80, 300], /4 mels in one array/],
    [[80], /a mel has two axes/],
    [[], /a mel has two axes/],
  ])("refuses the shape %j", (shape, words) => {
    const size = shape.reduce((product, length) => product * length, 1);
    expect(() => layOutMel(shape, new Float32Array(size), hifigan)).toThrow(MelShapeError);
    expect(() => layOutMel(shape, new Float32Array(size), hifigan)).toThrow(words);
  });

  it("refuses a named layout that does not fit", () => {
    expect(() => layOutMel([80, 300], new Float32Array(24_000), hifigan, "frames-first")).toThrow(
      "read frames-first it has 300 bands, and 80 are expected. Its other axis fits",
    );
  });
});

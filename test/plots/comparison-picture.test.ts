// The picture of two clips: what is missing is blue, what is too much red, and what is alike white.
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Transforms } from "../../src/evaluation/metrics/spectra.js";
import { drawComparison } from "../../src/plots/mel-picture.js";

const RATE = 22050;
let transforms: Transforms;
beforeAll(async () => {
  transforms = await Transforms.create();
});
afterAll(() => {
  transforms.dispose();
});

const sine = (hertz: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / RATE));

function imagesIn(svg: string): ReturnType<typeof decode>[] {
  return [...svg.matchAll(/data:image\/png;base64,([^"]+)/g)].map((match) =>
    decode(Buffer.from(match[1], "base64")),
  );
}

function draw(first: Float32Array, second: Float32Array): string {
  const clips = [first, second].map((samples, i) => ({ samples, sampleRate: RATE, title: `clip ${i + 1}` }));
  return drawComparison(clips[0], clips[1], transforms).toSvg();
}

describe("drawComparison", () => {
  it("shows both clips and where they differ", () => {
    // 2153 Hz is bin 100, 4307 Hz bin 200
    const images = imagesIn(draw(sine(2153.3, RATE), sine(4306.6, RATE + 500)));
    expect(images.map(({ width, height }) => [width, height])).toEqual(Array(3).fill([87, 513]));
    const colour = (image: number, bin: number): number[] => {
      const at = ((512 - bin) * 87 + 40) * 3;
      return [...images[image].data.slice(at, at + 3)];
    };
    const brightness = (image: number, bin: number): number => colour(image, bin).reduce((sum, v) => sum + v);
    expect(brightness(0, 100)).toBeGreaterThan(brightness(0, 200) + 300);
    expect(brightness(1, 200)).toBeGreaterThan(brightness(1, 100) + 300);
    const [missing, excess, alike] = [100, 200, 400].map((bin) => colour(2, bin));
    expect(missing[2]).toBeGreaterThan(missing[0] + 50);
    expect(excess[0]).toBeGreaterThan(excess[2] + 50);
    expect(Math.min(...alike)).toBeGreaterThan(230);
  });

  it("names the clips and the range of levels, a sine of half amplitude being at −6 dB", () => {
    const svg = draw(sine(2153.3, RATE), sine(2153.3, RATE));
    expect(svg).toContain("clip 1 · −86 to −6 dB");
    expect(svg).toContain("clip 2 · −86 to −6 dB");
    expect(svg).toContain("frequency (kHz)");
  });

  it("averages the frames of long clips, and takes silence", () => {
    const images = imagesIn(draw(new Float32Array(30 * RATE), sine(2153.3, 30 * RATE)));
    expect(images.map(({ width }) => width)).toEqual([1600, 1600, 1600]);
  });
});

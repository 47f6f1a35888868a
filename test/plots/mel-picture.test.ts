// The picture of a mel: its axes' numbers, and its pixels where the sound is.
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { bandCentres } from "../../src/mel/bank.js";
import { findPreset } from "../../src/mel/presets.js";
import { computeMel } from "../../src/mel/analysis.js";
import { figurePng } from "../../src/plots/figure-file.js";
import { drawMel } from "../../src/plots/mel-picture.js";

const format = findPreset("hifigan-22k-80");
const tone = Float32Array.from({ length: 22050 }, (_, n) => Math.sin((2 * Math.PI * 2000 * n) / 22050));

function imageIn(svg: string): ReturnType<typeof decode> {
  const base64 = /data:image\/png;base64,([^"]+)/.exec(svg)![1];
  return decode(Buffer.from(base64, "base64"));
}

describe("drawMel", () => {
  it("has time in seconds, band centres in Hz and the range of levels", () => {
    const svg = drawMel("tone.wav", computeMel(tone, format)).toSvg();
    expect(svg).toMatch(/tone\.wav · ln of the magnitude, −11\.5 to \d\.\d</);
    const labels = [...svg.matchAll(/<text[^>]*>([\d.,]+)<\/text>/g)].map((match) => match[1]);
    expect(labels).toEqual(expect.arrayContaining(["500", "1,000", "2,000", "4,000", "6,000", "0.0", "0.8"]));
    expect(svg).toContain("time (s)");
    expect(svg).toContain("band centre (Hz)");
  });

  it("is brightest at the tone's band, one pixel a frame and band", () => {
    const mel = computeMel(tone, format);
    const image = imageIn(drawMel("tone", mel).toSvg());
    expect([image.width, image.height]).toEqual([86, 80]);
    const brightness = Array.from({ length: 80 }, (_, row) => {
      return [0, 1, 2].reduce((sum, channel) => sum + image.data[(row * 86 + 40) * 3 + channel], 0);
    });
    const brightestBand = 79 - brightness.indexOf(Math.max(...brightness));
    const distances = [...bandCentres(format)].map((centre) => Math.abs(centre - 2000));
    expect(brightestBand).toBe(distances.indexOf(Math.min(...distances)));
  });

  it("renders as PNG", async () => {
    const png = decode(await figurePng(drawMel("tone", computeMel(tone, format))));
    expect(png.width).toBe(1720);
  });
});

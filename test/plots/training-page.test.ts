import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { clipSpectrogram, trainingFigure, trainingPage } from "../../src/plots/training-page.js";

describe("clipSpectrogram", () => {
  it("is brightest where the sound is", () => {
    // a quarter of the sample rate, in the second half only
    const samples = Float32Array.from({ length: 12_800 }, (_, n) =>
      n < 6400 ? 0 : 0.3 * Math.sin((Math.PI / 2) * n + 0.2),
    );
    const { width, height, data, channels } = decode(clipSpectrogram(samples));
    expect([width, height]).toEqual([100, 128]);
    const brightness = (column: number, row: number): number => {
      const at = channels * (row * width + column);
      return data[at] + data[at + 1] + data[at + 2];
    };
    const column = Array.from({ length: height }, (_, row) => brightness(75, row));
    // rows run down from half the sample rate: the middle one holds a quarter of it
    expect(Math.abs(column.indexOf(Math.max(...column)) - 63.5)).toBeLessThan(1);
    expect(brightness(25, 63)).toBeLessThan(0.1 * brightness(75, 63));
  });
});

describe("trainingFigure", () => {
  const point = (hours: number, share: number) => ({ hours, mean: 0.5 * share, byLevel: [0.9 * share, 0.1] });

  it("draws a line for each level and one for the mean, with their names", () => {
    const errors = [point(1, 1), point(2, 0.8)];
    const svg = trainingFigure({ losses: [{ hours: 1, loss: 0.5 }], errors, levels: [-6, 8] }).toSvg();
    for (const text of ["Loss of the batches", "λ −6", "λ 8", ">mean<"]) expect(svg).toContain(text);
    expect(svg).toContain(`stroke-width="2"`);
  });

  it("draws a curve for each figure that a loss tells, by its name", () => {
    const losses = [1, 2].map((hours) => ({ hours, loss: 0.5 }));
    const figures = [
      { name: "stft.convergence", points: [1, 2].map((hours) => ({ hours, value: 0.3 / hours })) },
    ];
    const without = trainingFigure({ losses, errors: [], levels: [] }).toSvg();
    const svg = trainingFigure({ losses, errors: [], levels: [], figures }).toSvg();
    expect(svg).toContain("stft.convergence");
    const lines = (text: string): number => text.match(/aria-label="line"/g)!.length;
    expect(lines(svg)).toBe(lines(without) + 1);
  });

  it("keeps the names of close lines apart", () => {
    const errors = [{ hours: 1, mean: 0.5, byLevel: [0.98, 0.97, 0.96] }];
    const svg = trainingFigure({ losses: [], errors, levels: [-6, -4, -2] }).toSvg();
    const heights = ["−6", "−4", "−2"].map((level) =>
      Number(new RegExp(`translate\\([\\d.]+,([\\d.]+)\\)"[^>]*>λ ${level}<`).exec(svg)?.[1]),
    );
    expect(heights[1] - heights[0]).toBeGreaterThan(10);
    expect(heights[2] - heights[1]).toBeGreaterThan(10);
  });
});

describe("trainingPage", () => {
  it("takes names as text, whatever is in them", () => {
    const take = { label: "after 5 steps", samples: new Float32Array(512), wav: Uint8Array.of(1, 2, 3) };
    const html = trainingPage({
      title: "a <b> & c",
      facts: [["steps", '"5"']],
      curves: { losses: [], errors: [], levels: [] },
      clips: [{ name: '<img src="x">.wav', takes: [take] }],
    });
    expect(html).not.toContain("<b>");
    expect(html).not.toContain('src="x"');
    expect(html).toContain("data:audio/wav;base64,AQID");
  });
});

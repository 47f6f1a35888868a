import { describe, expect, it } from "vitest";
import { drawLogSnrs, normalQuantile } from "../../src/training/model.js";
import { defaultTrainConfig } from "../../src/training/config.js";
import type { Settings } from "../../src/models/architecture.js";

const STEPS = 4000;

/** The levels of many steps, one after the other. */
function drawn(changes: Settings = {}): number[] {
  const config = { ...defaultTrainConfig, ...changes };
  return Array.from({ length: STEPS }, (_, step) => [...drawLogSnrs(config, step)]).flat();
}

const shareOf = (values: readonly number[], holds: (value: number) => boolean): number =>
  values.filter(holds).length / values.length;

/** The normal distribution function, by Simpson's rule from the centre. */
function normalShareBelow(x: number): number {
  const parts = 2000;
  let sum = 0;
  for (let i = 0; i <= parts; i++) {
    const weight = i === 0 || i === parts ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-(((x * i) / parts) ** 2) / 2);
  }
  return 0.5 + ((x / parts / 3) * sum) / Math.sqrt(2 * Math.PI);
}

describe("the normal quantile", () => {
  it("has the tables' values", () => {
    const known: readonly (readonly [number, number])[] = [
      [0.5, 0],
      [0.8413447460685429, 1],
      [0.975, 1.959963984540054],
      [0.99, 2.3263478740408408],
      [0.999, 3.090232306167813],
      [0.01, -2.3263478740408408],
      [1e-6, -4.753424308822899],
    ];
    for (const [p, x] of known) expect(Math.abs(normalQuantile(p) - x), String(p)).toBeLessThan(6e-9);
  });

  it("undoes the distribution function", () => {
    for (let x = -4; x <= 4; x += 0.125) {
      expect(Math.abs(normalQuantile(normalShareBelow(x)) - x), String(x)).toBeLessThan(2e-8);
    }
  });

  it("is infinite at 0 and 1", () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});

describe("the levels of a batch", () => {
  it("are distributed as the method says: a quarter uniform, the others normal and clipped", () => {
    const values = drawn();
    // a stratified share's error is far below the 0.002 of free draws
    for (let edge = -7.5; edge < 8; edge += 0.5) {
      const expected = 0.25 * ((edge + 8) / 16) + 0.75 * normalShareBelow((edge - 1) / 2.2);
      expect(Math.abs(shareOf(values, (value) => value < edge) - expected), String(edge)).toBeLessThan(0.002);
    }
    // what the normal loses beyond ±8 is clipped
    const beyond = 0.75 * (1 - normalShareBelow(7 / 2.2));
    expect(shareOf(values, (value) => value === 8)).toBeCloseTo(beyond, 3);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-8);
    expect(Math.max(...values)).toBe(8);
  });

  it("have the mean and deviation asked for", () => {
    const values = drawn({ uniformLevels: 0, logSnrMean: -1, logSnrDeviation: 1.5 });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(-1, 2);
    expect(Math.sqrt(square)).toBeCloseTo(1.5, 2);
  });

  it("are all uniform, or all one, where the settings say so", () => {
    const uniform = drawn({ uniformLevels: 1 });
    for (const quarter of [-4, 0, 4]) {
      expect(shareOf(uniform, (value) => value < quarter)).toBeCloseTo((quarter + 8) / 16, 2);
    }
    expect(new Set(drawn({ uniformLevels: 0, logSnrDeviation: 0 }))).toEqual(new Set([1]));
  });

  it("cover the whole distribution in every batch", () => {
    const { uniformLevels, batch } = defaultTrainConfig;
    for (let step = 0; step < 200; step++) {
      const values = [...drawLogSnrs(defaultTrainConfig, step)];
      const uniform = values.slice(0, uniformLevels * batch);
      // one in each quarter of the range, and one in each twelfth of the normal distribution
      expect(uniform.map((value) => Math.floor((value + 8) / 4))).toEqual([0, 1, 2, 3]);
      const parts = values.slice(4).map((value) => Math.floor(12 * normalShareBelow((value - 1) / 2.2)));
      expect(parts).toEqual(Array.from({ length: 12 }, (_, part) => part));
    }
  });

  it("are the same for the same seed and step, and no others", () => {
    const at = (seed: number, step: number): Float32Array =>
      drawLogSnrs({ ...defaultTrainConfig, seed }, step);
    expect(at(1, 5)).toEqual(at(1, 5));
    expect(at(1, 6)).not.toEqual(at(1, 5));
    expect(at(2, 5)).not.toEqual(at(1, 5));
  });
});

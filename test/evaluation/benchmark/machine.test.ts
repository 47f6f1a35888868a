import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { readClocks, shareOfOthers, thisMachine } from "../../../src/evaluation/benchmark/machine.js";

describe("shareOfOthers", () => {
  const start = { busy: 1000, total: 5000, own: 300 };

  it("is what the processors did beside this process", () => {
    // 1000 ms of 2000 busy, 600 of them our own
    expect(shareOfOthers(start, { busy: 2000, total: 7000, own: 900 })).toBeCloseTo(0.2, 12);
    expect(shareOfOthers(start, { busy: 2000, total: 7000, own: 1300 })).toBe(0);
  });

  it("stays within 0…1 where the coarse clocks disagree, and is unknown where they stand still", () => {
    expect(shareOfOthers(start, { busy: 1500, total: 6000, own: 1000 })).toBe(0);
    expect(shareOfOthers(start, start)).toBeNaN();
  });
});

it("reads clocks that go forward", () => {
  const before = readClocks();
  // until the process has had 100 ms of a processor, however long other programs make it wait
  const begin = process.cpuUsage();
  while (process.cpuUsage(begin).user < 100_000);
  const after = readClocks();
  expect(after.own - before.own).toBeGreaterThan(20);
  expect(after.total).toBeGreaterThan(before.total);
});

it("describes a machine without its name", () => {
  const machine = thisMachine("1.2.3");
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.versions).toMatchObject({ vocode: "1.2.3", node: process.versions.node });
  expect(Object.values(machine)).not.toContain(hostname());
});

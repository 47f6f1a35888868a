import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileFacts } from "../../../src/host/node/file-facts.js";

let folder: string;
let file: string;
/** Long enough after what was written for clocks of file systems. */
let later: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-facts-"));
  file = join(folder, "file");
  writeFileSync(file, "first");
  later = Date.now() + 60_000;
  vi.useFakeTimers({ toFake: ["Date"], now: later });
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** How often the file is read to answer once, with facts of a process of its own. */
function readings(): number {
  let count = 0;
  const found = new FileFacts(folder).of(
    "fact",
    () => [file],
    () => `found ${++count}`,
  );
  expect(found).toMatch(/^found/);
  return count;
}

describe("facts about files", () => {
  it("are found once, as long as the file stays as it is", () => {
    expect([readings(), readings(), readings()]).toEqual([1, 0, 0]);
  });

  it("are found again where the content changed, whatever its length and its time of writing", async () => {
    expect(readings()).toBe(1);
    await setTimeout(20);
    utimesSync(file, 1, 1);
    expect([readings(), readings()]).toEqual([1, 0]);
    await setTimeout(20);
    writeFileSync(file, "other");
    utimesSync(file, 1, 1);
    expect([readings(), readings()]).toEqual([1, 0]);
  });

  it("are found again where another file took the place, or it is gone", async () => {
    expect(readings()).toBe(1);
    await setTimeout(20);
    writeFileSync(join(folder, "new"), "first");
    renameSync(join(folder, "new"), file);
    expect([readings(), readings()]).toEqual([1, 0]);
    rmSync(file);
    expect([readings(), readings()]).toEqual([1, 1]);
  });

  it("of a file that was written just now are not trusted yet", () => {
    vi.setSystemTime(Date.now() - 60_000);
    expect([readings(), readings()]).toEqual([1, 1]);
  });

  it("survive damage, and a folder that cannot be written to", () => {
    writeFileSync(join(folder, "facts.json"), "{");
    expect([readings(), readings()]).toEqual([1, 0]);
    writeFileSync(join(folder, "facts.json"), '{"fact": {"states": {}, "value": "found 7"}}');
    expect([readings(), readings()]).toEqual([1, 0]);
    const nowhere = new FileFacts(file);
    const find = (): string =>
      nowhere.of(
        "fact",
        () => [file],
        () => "found",
      );
    expect([find(), find()]).toEqual(["found", "found"]);
  });
});

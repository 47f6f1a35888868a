import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Progress } from "../../src/cli/status.js";

const wasTerminal = process.stderr.isTTY;
let written: string[];

beforeEach(() => {
  written = [];
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv("TERM", "xterm");
  process.stderr.isTTY = true;
});
afterEach(() => {
  process.stderr.isTTY = wasTerminal;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("Progress", () => {
  it("says how long the others will take, once it can know", () => {
    const progress = new Progress({}, 12, "recordings");
    vi.advanceTimersByTime(1000);
    progress.advance("a.wav");
    expect(written.at(-1)).toBe("\r\u001b[K1 of 12 recordings · a.wav");
    vi.advanceTimersByTime(3000);
    progress.advance("b.wav");
    expect(written.at(-1)).toBe("\r\u001b[K2 of 12 recordings · 20 s left · b.wav");
  });

  it("writes into a log now and then only, and nothing with --quiet", () => {
    process.stderr.isTTY = false;
    const progress = new Progress({}, 3, "recordings");
    const quiet = new Progress({ quiet: true }, 3, "recordings");
    for (const name of ["a", "b", "c"]) {
      vi.advanceTimersByTime(6000);
      progress.advance(name);
      quiet.advance(name);
    }
    progress.end();
    quiet.end();
    expect(written).toEqual(["2 of 3 recordings · 6 s left\n"]);
  });
});

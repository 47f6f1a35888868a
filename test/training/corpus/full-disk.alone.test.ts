import type * as fs from "node:fs";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { openCorpus } from "../../../src/training/corpus/corpus.js";
import { CacheSpaceError } from "../../../src/training/corpus/prepare-corpus.js";
import { writeCorpus } from "../../support/corpus-files.js";

/** Bytes that the disk still takes of the samples and mels. */
const disk = vi.hoisted(() => ({ free: Infinity }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const writeSync = (file: number, bytes: Uint8Array, from: number, count: number, at: number): number => {
    if (disk.free <= 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    const written = real.writeSync(file, bytes, from, Math.min(count, disk.free), at);
    disk.free -= written;
    return written;
  };
  return { ...real, writeSync };
});

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vocode-full-"));
  writeCorpus(join(root, "wavs"), 5);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("a full disk while a corpus is prepared", () => {
  it("is said, with what is missing, and what was prepared is kept", async () => {
    const [folder, cacheFolder] = [join(root, "wavs"), join(root, "cache")];
    const options = { folder, cacheFolder, format: findPreset("hifigan-22k-80"), speeds: [1] };
    disk.free = 150_000;
    const error: unknown = await openCorpus(options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CacheSpaceError);
    expect(error).toMatchObject({ done: 2, total: 5, exitCode: 2 });
    expect((error as Error).message).toMatch(/2 of 5 recordings .*about 1 MB more/);
    disk.free = Infinity;
    let prepared = 0;
    const corpus = await openCorpus({ ...options, onProgress: () => prepared++ });
    expect([prepared, corpus.utterances.length]).toEqual([3, 5]);
    corpus.close();
    // the first run's and the second's
    const [inner] = readdirSync(cacheFolder);
    expect(readdirSync(join(cacheFolder, inner)).filter((name) => name.endsWith(".mels"))).toHaveLength(2);
  });
});

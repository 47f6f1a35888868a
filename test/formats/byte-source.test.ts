// Bytes at any place of a file or an array, and what is said where there are none.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FileError } from "../../src/errors.js";
import { byteSource, type ByteSource } from "../../src/formats/bytes.js";
import { openByteSource } from "../../src/host/node/read-files.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-bytes-"));
const path = join(folder, "bytes");
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
writeFileSync(path, bytes);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each<[string, () => Promise<ByteSource>]>([
  ["a file", () => openByteSource(path)],
  ["an array", () => Promise.resolve(byteSource(bytes))],
])("the bytes of %s", (_, open) => {
  it("are read at any place, up to the end", async () => {
    const source = await open();
    expect(source.length).toBe(1000);
    const ranges = [
      [0, 10],
      [500, 300],
      [990, 50],
      [1000, 1],
      [2 ** 40, 8],
    ];
    for (const [at, count] of ranges)
      expect([...(await source.read(at, count))]).toEqual([...bytes.subarray(at, at + count)]);
    await source.close();
  });
});

describe("openByteSource", () => {
  it("says of a missing file and of a folder what they are", async () => {
    await expect(openByteSource(join(folder, "missing"))).rejects.toThrow(/does not exist/);
    await expect(openByteSource(folder)).rejects.toBeInstanceOf(FileError);
  });

  it("notices that the file became shorter", async () => {
    const shrinking = join(folder, "shrinking");
    writeFileSync(shrinking, bytes);
    const source = await openByteSource(shrinking);
    truncateSync(shrinking, 100);
    await expect(source.read(50, 100)).rejects.toThrow(/became shorter while it was read/);
    await source.close();
  });

  it.skipIf(process.platform === "win32")("takes a pipe into memory", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    // a pipe opens only once both ends are there
    const [source] = await Promise.all([openByteSource(pipe), writeFile(pipe, bytes)]);
    expect([...(await source.read(700, 3))]).toEqual([...bytes.subarray(700, 703)]);
  });
});

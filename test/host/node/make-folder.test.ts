import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileError } from "../../../src/errors.js";
import { isFolder } from "../../../src/host/node/read-files.js";
import { makeFolder } from "../../../src/host/node/write-files.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-folder-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("makeFolder", () => {
  it("makes those above it too, and is content where it is there already", async () => {
    const path = join(folder, "a", "b", "c");
    await Promise.all([makeFolder(path), makeFolder(join(folder, "a", "b", "d"))]);
    await makeFolder(path);
    expect(await isFolder(path)).toBe(true);
  });

  it("says that a file is in the way", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await expect(makeFolder(file)).rejects.toThrow("is a file, and a folder was expected");
    await expect(makeFolder(join(file, "below"))).rejects.toThrow("lies below something that is a file");
    await symlink(join(folder, "nowhere"), join(folder, "link"));
    await expect(makeFolder(join(folder, "link"))).rejects.toThrow(FileError);
  });

  it.runIf(process.platform === "linux")("ends where the file system takes no folders", async () => {
    await expect(makeFolder("/proc/vocode/mels")).rejects.toThrow(
      /^The folder '\/proc\/vocode\/mels' could not be made: its file system takes no new|permission denied/,
    );
  });
});

// The recordings in a folder.
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findRecordings, NoRecordingsError } from "../../../src/host/node/read-files.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-find-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function files(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), "");
  }
}

describe("findRecordings", () => {
  it("finds WAV and FLAC files at every depth, in alphabetical order", async () => {
    await files("b.wav", "a/z.FLAC", "a/deep/er/x.wave", "notes.txt", "a/mel.npy", "c.Wav");
    const expected = ["a/deep/er/x.wave", "a/z.FLAC", "b.wav", "c.Wav"].map((path) =>
      join(...path.split("/")),
    );
    expect(await findRecordings(folder)).toEqual(expected);
  });

  it("says of a file that it is none of a folder, and of a place below one that it lies there", async () => {
    await files("a.wav");
    await expect(findRecordings(join(folder, "a.wav"))).rejects.toThrow(
      "is a file, and a folder was expected",
    );
    await expect(findRecordings(join(folder, "a.wav", "b"))).rejects.toThrow(
      "lies below something that is a file",
    );
  });

  it("follows linked files, not linked folders, and passes over hidden ones", async () => {
    await files("real/a.wav", "real/._a.wav", ".trash/a.wav");
    await symlink(join(folder, "real", "a.wav"), join(folder, "link.wav"));
    await symlink(join(folder, "real"), join(folder, "folder.wav"));
    await symlink(join(folder, "nowhere"), join(folder, "broken.wav"));
    expect(await findRecordings(folder)).toEqual(["broken.wav", "link.wav", join("real", "a.wav")]);
  });

  it("says so where there are none, or no folder", async () => {
    await files("notes.txt");
    await expect(findRecordings(folder)).rejects.toThrow(NoRecordingsError);
    await expect(findRecordings(folder)).rejects.toThrow("holds no recordings");
    await expect(findRecordings(join(folder, "missing"))).rejects.toThrow("does not exist");
    await expect(findRecordings(join(folder, "notes.txt"))).rejects.toThrow("is a file");
  });

  // the superuser may read everything
  it.skipIf(process.getuid?.() === 0)("names the folder further down that may not be read", async () => {
    await files("a.wav", "closed/b.wav");
    await chmod(join(folder, "closed"), 0);
    await expect(findRecordings(folder)).rejects.toThrow(/closed' may not be accessed: permission denied/);
    await chmod(join(folder, "closed"), 0o755);
  });
});

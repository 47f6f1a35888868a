import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  removeUnfinishedFiles,
  requireTarget,
  streamAtomically,
  writeAtomically,
} from "../../../src/host/node/write-files.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-write-"));
  await writeFile(join(folder, "old"), "old");
  await mkdir(join(folder, "below"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("writeAtomically", () => {
  it("replaces a file and leaves nothing else", async () => {
    await writeAtomically(join(folder, "old"), "new");
    expect(await readFile(join(folder, "old"), "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["below", "old"]);
  });

  it("keeps the old file where the content cannot be made", async () => {
    const failing = streamAtomically(join(folder, "old"), async (file) => {
      await file.writeFile("half");
      throw new Error("no more");
    });
    await expect(failing).rejects.toThrow("no more");
    expect(await readFile(join(folder, "old"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["below", "old"]);
  });

  it("replaces the file that a link leads to, and keeps the link", async () => {
    await symlink("old", join(folder, "link"));
    await writeAtomically(join(folder, "link"), "new");
    expect(await readFile(join(folder, "old"), "utf8")).toBe("new");
    expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
  });

  it("leaves nothing of what a signal interrupts", async () => {
    await streamAtomically(join(folder, "old"), async () => {
      expect(await readdir(folder)).toHaveLength(3);
      removeUnfinishedFiles();
      expect(await readdir(folder)).toEqual(["below", "old"]);
    }).catch(() => undefined);
  });
});

describe.each([
  ["requireTarget", requireTarget],
  ["writeAtomically", (path: string) => writeAtomically(path, "")],
])("%s", (_, write) => {
  it.each([
    ["nowhere/new", /^There is no folder '[^']*nowhere' to write '[^']*new' into. Make it first.$/],
    ["old/new", /^'[^']*old' is a file, and no folder to write '[^']*new' into.$/],
    ["below", /^'[^']*below' is a folder, and a file was expected./],
  ])("refuses %s and says what is wrong with the folder", async (path, message) => {
    await expect(write(join(folder, path))).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(["below", "old"]);
  });

  // a pipe made here stands for /dev/null, which the superuser would replace for everybody
  it.runIf(process.platform === "linux")("refuses a device or a pipe and leaves it as it is", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(write(pipe)).rejects.toThrow(
      /^'[^']*pipe' is a device or a pipe, and a file was expected\. Name a file/,
    );
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(["below", "old", "pipe"]);
  });

  // the superuser may write everywhere
  it.skipIf(process.getuid?.() === 0)("refuses a folder that may not be written to", async () => {
    await chmod(join(folder, "below"), 0o555);
    await expect(write(join(folder, "below", "new"))).rejects.toThrow(
      /^The folder '[^']*below' may not be written to: permission denied\. Choose another one for '[^']*new'\.$/,
    );
  });
});

it.runIf(process.platform === "linux")(
  "a file system that takes no files is named as the fault",
  async () => {
    // only the superuser gets as far as being told that /proc holds no files of ours
    await expect(writeAtomically("/proc/vocode.mel", "")).rejects.toThrow(
      process.getuid?.() === 0 ? "its file system takes no new files" : "'/proc' may not be written to",
    );
  },
);

// Which files belong together by their names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AmbiguousNameError, namedClips, NoPairsError, pairClips } from "../../src/evaluation/clip-files.js";
import { NoRecordingsError } from "../../src/host/node/read-files.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-pairs-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function touch(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
}

describe("pairClips", () => {
  const pair = (): ReturnType<typeof pairClips> => pairClips(join(folder, "ref"), join(folder, "syn"));

  it("pairs files of the same name, whatever their endings and folders, and names the others", async () => {
    touch(
      "ref/b.wav",
      "ref/deep/a.flac",
      "ref/c.wav",
      "syn/a.wav",
      "syn/sub/b.wav",
      "syn/d.wav",
      "syn/e.txt",
    );
    const { pairs, onlyReference, onlySynthesis } = await pair();
    expect(pairs).toEqual([
      { name: "b", reference: join(folder, "ref/b.wav"), synthesis: join(folder, "syn/sub/b.wav") },
      { name: "a", reference: join(folder, "ref/deep/a.flac"), synthesis: join(folder, "syn/a.wav") },
    ]);
    expect({ onlyReference, onlySynthesis }).toEqual({ onlyReference: ["c"], onlySynthesis: ["d"] });
  });

  it("tells files of one name apart by their folders", async () => {
    touch("ref/x/1.wav", "ref/y/1.wav", "syn/x/1.flac", "syn/y/1.flac");
    const { pairs } = await pair();
    expect(pairs.map(({ name, synthesis }) => [name, synthesis])).toEqual([
      ["x/1", join(folder, "syn/x/1.flac")],
      ["y/1", join(folder, "syn/y/1.flac")],
    ]);
  });

  it("refuses two files that differ in their endings only", async () => {
    touch("ref/a.wav", "syn/a.wav", "syn/a.flac");
    await expect(pair()).rejects.toThrow(AmbiguousNameError);
  });

  it("says what the folders hold where nothing fits", async () => {
    touch("ref/a.wav", "syn/a-generated.wav");
    await expect(pair()).rejects.toThrow(NoPairsError);
    await expect(pair()).rejects.toThrow(/'a-generated.wav' and 'a.wav'/);
    rmSync(join(folder, "syn/a-generated.wav"));
    await expect(pair()).rejects.toThrow(NoRecordingsError);
  });

  it("takes two files as a pair, but no file and folder", async () => {
    touch("ref/a.wav", "other.flac");
    const [a, b] = [join(folder, "ref/a.wav"), join(folder, "other.flac")];
    expect((await pairClips(a, b)).pairs).toEqual([{ name: "a", reference: a, synthesis: b }]);
    await expect(pairClips(join(folder, "ref"), b)).rejects.toThrow(/two folders, or two files/);
  });
});

describe("namedClips", () => {
  it("names the recordings of a folder by their paths, and a file by itself", async () => {
    touch("ref/deep/a.flac", "ref/b.wav");
    expect((await namedClips(join(folder, "ref"))).map(({ name }) => name)).toEqual(["b", "deep/a"]);
    const path = join(folder, "ref/b.wav");
    expect(await namedClips(path)).toEqual([{ name: "b", path }]);
  });
});

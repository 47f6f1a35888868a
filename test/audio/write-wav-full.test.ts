// A file system that takes a part of a piece and no more, as a full disk does: a limit on the size of files gives the same
// short write. The built package in a process of its own, which has the limit.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const module = new URL("../../dist/host/node/recordings.js", import.meta.url).href;
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes so many samples where files end at 64 or 128 KB, by the shell; returns what became of it. */
function writeLimited(samples: number): Promise<string> {
  const script = `import { writeWav } from "${module}";
    const wav = await writeWav("speech.wav", [new Float32Array(${samples})], 22050).catch((error) => error);
    console.log(wav.code ?? wav.samples);`;
  const command = `ulimit -f 128; exec "${process.execPath}" --input-type=module -e '${script}'`;
  return new Promise((resolve) => {
    execFile("sh", ["-c", command], { cwd: folder }, (_, stdout) => {
      resolve(stdout.trim());
    });
  });
}

describe.skipIf(process.platform === "win32")("a WAV file on a full disk", () => {
  it("is written where it fits, and else refused without a trace, even if only its last piece is too long", async () => {
    expect(await writeLimited(20_000)).toBe("20000");
    rmSync(join(folder, "speech.wav"));
    expect(await writeLimited(100_000)).toBe("EFBIG");
    expect(readdirSync(folder)).toEqual([]);
  });
});

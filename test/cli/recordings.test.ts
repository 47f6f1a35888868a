// What every command does with recordings that are strange: the same words, the file's name, and nothing half-written.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { audioFixture } from "../support/audio-fixtures.js";
import { flacBytes } from "../support/flac-bytes.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";
import { wavBytes } from "../support/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-recordings-"));
const checkpoint = join(folder, "checkpoint");
const fast = ["--checkpoint", checkpoint, "--steps", "1", "--refine", "1"];
const tone = Array.from({ length: 22050 }, (_, n) => Math.round(9000 * Math.sin(n / 9)));

beforeAll(async () => {
  await saveCheckpoint(checkpoint, randomCheckpoint(), "random");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Stereo whose left channel is cut off at full scale for much of the time. */
function clipped(): Uint8Array {
  const loud = tone.map((value) => Math.max(-32768, Math.min(32767, 6 * value)));
  const data = new Uint8Array(Int16Array.from(loud.flatMap((value, n) => [value, tone[n]])).buffer);
  return wavBytes({ channels: 2, data });
}

describe("a recording that is not read", () => {
  it.each([
    [
      "phone.wav",
      "\0\0\0\x1cftypM4A \0\0\0\0",
      "It is MPEG-4/AAC, which vocode does not read. Convert it: ffmpeg -i ",
    ],
    [
      "talk.mp3",
      "ID3\x04\0\0\0\0\0\x20and so on",
      "It is MP3, which vocode does not read. Convert it: ffmpeg -i ",
    ],
    ["pointer.flac", "version https://git-lfs.github.com/spec/v1\n", "It is a Git LFS pointer"],
    ["page.wav", "<!DOCTYPE html>", "It is a web page (HTML)"],
    ["empty.wav", "", "It is empty: it has 0 bytes."],
  ])("is refused in the same words by every command: %s", async (name, content, words) => {
    const path = file(name, content);
    const out = join(folder, "refused");
    for (const args of [
      ["info", path],
      ["mel", path, `${out}.mel`],
      ["pitch", path],
      ["compare", path, audioFixture("speech.wav")],
      [path, `${out}.wav`, ...fast],
    ]) {
      const { code, stdout, stderr } = await runCli(args);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr, args[0]).toContain(`'${path}' cannot be used as a recording. ${words}`);
      expect(stderr).not.toContain("    at ");
    }
    expect([".mel", ".wav"].some((ending) => existsSync(out + ending))).toBe(false);
  });
});

describe("sound of other formats in a folder", () => {
  it("is counted and named by what takes the folder's recordings", async () => {
    const wavs = join(folder, "wavs");
    mkdirSync(wavs);
    copyFileSync(audioFixture("speech.wav"), join(wavs, "1.wav"));
    writeFileSync(join(wavs, "2.mp3"), "ID3");
    writeFileSync(join(wavs, "3.M4A"), "ftyp");
    writeFileSync(join(wavs, "notes.txt"), "");
    for (const args of [
      ["mel", wavs, join(folder, "mels")],
      ["corpus", wavs],
      [wavs, join(folder, "speech"), ...fast],
    ]) {
      const { code, stderr } = await runCli(args);
      expect(code).toBe(0);
      expect(stderr).toContain(
        `${wavs}: 2 files of other formats (m4a, mp3) are passed over. Convert them: for f in`,
      );
    }
  });

  it("is named where there is nothing else", async () => {
    const others = join(folder, "others");
    mkdirSync(others);
    writeFileSync(join(others, "a.ogg"), "OggS");
    const { code, stderr } = await runCli(["mel", others, join(folder, "none")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /holds no recordings: .* 1 file of another format \(ogg\) is passed over\. Convert/,
    );
  });
});

describe("a recording with more than 1 % of clipped samples", () => {
  const warning =
    /\d+ samples \(\d+ %\) are cut off at full scale in the left channel: the recording is clipped/;

  it("is warned of where it is analysed or synthesised", async () => {
    const path = file("loud.wav", clipped());
    for (const args of [
      ["mel", path, join(folder, "loud.mel")],
      [path, join(folder, "loud-copy.wav"), ...fast],
    ]) {
      const { code, stderr } = await runCli(args);
      expect(code).toBe(0);
      expect(stderr).toMatch(warning);
    }
  });

  it("is named in a folder", async () => {
    const many = join(folder, "many");
    mkdirSync(many);
    writeFileSync(join(many, "bad.wav"), clipped());
    copyFileSync(audioFixture("speech.wav"), join(many, "good.wav"));
    for (const args of [
      ["mel", many, join(folder, "many-mels")],
      [many, join(folder, "many-copies"), ...fast],
    ]) {
      const { code, stderr } = await runCli(args);
      expect(code).toBe(0);
      expect(stderr).toMatch(new RegExp(`bad\\.wav'?: ${warning.source}`));
      expect(stderr).not.toMatch(/good\.wav'?: .*clipped/);
    }
  });
});

describe("what only reading a whole recording tells", () => {
  it("is said of it when it was synthesised", async () => {
    const path = file("more.flac", flacBytes([tone], { promised: 5000, blocks: [9000, 9000] }));
    const { code, stderr } = await runCli([path, join(folder, "more.wav"), ...fast]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "The header promises 5000 samples, and the frames hold 22050: all of them were read.",
    );
  });
});

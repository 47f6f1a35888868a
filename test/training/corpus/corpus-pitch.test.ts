// The pitch of recordings in a corpus's cache: of tones, whose pitch is known.
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCorpus as openBuilt } from "../../../dist/training/corpus/corpus.js";
import type { Corpus, CorpusOptions } from "../../../src/training/corpus/corpus.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";
import { corpusFormat as format, CorpusFolders } from "../../support/corpus-folders.js";

let folders: CorpusFolders;
beforeEach(() => {
  folders = new CorpusFolders();
});
afterEach(() => {
  folders.remove();
});

/** Recordings whose pitch was found. */
async function found(options: Partial<CorpusOptions> = {}): Promise<number> {
  let calls = 0;
  await folders.open({ pitch: true, ...options, onPitchProgress: () => calls++ });
  return calls;
}

function files(): string[] {
  const folder = folders.inner();
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Hz of each frame, and the voicing of the lowest band. */
function pitchOf(corpus: Corpus, name: string, speed: number): { hertz: number[]; voicing: number[] } {
  const utterance = corpus.utterances.find((one) => one.name === name && one.speed === speed)!;
  // not at the start, so that a wrong offset shows
  const target = new Float32Array(utterance.frames * 6 + 2).fill(-9);
  corpus.readPitch(utterance, 0, utterance.frames, target, 1);
  expect([target[0], target[target.length - 1]]).toEqual([-9, -9]);
  const column = (which: number): number[] =>
    Array.from({ length: utterance.frames }, (_, frame) => target[1 + frame * 6 + which]);
  return { hertz: column(0), voicing: column(1) };
}

describe("a corpus's pitch", () => {
  it("is that of its recordings, and moves with the speed of their copies", async () => {
    writeCorpus(folders.wavs, 3);
    const corpus = await folders.open({ speeds: [1, 0.8, 1.25], pitch: true });
    for (const { name, speed, frames } of corpus.utterances) {
      const seed = Number(name[1]);
      const expected = (speed * (0.05 + 0.013 * seed) * format.sampleRate) / (2 * Math.PI);
      const { hertz, voicing } = pitchOf(corpus, name, speed);
      for (const value of hertz.slice(5, frames - 5)) expect(value / expected).toBeCloseTo(1, 2);
      for (const value of voicing.slice(5, frames - 5)) expect(value).toBeGreaterThan(0.95);
    }
  });

  it("follows a copy's course in time", async () => {
    const low = tone(30_000, 0);
    const high = tone(30_000, 6);
    const rising = low.map((value, n) => (n < 15_000 ? value : high[n]));
    writeTone(join(folders.wavs, "a.wav"), rising);
    writeTone(join(folders.wavs, "b.wav"), low);
    const heldOutList = join(folders.root, "dev.txt");
    writeFileSync(heldOutList, "b.wav");
    const corpus = await folders.open({ speeds: [1, 0.8], pitch: true, heldOutList });
    const name = "a.wav";
    const jump = (hertz: number[]): number => hertz.findLastIndex((value) => value > 0 && value < 230) + 1;
    const natural = jump(pitchOf(corpus, name, 1).hertz);
    expect(Math.abs(natural - 15_000 / 256)).toBeLessThan(3);
    expect(Math.abs(jump(pitchOf(corpus, name, 0.8).hertz) - natural / 0.8)).toBeLessThan(2);
  });

  it("is added to a cache that lacks it, which stays as it was, and is found once", async () => {
    writeCorpus(folders.wavs, 4);
    await folders.open();
    const before = files().map((path) => [path, readFileSync(path)] as const);
    expect(await found()).toBe(4);
    for (const [path, bytes] of before) expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(await found()).toBe(0);
    writeTone(join(folders.wavs, "new.wav"), tone(20_000));
    expect(await found()).toBe(1);
  });

  it("is found again where its file was cut off", async () => {
    writeCorpus(folders.wavs, 4);
    await folders.open({ pitch: true });
    const path = files().find((name) => name.endsWith(".pitch"))!;
    truncateSync(path, Math.floor(statSync(path).size / 2));
    expect(await found()).toBeGreaterThan(0);
    expect(await found()).toBe(0);
  });

  it("comes out the same from several threads", async () => {
    const count = 26;
    for (let i = 0; i < count; i++) writeTone(join(folders.wavs, `s${i}.wav`), tone(17_000, i % 9));
    const corpus = await folders.open({ pitch: true });
    const built = await openBuilt({
      folder: folders.wavs,
      cacheFolder: join(folders.root, "other"),
      format,
      speeds: [1],
      pitch: true,
    });
    folders.opened.push(built as unknown as Corpus);
    for (const { name } of corpus.utterances)
      expect(pitchOf(built as unknown as Corpus, name, 1)).toEqual(pitchOf(corpus, name, 1));
  });
});

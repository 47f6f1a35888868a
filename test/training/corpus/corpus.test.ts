// Which recordings a corpus takes, which it holds out, and as what.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { computeMel } from "../../../src/mel/analysis.js";
import { readRecording } from "../../../src/host/node/recordings.js";
import { InputError } from "../../../src/errors.js";
import type { Corpus } from "../../../src/training/corpus/corpus.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";
import { CorpusFolders, corpusFormat as format, melOf, samplesOf } from "../../support/corpus-folders.js";

let folders: CorpusFolders;
beforeEach(() => {
  folders = new CorpusFolders();
});
afterEach(() => {
  folders.remove();
});

function names(corpus: Corpus, heldOut: boolean): string[] {
  return corpus.utterances.filter((one) => one.heldOut === heldOut).map(({ name }) => name);
}

describe("openCorpus", () => {
  it("takes whole frames of every recording, in nested folders too", async () => {
    writeCorpus(folders.wavs, 2);
    writeTone(join(folders.wavs, "b/c/deep.WAV"), tone(30_000));
    const { utterances, problems } = await folders.open();
    expect(utterances.map(({ name, frames }) => [name, frames])).toEqual([
      ["b/c/deep.WAV", 117],
      ["s0.wav", 78],
      ["s1.wav", 82],
    ]);
    expect(problems).toEqual([]);
  });

  it("names what is broken, silent, clipped or short, and leaves it out", async () => {
    writeCorpus(folders.wavs, 2);
    writeFileSync(join(folders.wavs, "broken.wav"), "RIFF, but nothing more");
    writeTone(
      join(folders.wavs, "clipped.wav"),
      tone(20_000).map((value) => (value > 9000 ? 32767 : value)),
    );
    writeTone(join(folders.wavs, "empty.wav"), new Int16Array(20_000));
    writeTone(join(folders.wavs, "faint.wav"), tone(20_000, 0, 0.0005));
    writeTone(join(folders.wavs, "short.wav"), tone(64 * 256 - 1));
    writeTone(join(folders.wavs, "t.wav"), tone(64 * 256));
    const { utterances, problems } = await folders.open();
    expect(utterances.map(({ name }) => name)).toEqual(["s0.wav", "s1.wav", "t.wav"]);
    const reasons = Object.fromEntries(problems.map(({ name, reason }) => [name, reason]));
    expect(Object.keys(reasons)).toEqual([
      "broken.wav",
      "clipped.wav",
      "empty.wav",
      "faint.wav",
      "short.wav",
    ]);
    expect(reasons["broken.wav"]).toContain("'broken.wav' cannot be used");
    expect(reasons["clipped.wav"]).toMatch(/clipped: \d+(\.\d+)? %/);
    expect(reasons["empty.wav"]).toContain("digital silence");
    expect(reasons["faint.wav"]).toContain("-66 dBFS");
    expect(reasons["short.wav"]).toContain("too short: 0.74 s");
    // nothing in the cache says where the recordings are
    expect(readFileSync(join(folders.inner(), "index.json"), "utf8")).not.toContain(folders.root);
  });

  it("takes only listed recordings, and names the listed ones that are not there", async () => {
    writeCorpus(folders.wavs, 4);
    const fileList = folders.list("files.txt", "# a remark", "s3.wav|with its text", "./s1", "", "gone.wav");
    const { utterances, problems } = await folders.open({ fileList });
    expect(utterances.map(({ name }) => name)).toEqual(["s1.wav", "s3.wav"]);
    expect(problems).toEqual([{ name: "gone.wav", reason: "It is listed, but not in the folder." }]);
    await expect(folders.open({ fileList: folders.list("none.txt", "a.wav", "b.wav") })).rejects.toThrow(
      "None of the 2 names",
    );
  });

  it("holds out what a list names, with or without folder and ending", async () => {
    writeCorpus(folders.wavs, 5);
    writeTone(join(folders.wavs, "a/s1.wav"), tone(20_000));
    writeTone(join(folders.wavs, "b/s1.wav"), tone(20_000));
    const heldOutList = folders.list("dev.txt", "s4", "wavs/s0.flac", "a/s1.wav", "other/s2.wav");
    const corpus = await folders.open({ heldOutList, speeds: [1, 1.25] });
    expect(names(corpus, true)).toEqual(["a/s1.wav", "s0.wav", "s4.wav"]);
    expect(corpus.utterances.filter(({ heldOut, speed }) => heldOut && speed !== 1)).toEqual([]);
    await expect(folders.open({ heldOutList: folders.list("no.txt", "x") })).rejects.toThrow(
      "nothing would be held out",
    );
  });

  it("holds out by name otherwise: the same when recordings are added", async () => {
    writeCorpus(folders.wavs, 12);
    const before = await folders.open({ heldOutShare: 0.3 });
    const heldOut = names(before, true);
    expect(heldOut.length).toBeGreaterThan(0);
    expect(heldOut.length).toBeLessThan(12);
    for (let i = 12; i < 20; i++) writeTone(join(folders.wavs, `s${i}.wav`), tone(17_000, i));
    const after = await folders.open({ heldOutShare: 0.3 });
    expect(names(after, true).filter((name) => before.utterances.some((one) => one.name === name))).toEqual(
      heldOut,
    );
  });

  it("holds out one recording at least, and needs another to train on", async () => {
    writeCorpus(folders.wavs, 2);
    const corpus = await folders.open({ heldOutShare: 1e-9 });
    expect([names(corpus, true).length, names(corpus, false).length]).toEqual([1, 1]);
    rmSync(join(folders.wavs, "s1.wav"));
    await expect(folders.open()).rejects.toThrow("at least two are needed");
    writeFileSync(join(folders.wavs, "s0.wav"), "no sound");
    await expect(folders.open()).rejects.toThrow(/can be trained on\.\n {2}s0\.wav: /);
  });

  it("divides a single long recording by time, all but its end to train on", async () => {
    writeTone(join(folders.wavs, "only.wav"), tone(256 * 1000));
    const corpus = await folders.open({ speeds: [1, 1.25, 0.8], pitch: true });
    expect(corpus.utterances).toEqual([
      { name: "only.wav", speed: 1, heldOut: false, frames: 884 },
      { name: "only.wav", speed: 1.25, heldOut: false, frames: 707 },
      { name: "only.wav", speed: 0.8, heldOut: false, frames: 1105 },
      { name: "only.wav (its end)", speed: 1, heldOut: true, frames: 100 },
    ]);
    const whole = await folders.scaled("only.wav");
    const [trained, , , end] = corpus.utterances;
    expect(samplesOf(corpus, trained, 0, 884 * 256)).toEqual(whole.slice(0, 884 * 256));
    expect(samplesOf(corpus, end, 0, 100 * 256)).toEqual(whole.slice(900 * 256));
    // the mel of the whole, and not of a part that ends there
    const { values } = computeMel(whole, format);
    expect(melOf(corpus, end, 3, 50)).toEqual(values.slice(903 * 80, 953 * 80));
    const pitch = new Float32Array(6 * 5);
    corpus.readPitch(end, 20, 5, pitch, 0);
    expect(pitch.every(Number.isFinite)).toBe(true);
    // the same cache, and more recordings: nothing is divided any more
    writeTone(join(folders.wavs, "other.wav"), tone(30_000, 3));
    expect((await folders.open()).utterances.map(({ name }) => name).sort()).toEqual([
      "only.wav",
      "other.wav",
    ]);
  });

  it("remarks names of a held-out list that there are not", async () => {
    writeCorpus(folders.wavs, 4);
    const heldOutList = folders.list("dev.txt", "s1.wav", "not-there.wav", "nor/this");
    expect((await folders.open({ heldOutList })).remarks).toEqual([
      `2 of the 3 names in '${heldOutList}' are no recordings here, so they are not held out: 'not-there', 'nor/this'.`,
    ]);
    // not those of recordings that another list leaves out
    const fileList = folders.list("files.txt", "s1.wav", "s2.wav");
    const both = folders.list("dev.txt", "s1.wav", "s3.wav");
    expect((await folders.open({ heldOutList: both, fileList })).remarks).toEqual([]);
  });

  it("remarks the same audio under two names, at another level too, and where one of them is held out", async () => {
    writeTone(join(folders.wavs, "a.wav"), tone(30_000, 1));
    writeTone(join(folders.wavs, "b.wav"), tone(30_000, 2));
    expect((await folders.open()).remarks).toEqual([]);
    writeTone(join(folders.wavs, "again.wav"), tone(30_000, 1));
    const heldOutList = folders.list("dev.txt", "b.wav");
    expect((await folders.open({ heldOutList })).remarks).toEqual([
      "The same audio is there more than once, and counts as often: 'a.wav' = 'again.wav'.",
    ]);
    expect((await folders.open({ heldOutList: folders.list("dev.txt", "a.wav") })).remarks[1]).toMatch(
      /^1 of it is trained on and held out too/,
    );
  });

  it("makes speed copies of the right length and pitch for training", async () => {
    writeCorpus(folders.wavs, 3);
    const speeds = [1, 0.8, 0.88, 1.14, 1.25];
    const corpus = await folders.open({ speeds, minimumFrames: 10 });
    const trained = corpus.utterances.filter(({ heldOut }) => !heldOut);
    expect(trained.map(({ speed }) => speed)).toEqual([...speeds, ...speeds]);
    const [{ name }] = trained;
    const { samples } = await readRecording(join(folders.wavs, name));
    const cycles = (values: Float32Array): number =>
      values.reduce((sum, value, n) => sum + (n > 0 && value >= 0 && values[n - 1] < 0 ? 1 : 0), 0) /
      values.length;
    for (const utterance of trained.slice(0, speeds.length)) {
      expect(utterance.frames).toBe(Math.floor(Math.round(samples.length / utterance.speed) / 256));
      const copy = samplesOf(corpus, utterance, 0, utterance.frames * 256);
      expect(cycles(copy) / cycles(samples)).toBeCloseTo(utterance.speed, 1);
      // the mel is that of the copy
      const mel = computeMel(copy, format).values;
      expect(melOf(corpus, utterance, 5, 3)).toEqual(mel.slice(5 * 80, 8 * 80));
    }
  });

  it("leaves out copies that would be too short for a crop", async () => {
    writeTone(join(folders.wavs, "a.wav"), tone(70 * 256));
    writeTone(join(folders.wavs, "b.wav"), tone(90 * 256));
    const { utterances } = await folders.open({
      speeds: [1, 1.25],
      heldOutList: folders.list("dev.txt", "b"),
    });
    expect(utterances.map(({ name, speed }) => [name, speed])).toEqual([
      ["a.wav", 1],
      ["b.wav", 1],
    ]);
  });

  it("resamples recordings of other rates", async () => {
    writeCorpus(folders.wavs, 1);
    writeTone(join(folders.wavs, "high.wav"), tone(48_000), 48_000);
    const { utterances } = await folders.open();
    expect(utterances.find(({ name }) => name === "high.wav")?.frames).toBe(Math.floor(22050 / 256));
  });

  it("shifts the samples by half a hop for formats whose frames are centred on its multiples", async () => {
    writeCorpus(folders.wavs, 2);
    const corpus = await folders.open({ format: findPreset("tacotron2-22k-80") });
    const [utterance] = corpus.utterances;
    expect(utterance.frames).toBe(78);
    const expected = await folders.scaled(utterance.name);
    expect(samplesOf(corpus, utterance, 0, 129).slice(0, 128)).toEqual(new Float32Array(128));
    expect(samplesOf(corpus, utterance, 128, 500)).toEqual(expected.slice(0, 500));
  });

  it("refuses speeds that make no sense", async () => {
    writeCorpus(folders.wavs, 2);
    for (const speeds of [[], [0.8], [1, 1], [1, 0], [1, NaN]])
      await expect(folders.open({ speeds })).rejects.toThrow(InputError);
  });
});

import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCorpus as openBuilt } from "../../../dist/training/corpus/corpus.js";
import { writeMel } from "../../../src/audio/mel-file/mel-file.js";
import { findPreset } from "../../../src/audio/mel-format/mel-presets.js";
import { computeMel } from "../../../src/audio/mel-analysis/mel.js";
import { readRecording } from "../../../src/audio/recording/read-recording.js";
import { InputError } from "../../../src/errors.js";
import {
  openCorpus,
  type Corpus,
  type CorpusOptions,
  type Utterance,
} from "../../../src/training/corpus/corpus.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";

const format = findPreset("hifigan-22k-80");
let root: string;
let wavs: string;
let cache: string;
const opened: Corpus[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vocode-corpus-"));
  [wavs, cache] = [join(root, "wavs"), join(root, "cache")];
});

afterEach(() => {
  for (const corpus of opened.splice(0)) corpus.close();
  rmSync(root, { recursive: true });
});

async function open(options: Partial<CorpusOptions> = {}): Promise<Corpus> {
  const corpus = await openCorpus({ folder: wavs, cacheFolder: cache, format, speeds: [1], ...options });
  opened.push(corpus);
  return corpus;
}

function list(name: string, ...lines: string[]): string {
  const path = join(root, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

function names(corpus: Corpus, heldOut: boolean): string[] {
  return corpus.utterances.filter((one) => one.heldOut === heldOut).map(({ name }) => name);
}

function samplesOf(
  corpus: Pick<Corpus, "readSamples">,
  utterance: Utterance,
  first: number,
  count: number,
): Float32Array {
  // not at the start, so that a wrong offset shows
  const target = new Float32Array(count + 3).fill(9);
  corpus.readSamples(utterance, first, count, target, 2);
  expect([target[0], target[1], target[count + 2]]).toEqual([9, 9, 9]);
  return target.slice(2, count + 2);
}

function melOf(
  corpus: Pick<Corpus, "readMel">,
  utterance: Utterance,
  first: number,
  count: number,
): Float32Array {
  const target = new Float32Array(count * 80 + 3).fill(9);
  corpus.readMel(utterance, first, count, target, 2);
  expect([target[0], target[1], target[count * 80 + 2]]).toEqual([9, 9, 9]);
  return target.slice(2, count * 80 + 2);
}

/** The recording scaled to a peak of 0.95, in steps of 16 bits. */
async function scaled(name: string): Promise<Float32Array> {
  const { samples } = await readRecording(join(wavs, name));
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return samples.map((sample) => Math.round((sample * 0.95 * 32768) / peak) / 32768);
}

/** The recordings that were decoded: what a cache does not hold. */
async function prepared(options: Partial<CorpusOptions> = {}): Promise<number> {
  let calls = 0;
  await open({ ...options, onProgress: () => calls++ });
  return calls;
}

/** The folder below the cache's, if there is one only. */
function inner(): string {
  const folders = readdirSync(cache);
  expect(folders).toHaveLength(1);
  return join(cache, folders[0]);
}

describe("openCorpus", () => {
  it("takes whole frames of every recording, in nested folders too", async () => {
    writeCorpus(wavs, 2);
    writeTone(join(wavs, "b/c/deep.WAV"), tone(30_000));
    const { utterances, problems } = await open();
    expect(utterances.map(({ name, frames }) => [name, frames])).toEqual([
      ["b/c/deep.WAV", 117],
      ["s0.wav", 78],
      ["s1.wav", 82],
    ]);
    expect(problems).toEqual([]);
  });

  it("names what is broken, silent, clipped or short, and leaves it out", async () => {
    writeCorpus(wavs, 2);
    writeFileSync(join(wavs, "broken.wav"), "RIFF, but nothing more");
    writeTone(
      join(wavs, "clipped.wav"),
      tone(20_000).map((value) => (value > 9000 ? 32767 : value)),
    );
    writeTone(join(wavs, "empty.wav"), new Int16Array(20_000));
    writeTone(join(wavs, "faint.wav"), tone(20_000, 0, 0.0005));
    writeTone(join(wavs, "short.wav"), tone(64 * 256 - 1));
    writeTone(join(wavs, "t.wav"), tone(64 * 256));
    const { utterances, problems } = await open();
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
    expect(readFileSync(join(inner(), "index.json"), "utf8")).not.toContain(root);
  });

  it("takes only listed recordings, and names the listed ones that are not there", async () => {
    writeCorpus(wavs, 4);
    const fileList = list("files.txt", "# a remark", "s3.wav|with its text", "./s1", "", "gone.wav");
    const { utterances, problems } = await open({ fileList });
    expect(utterances.map(({ name }) => name)).toEqual(["s1.wav", "s3.wav"]);
    expect(problems).toEqual([{ name: "gone.wav", reason: "It is listed, but not in the folder." }]);
    await expect(open({ fileList: list("none.txt", "a.wav", "b.wav") })).rejects.toThrow(
      "None of the 2 names",
    );
  });

  it("holds out what a list names, with or without folder and ending", async () => {
    writeCorpus(wavs, 5);
    writeTone(join(wavs, "a/s1.wav"), tone(20_000));
    writeTone(join(wavs, "b/s1.wav"), tone(20_000));
    const heldOutList = list("dev.txt", "s4", "wavs/s0.flac", "a/s1.wav", "other/s2.wav");
    const corpus = await open({ heldOutList, speeds: [1, 1.25] });
    expect(names(corpus, true)).toEqual(["a/s1.wav", "s0.wav", "s4.wav"]);
    expect(corpus.utterances.filter(({ heldOut, speed }) => heldOut && speed !== 1)).toEqual([]);
    await expect(open({ heldOutList: list("no.txt", "x") })).rejects.toThrow("nothing would be held out");
  });

  it("holds out by name otherwise: the same when recordings are added", async () => {
    writeCorpus(wavs, 12);
    const before = await open({ heldOutShare: 0.3 });
    const heldOut = names(before, true);
    expect(heldOut.length).toBeGreaterThan(0);
    expect(heldOut.length).toBeLessThan(12);
    for (let i = 12; i < 20; i++) writeTone(join(wavs, `s${i}.wav`), tone(17_000, i));
    const after = await open({ heldOutShare: 0.3 });
    expect(names(after, true).filter((name) => before.utterances.some((one) => one.name === name))).toEqual(
      heldOut,
    );
  });

  it("holds out one recording at least, and needs another to train on", async () => {
    writeCorpus(wavs, 2);
    const corpus = await open({ heldOutShare: 1e-9 });
    expect([names(corpus, true).length, names(corpus, false).length]).toEqual([1, 1]);
    rmSync(join(wavs, "s1.wav"));
    await expect(open()).rejects.toThrow("at least two are needed");
    writeFileSync(join(wavs, "s0.wav"), "no sound");
    await expect(open()).rejects.toThrow(/can be trained on\.\n {2}s0\.wav: /);
  });

  it("makes speed copies of the right length and pitch for training", async () => {
    writeCorpus(wavs, 3);
    const speeds = [1, 0.8, 0.88, 1.14, 1.25];
    const corpus = await open({ speeds, minimumFrames: 10 });
    const trained = corpus.utterances.filter(({ heldOut }) => !heldOut);
    expect(trained.map(({ speed }) => speed)).toEqual([...speeds, ...speeds]);
    const [{ name }] = trained;
    const { samples } = await readRecording(join(wavs, name));
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
    writeTone(join(wavs, "a.wav"), tone(70 * 256));
    writeTone(join(wavs, "b.wav"), tone(90 * 256));
    const { utterances } = await open({ speeds: [1, 1.25], heldOutList: list("dev.txt", "b") });
    expect(utterances.map(({ name, speed }) => [name, speed])).toEqual([
      ["a.wav", 1],
      ["b.wav", 1],
    ]);
  });

  it("resamples recordings of other rates", async () => {
    writeCorpus(wavs, 1);
    writeTone(join(wavs, "high.wav"), tone(48_000), 48_000);
    const { utterances } = await open();
    expect(utterances.find(({ name }) => name === "high.wav")?.frames).toBe(Math.floor(22050 / 256));
  });

  it("shifts the samples by half a hop for formats whose frames are centred on its multiples", async () => {
    writeCorpus(wavs, 2);
    const corpus = await open({ format: findPreset("tacotron2-22k-80") });
    const [utterance] = corpus.utterances;
    expect(utterance.frames).toBe(78);
    const expected = await scaled(utterance.name);
    expect(samplesOf(corpus, utterance, 0, 129).slice(0, 128)).toEqual(new Float32Array(128));
    expect(samplesOf(corpus, utterance, 128, 500)).toEqual(expected.slice(0, 500));
  });

  it("refuses speeds that make no sense", async () => {
    writeCorpus(wavs, 2);
    for (const speeds of [[], [0.8], [1, 1], [1, 0], [1, NaN]])
      await expect(open({ speeds })).rejects.toThrow(InputError);
  });
});

describe("crops", () => {
  it("are what decoding gives, scaled to one peak, with silence outside", async () => {
    writeCorpus(wavs, 3);
    const corpus = await open();
    for (const utterance of corpus.utterances) {
      const expected = await scaled(utterance.name);
      expect(expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeCloseTo(0.95, 4);
      const length = utterance.frames * 256;
      expect(samplesOf(corpus, utterance, 1000, 5000)).toEqual(expected.slice(1000, 6000));
      const before = samplesOf(corpus, utterance, -300, 1000);
      expect(before.slice(0, 300)).toEqual(new Float32Array(300));
      expect(before.slice(300)).toEqual(expected.slice(0, 700));
      const behind = samplesOf(corpus, utterance, length - 10, 50);
      expect(behind.slice(0, 10)).toEqual(expected.slice(length - 10, length));
      expect(behind.slice(10)).toEqual(new Float32Array(40));
      expect(samplesOf(corpus, utterance, length + 5, 20)).toEqual(new Float32Array(20));
    }
  });

  it("have the mel of the scaled samples, and the floor outside", async () => {
    writeCorpus(wavs, 2);
    const corpus = await open();
    const [utterance] = corpus.utterances;
    const mel = computeMel(await scaled(utterance.name), format).values;
    const floor = Math.fround(Math.log(1e-5));
    expect(melOf(corpus, utterance, 3, 20)).toEqual(mel.slice(3 * 80, 23 * 80));
    const ends = melOf(corpus, utterance, -2, utterance.frames + 4);
    expect(ends.slice(160, -160)).toEqual(mel);
    expect(new Set([...ends.slice(0, 160), ...ends.slice(-160)])).toEqual(new Set([floor]));
  });

  it("are natural logarithms whatever the format's are", async () => {
    writeCorpus(wavs, 2);
    const [natural, decibels] = [await open(), await open({ format: { ...format, log: "db" } })];
    expect(melOf(decibels, decibels.utterances[0], 0, 9)).toEqual(
      melOf(natural, natural.utterances[0], 0, 9),
    );
  });

  it("cannot be read of another corpus's utterances", async () => {
    writeCorpus(wavs, 2);
    const [one, other] = [await open(), await open()];
    expect(() => samplesOf(one, other.utterances[0], 0, 1)).toThrow("another corpus");
  });
});

describe("mels beside recordings", () => {
  async function writeMels(folder: string, frames: number): Promise<void> {
    const values = new Float32Array(frames * 80).fill(-3);
    values[7] = Math.log(1e-5);
    const nested = { frames, format, values };
    for (const name of ["s0", "s1"]) await writeMel(join(folder, `${name}.mel`), nested);
  }

  it("are used as they are, but for the gain of their recording", async () => {
    writeCorpus(wavs, 2);
    await writeMels(root, 80);
    const corpus = await open({ mels: root });
    const { samples } = await readRecording(join(wavs, "s0.wav"));
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const [utterance] = corpus.utterances;
    expect(utterance.frames).toBe(78);
    const mel = melOf(corpus, utterance, 0, 1);
    expect(mel[0]).toBeCloseTo(-3 + Math.log(0.95 / peak), 4);
    expect(mel[7]).toBeCloseTo(Math.log(1e-5), 5);
  });

  it("are refused where they do not fit or are not there", async () => {
    writeCorpus(wavs, 4);
    await writeMels(root, 80);
    const { problems, utterances } = await open({ mels: root });
    expect(utterances.map(({ name }) => name)).toEqual(["s0.wav", "s1.wav"]);
    expect(problems.map(({ reason }) => reason)).toEqual(Array(2).fill("There is no mel file for it."));
    writeTone(join(wavs, "s1.wav"), tone(50_000));
    await expect(open({ mels: root })).rejects.toThrow(
      "Its mel 's1.mel' has 80 frames, and 2.27 s make 195.",
    );
    await expect(open({ mels: root, speeds: [1, 0.8] })).rejects.toThrow("Give speed 1 alone");
  });
});

describe("the cache", () => {
  it("is used again as long as nothing changed", async () => {
    writeCorpus(wavs, 4);
    expect(await prepared()).toBe(4);
    expect(await prepared()).toBe(0);
    const [first, again] = opened;
    expect(again.utterances).toEqual(first.utterances);
    expect(samplesOf(again, again.utterances[1], 50, 900)).toEqual(
      samplesOf(first, first.utterances[1], 50, 900),
    );
  });

  it("takes anew what changed, what is new and what lacks a speed", async () => {
    writeCorpus(wavs, 6);
    const heldOutList = list("dev.txt", "s0");
    await open({ heldOutList });
    writeTone(join(wavs, "s2.wav"), tone(33_000));
    writeTone(join(wavs, "new.wav"), tone(20_000));
    rmSync(join(wavs, "s4.wav"));
    expect(await prepared({ heldOutList })).toBe(2);
    const changed = opened[1].utterances.find(({ name }) => name === "s2.wav");
    expect(changed?.frames).toBe(128);
    expect(samplesOf(opened[1], changed!, 0, 128 * 256)).toEqual(
      (await scaled("s2.wav")).slice(0, 128 * 256),
    );
    const later = new Date(Date.now() + 5000);
    utimesSync(join(wavs, "s1.wav"), later, later);
    expect(await prepared({ heldOutList })).toBe(1);
    // all but the held-out one
    expect(await prepared({ heldOutList, speeds: [1, 0.8] })).toBe(5);
    expect(await prepared({ heldOutList })).toBe(0);
  });

  it("keeps formats apart", async () => {
    writeCorpus(wavs, 3);
    await open();
    expect(await prepared({ format: { ...format, maxFrequency: 11025 } })).toBe(3);
    expect(await prepared({ minimumFrames: 10 })).toBe(3);
    expect(await prepared()).toBe(0);
  });

  it("keeps what a list leaves out", async () => {
    writeCorpus(wavs, 5);
    await open();
    expect(await prepared({ fileList: list("files.txt", "s1.wav", "s2.wav") })).toBe(0);
    expect(await prepared()).toBe(0);
  });

  it("keeps problems, but not those that may pass", async () => {
    writeCorpus(wavs, 3);
    writeTone(join(wavs, "empty.wav"), new Int16Array(20_000));
    const { problems } = await open();
    expect(await prepared()).toBe(0);
    expect(opened[1].problems).toEqual(problems);
  });

  it.each(["samples", "mels"])("notices truncated %s", async (ending) => {
    writeCorpus(wavs, 4);
    await open();
    const file = readdirSync(inner()).find((name) => name.endsWith(ending))!;
    truncateSync(join(inner(), file), statSync(join(inner(), file)).size - 1);
    expect(await prepared()).toBe(4);
    expect(samplesOf(opened[1], opened[1].utterances[3], 0, 2000)).toEqual(
      (await scaled("s3.wav")).slice(0, 2000),
    );
  });

  it("is made anew where its index is damaged or its data are gone", async () => {
    writeCorpus(wavs, 3);
    await open();
    const index = join(inner(), "index.json");
    truncateSync(index, 100);
    expect(await prepared()).toBe(3);
    appendFileSync(index, "}");
    expect(await prepared()).toBe(3);
    for (const name of readdirSync(inner())) if (name.startsWith("part-")) rmSync(join(inner(), name));
    expect(await prepared()).toBe(3);
  });

  it("goes on after a stop, with what was done until then", async () => {
    writeCorpus(wavs, 6);
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done === 4) stop.abort();
    };
    await expect(open({ onProgress, signal: stop.signal })).rejects.toThrow("aborted");
    expect(await prepared()).toBe(2);
    expect(opened[0].utterances).toHaveLength(6);
    expect(samplesOf(opened[0], opened[0].utterances[5], 0, 999)).toEqual(
      (await scaled("s5.wav")).slice(0, 999),
    );
  });

  it("removes what killed runs left, but not what another run may be writing", async () => {
    writeCorpus(wavs, 3);
    await open();
    const [dead, alive] = ["part-00.samples", "part-11.mels"].map((name) => join(inner(), name));
    for (const path of [dead, alive]) writeFileSync(path, "left over");
    utimesSync(dead, new Date(0), new Date(0));
    await open();
    expect(readdirSync(inner())).not.toContain("part-00.samples");
    expect(readdirSync(inner())).toContain("part-11.mels");
  });

  it("comes out the same from several threads", async () => {
    writeCorpus(wavs, 30);
    // the built package, since a thread starts from a compiled file
    const built = await openBuilt({
      folder: wavs,
      cacheFolder: join(root, "built"),
      format,
      speeds: [1],
    });
    const here = await open();
    expect(built.utterances).toEqual(here.utterances);
    here.utterances.forEach((utterance, i) => {
      const whole = samplesOf(here, utterance, 0, utterance.frames * 256);
      expect(samplesOf(built, built.utterances[i], 0, whole.length)).toEqual(whole);
      expect(melOf(built, built.utterances[i], 0, 30)).toEqual(melOf(here, utterance, 0, 30));
    });
    built.close();
  });
});

// What training reads of a corpus: samples and mels, computed or given.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeMel } from "../../../src/host/node/mel-files.js";
import { floatTensor } from "../../../src/formats/safetensors.js";
import { writeSafetensors } from "../../../src/host/node/write-files.js";
import { computeMel } from "../../../src/mel/analysis.js";
import { readRecording, writeWav } from "../../../src/host/node/recordings.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";
import { clipSamples } from "../../support/mel-reference.js";
import { CorpusFolders, corpusFormat as format, melOf, samplesOf } from "../../support/corpus-folders.js";

let folders: CorpusFolders;
beforeEach(() => {
  folders = new CorpusFolders();
});
afterEach(() => {
  folders.remove();
});

describe("crops of recordings", () => {
  it("are what decoding gives, scaled to one peak, with silence outside", async () => {
    writeCorpus(folders.wavs, 3);
    const corpus = await folders.open();
    for (const utterance of corpus.utterances) {
      const expected = await folders.scaled(utterance.name);
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
    writeCorpus(folders.wavs, 2);
    const corpus = await folders.open();
    const [utterance] = corpus.utterances;
    const mel = computeMel(await folders.scaled(utterance.name), format).values;
    const floor = Math.fround(Math.log(1e-5));
    expect(melOf(corpus, utterance, 3, 20)).toEqual(mel.slice(3 * 80, 23 * 80));
    const ends = melOf(corpus, utterance, -2, utterance.frames + 4);
    expect(ends.slice(160, -160)).toEqual(mel);
    expect(new Set([...ends.slice(0, 160), ...ends.slice(-160)])).toEqual(new Set([floor]));
  });

  it("are natural logarithms whatever the format's are", async () => {
    writeCorpus(folders.wavs, 2);
    const [natural, decibels] = [
      await folders.open(),
      await folders.open({ format: { ...format, log: "db" } }),
    ];
    expect(melOf(decibels, decibels.utterances[0], 0, 9)).toEqual(
      melOf(natural, natural.utterances[0], 0, 9),
    );
  });

  it("cannot be read of another corpus's utterances", async () => {
    writeCorpus(folders.wavs, 2);
    const [one, other] = [await folders.open(), await folders.open()];
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
    writeCorpus(folders.wavs, 2);
    await writeMels(folders.root, 80);
    const corpus = await folders.open({ mels: folders.root });
    const { samples } = await readRecording(join(folders.wavs, "s0.wav"));
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const [utterance] = corpus.utterances;
    expect(utterance.frames).toBe(78);
    const mel = melOf(corpus, utterance, 0, 1);
    expect(mel[0]).toBeCloseTo(-3 + Math.log(0.95 / peak), 4);
    expect(mel[7]).toBeCloseTo(Math.log(1e-5), 5);
  });

  it("are refused where they do not fit or are not there", async () => {
    writeCorpus(folders.wavs, 4);
    await writeMels(folders.root, 80);
    const { problems, utterances } = await folders.open({ mels: folders.root });
    expect(utterances.map(({ name }) => name)).toEqual(["s0.wav", "s1.wav"]);
    expect(problems.map(({ reason }) => reason)).toEqual(Array(2).fill("There is no mel file for it."));
    writeTone(join(folders.wavs, "s1.wav"), tone(50_000));
    await expect(folders.open({ mels: folders.root })).rejects.toThrow(
      "Its mel 's1.mel' has 80 frames, and 2.27 s make 195.",
    );
    await expect(folders.open({ mels: folders.root, speeds: [1, 0.8] })).rejects.toThrow(
      "Give speed 1 alone",
    );
  });

  /** Two recordings of speech, and mels of them that say nothing of themselves, by other tools' names. */
  async function writeSpeech(
    padding: "same" | "center",
    nameOf: (name: string) => string,
    scale = 1,
  ): Promise<string> {
    const mels = join(folders.root, "mels");
    mkdirSync(mels, { recursive: true });
    const speech = clipSamples("speech_22k");
    for (const [index, name] of ["a", "b"].entries()) {
      const samples = speech.slice(index * 20_000, index * 20_000 + 24_000);
      await writeWav(join(folders.wavs, `${name}.wav`), [samples], 22050, "32-bit float");
      const { frames, values } = computeMel(samples, { ...format, padding });
      const tensor = floatTensor(
        "mel",
        [frames, 80],
        values.map((value) => value * scale),
      );
      await writeSafetensors(join(mels, `${nameOf(name)}.safetensors`), [tensor]);
    }
    return mels;
  }

  it.each([
    ["same", 0],
    ["center", 128],
  ] as const)("that are padded as %s and do not say so are moved by %i samples", async (padding, lead) => {
    writeCorpus(folders.wavs, 1);
    rmSync(join(folders.wavs, "s0.wav"));
    const mels = await writeSpeech(padding, (name) => name);
    const corpus = await folders.open({ mels });
    const [utterance] = corpus.utterances;
    const recording = await folders.scaled(utterance.name);
    const samples = samplesOf(corpus, utterance, 0, 20_000);
    expect(samples.slice(0, lead).every((value) => value === 0)).toBe(true);
    expect(samples.slice(lead)).toEqual(recording.slice(0, 20_000 - lead));
  });

  it.each<[string, (name: string) => string]>([
    ["mel-NAME", (name) => `mel-${name}`],
    ["VOICE-mel-NAME", (name) => `voice-mel-${name}`],
    ["NAME-feats", (name) => `${name}-feats`],
    ["NAME.mel in a folder", (name) => `${name}.mel`],
  ])("are found as %s", async (_, nameOf) => {
    writeCorpus(folders.wavs, 1);
    rmSync(join(folders.wavs, "s0.wav"));
    const corpus = await folders.open({ mels: await writeSpeech("same", nameOf) });
    expect([corpus.problems, corpus.remarks, corpus.utterances.length]).toEqual([[], [], 2]);
  });

  it("are named by what was looked for where there are none, and not guessed where there are two", async () => {
    writeCorpus(folders.wavs, 1);
    const mels = await writeSpeech("same", (name) => `one-mel-${name}`);
    const corpus = await folders.open({ mels });
    expect(corpus.remarks).toEqual([
      expect.stringMatching(/'s0\.wav' was looked for as s0, mel-s0, VOICE-mel-s0/),
    ]);
    await writeSpeech("same", (name) => `two-mel-${name}`);
    await expect(folders.open({ mels })).rejects.toThrow(/Several mel files could be its own: one-mel-a/);
  });

  it("can be said to be of another scale", async () => {
    writeCorpus(folders.wavs, 1);
    rmSync(join(folders.wavs, "s0.wav"));
    const mels = await writeSpeech("same", (name) => name, 1 / Math.LN10);
    await expect(folders.open({ mels })).rejects.toThrow(/log10/);
    const encoding = { scale: "log10", mean: 0, deviation: 1 } as const;
    const corpus = await folders.open({ mels, melReading: { assume: { encoding } } });
    const own = await folders.open();
    const [given, computed] = [corpus, own].map((each) => melOf(each, each.utterances[0], 5, 40));
    const largest = given.reduce((most, value, i) => Math.max(most, Math.abs(value - computed[i])), 0);
    // the recordings have 16 bits where they are trained on
    expect(largest).toBeLessThan(0.2);
  });
});

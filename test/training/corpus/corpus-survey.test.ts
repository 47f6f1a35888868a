import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPreset } from "../../../src/mel/presets.js";
import { openCorpus } from "../../../src/training/corpus/corpus.js";
import { surveyCorpus } from "../../../src/training/corpus/survey.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";

const format = findPreset("hifigan-22k-80");
let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vocode-survey-"));
  folder = join(root, "wavs");
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("surveyCorpus", () => {
  it("counts the recordings, measures their lengths and names what is wrong with which", async () => {
    for (const [i, peak] of [0.1, 0.2, 0.4, 0.8].entries())
      writeTone(join(folder, `t${i}.wav`), tone(22050 * (i + 1), 0, peak));
    writeTone(join(folder, "u.wav"), tone(48_000, 0, 0.4), 48_000);
    writeTone(join(folder, "short.wav"), tone(900));
    writeFileSync(join(folder, "broken.flac"), "fLaC");
    const survey = await surveyCorpus({ folder, format });
    expect(survey.recordings).toBe(5);
    expect(survey.seconds).toBeCloseTo(11, 9);
    expect(survey.heldOut.recordings).toBe(1);
    expect(survey.sampleRates).toEqual([
      { sampleRate: 22050, recordings: 4 },
      { sampleRate: 48_000, recordings: 1 },
    ]);
    expect(survey.spreads?.seconds).toEqual({ median: 2, least: 1, most: 4 });
    expect(survey.spreads?.peakDb.least).toBeCloseTo(-20, 1);
    expect(survey.spreads?.peakDb.median).toBeCloseTo(20 * Math.log10(0.4), 1);
    expect(survey.spreads?.peakDb.most).toBeCloseTo(20 * Math.log10(0.8), 1);
    expect(survey.spreads!.rmsDb.most - survey.spreads!.rmsDb.least).toBeCloseTo(18, 0);
    expect(survey.problems.map(({ name }) => name)).toEqual(["broken.flac", "short.wav"]);
    expect(JSON.stringify(survey)).not.toContain(root);
    expect(readdirSync(root)).toEqual(["wavs"]);
  });

  it("takes the median of an even number between the two in the middle", async () => {
    for (const i of [0, 1, 2, 5]) writeTone(join(folder, `t${i}.wav`), tone(22050 * (i + 1)));
    const { spreads } = await surveyCorpus({ folder, format });
    expect(spreads?.seconds).toEqual({ median: 2.5, least: 1, most: 6 });
  });

  it("finds the same problems and the same counts as training does", async () => {
    writeCorpus(folder, 9);
    writeTone(join(folder, "silent.wav"), new Int16Array(22050));
    const survey = await surveyCorpus({ folder, format, heldOutShare: 0.3 });
    const cacheFolder = join(root, "cache");
    const corpus = await openCorpus({ folder, cacheFolder, format, speeds: [1], heldOutShare: 0.3 });
    corpus.close();
    expect(survey.problems).toEqual(corpus.problems);
    expect(survey.recordings).toBe(corpus.utterances.length);
    expect(survey.heldOut.recordings).toBe(corpus.utterances.filter(({ heldOut }) => heldOut).length);
  });

  it("survives a folder without a usable recording", async () => {
    writeTone(join(folder, "silent.wav"), new Int16Array(22050));
    const survey = await surveyCorpus({ folder, format });
    expect([survey.recordings, survey.spreads, survey.problems.length]).toEqual([0, undefined, 1]);
  });
});

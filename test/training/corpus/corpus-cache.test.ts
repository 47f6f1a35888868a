// When a corpus is taken from its cache, and when it is prepared anew.
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCorpus as openBuilt } from "../../../dist/training/corpus/corpus.js";
import { writeMel } from "../../../src/host/node/mel-files.js";
import { tone, writeCorpus, writeTone } from "../../support/corpus-files.js";
import { CorpusFolders, corpusFormat as format, melOf, samplesOf } from "../../support/corpus-folders.js";

let folders: CorpusFolders;
beforeEach(() => {
  folders = new CorpusFolders();
});
afterEach(() => {
  folders.remove();
});

describe("the cache of a corpus", () => {
  it("is used again as long as nothing changed", async () => {
    writeCorpus(folders.wavs, 4);
    expect(await folders.prepared()).toBe(4);
    expect(await folders.prepared()).toBe(0);
    const [first, again] = folders.opened;
    expect(again.utterances).toEqual(first.utterances);
    expect(samplesOf(again, again.utterances[1], 50, 900)).toEqual(
      samplesOf(first, first.utterances[1], 50, 900),
    );
  });

  it("takes anew what changed, what is new and what lacks a speed", async () => {
    writeCorpus(folders.wavs, 6);
    const heldOutList = folders.list("dev.txt", "s0");
    await folders.open({ heldOutList });
    writeTone(join(folders.wavs, "s2.wav"), tone(33_000));
    writeTone(join(folders.wavs, "new.wav"), tone(20_000));
    rmSync(join(folders.wavs, "s4.wav"));
    expect(await folders.prepared({ heldOutList })).toBe(2);
    const changed = folders.opened[1].utterances.find(({ name }) => name === "s2.wav");
    expect(changed?.frames).toBe(128);
    expect(samplesOf(folders.opened[1], changed!, 0, 128 * 256)).toEqual(
      (await folders.scaled("s2.wav")).slice(0, 128 * 256),
    );
    // all but the held-out one
    expect(await folders.prepared({ heldOutList, speeds: [1, 0.8] })).toBe(5);
    expect(await folders.prepared({ heldOutList })).toBe(0);
  });

  it("takes anew what has a new time only where its content or its mel's is new too", async () => {
    writeCorpus(folders.wavs, 3);
    const values = new Float32Array(80 * 80).fill(-3);
    const writeMels = async (value: number): Promise<void> => {
      values[80] = value;
      for (const name of ["s0", "s1", "s2"])
        await writeMel(join(folders.root, `${name}.mel`), { frames: 80, format, values });
    };
    await writeMels(-4);
    const mels = folders.root;
    expect(await folders.prepared({ mels })).toBe(3);
    const later = new Date(Date.now() + 5000);
    const touch = (...names: string[]): void => {
      for (const name of names) utimesSync(join(folders.root, name), later, later);
    };
    touch("wavs/s0.wav", "wavs/s1.wav", "wavs/s2.wav", "s1.mel");
    expect(await folders.prepared({ mels })).toBe(0);
    // and this is noted
    const { recordings } = JSON.parse(readFileSync(join(folders.inner(), "index.json"), "utf8")) as {
      recordings: { modified: number }[];
    };
    expect(recordings.map(({ modified }) => Math.round(modified))).toEqual(Array(3).fill(later.getTime()));
    const bytes = readFileSync(join(folders.wavs, "s2.wav"));
    bytes[bytes.length - 9] ^= 1;
    writeFileSync(join(folders.wavs, "s2.wav"), bytes);
    expect(await folders.prepared({ mels })).toBe(1);
    await writeMels(-5);
    expect(await folders.prepared({ mels })).toBe(3);
  });

  it("goes by the time alone where it does not know the content", async () => {
    writeCorpus(folders.wavs, 3);
    await folders.open();
    const index = join(folders.inner(), "index.json");
    writeFileSync(index, readFileSync(index, "utf8").replace(/,"digest":"[0-9a-f]{32}"/g, ""));
    expect(await folders.prepared()).toBe(0);
    const later = new Date(Date.now() + 5000);
    utimesSync(join(folders.wavs, "s1.wav"), later, later);
    expect(await folders.prepared()).toBe(1);
  });

  it("keeps formats apart", async () => {
    writeCorpus(folders.wavs, 3);
    await folders.open();
    expect(await folders.prepared({ format: { ...format, maxFrequency: 11025 } })).toBe(3);
    expect(await folders.prepared({ minimumFrames: 10 })).toBe(3);
    expect(await folders.prepared()).toBe(0);
  });

  it("keeps what a list leaves out", async () => {
    writeCorpus(folders.wavs, 5);
    await folders.open();
    expect(await folders.prepared({ fileList: folders.list("files.txt", "s1.wav", "s2.wav") })).toBe(0);
    expect(await folders.prepared()).toBe(0);
  });

  it("keeps problems, but not those that may pass", async () => {
    writeCorpus(folders.wavs, 3);
    writeTone(join(folders.wavs, "empty.wav"), new Int16Array(20_000));
    const { problems } = await folders.open();
    expect(await folders.prepared()).toBe(0);
    expect(folders.opened[1].problems).toEqual(problems);
  });

  it.each(["samples", "mels"])("notices truncated %s", async (ending) => {
    writeCorpus(folders.wavs, 4);
    await folders.open();
    const file = readdirSync(folders.inner()).find((name) => name.endsWith(ending))!;
    truncateSync(join(folders.inner(), file), statSync(join(folders.inner(), file)).size - 1);
    expect(await folders.prepared()).toBe(4);
    expect(samplesOf(folders.opened[1], folders.opened[1].utterances[3], 0, 2000)).toEqual(
      (await folders.scaled("s3.wav")).slice(0, 2000),
    );
  });

  it("is made anew where its index is damaged or its data are gone", async () => {
    writeCorpus(folders.wavs, 3);
    await folders.open();
    const index = join(folders.inner(), "index.json");
    truncateSync(index, 100);
    expect(await folders.prepared()).toBe(3);
    appendFileSync(index, "}");
    expect(await folders.prepared()).toBe(3);
    for (const name of readdirSync(folders.inner()))
      if (name.startsWith("part-")) rmSync(join(folders.inner(), name));
    expect(await folders.prepared()).toBe(3);
  });

  it("goes on after a stop, with what was done until then", async () => {
    writeCorpus(folders.wavs, 6);
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done === 4) stop.abort();
    };
    await expect(folders.open({ onProgress, signal: stop.signal })).rejects.toThrow("aborted");
    expect(await folders.prepared()).toBe(2);
    expect(folders.opened[0].utterances).toHaveLength(6);
    expect(samplesOf(folders.opened[0], folders.opened[0].utterances[5], 0, 999)).toEqual(
      (await folders.scaled("s5.wav")).slice(0, 999),
    );
  });

  it("removes what killed runs left, but not what another run may be writing", async () => {
    writeCorpus(folders.wavs, 3);
    await folders.open();
    const [dead, alive] = ["part-00.samples", "part-11.mels"].map((name) => join(folders.inner(), name));
    for (const path of [dead, alive]) writeFileSync(path, "left over");
    utimesSync(dead, new Date(0), new Date(0));
    await folders.open();
    expect(readdirSync(folders.inner())).not.toContain("part-00.samples");
    expect(readdirSync(folders.inner())).toContain("part-11.mels");
  });

  it("comes out the same from several threads", async () => {
    writeCorpus(folders.wavs, 30);
    // the built package, since a thread starts from a compiled file
    const built = await openBuilt({
      folder: folders.wavs,
      cacheFolder: join(folders.root, "built"),
      format,
      speeds: [1],
    });
    const here = await folders.open();
    expect(built.utterances).toEqual(here.utterances);
    here.utterances.forEach((utterance, i) => {
      const whole = samplesOf(here, utterance, 0, utterance.frames * 256);
      expect(samplesOf(built, built.utterances[i], 0, whole.length)).toEqual(whole);
      expect(melOf(built, built.utterances[i], 0, 30)).toEqual(melOf(here, utterance, 0, 30));
    });
    built.close();
  });
});

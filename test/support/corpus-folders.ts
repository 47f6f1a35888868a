// A corpus in temporary folders, and its parts as training reads them, for tests.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPreset } from "../../src/mel/presets.js";
import { readRecording } from "../../src/host/node/recordings.js";
import {
  openCorpus,
  type Corpus,
  type CorpusOptions,
  type Utterance,
} from "../../src/training/corpus/corpus.js";

/** The format of the corpora. */
export const corpusFormat = findPreset("hifigan-22k-80");

/** Recordings, a cache, and the corpora that were opened. Remove it. */
export class CorpusFolders {
  readonly root = mkdtempSync(join(tmpdir(), "vocode-corpus-"));
  readonly wavs = join(this.root, "wavs");
  readonly cache = join(this.root, "cache");
  readonly opened: Corpus[] = [];

  remove(): void {
    for (const corpus of this.opened.splice(0)) corpus.close();
    rmSync(this.root, { recursive: true });
  }

  async open(options: Partial<CorpusOptions> = {}): Promise<Corpus> {
    const { wavs: folder, cache: cacheFolder } = this;
    const corpus = await openCorpus({ folder, cacheFolder, format: corpusFormat, speeds: [1], ...options });
    this.opened.push(corpus);
    return corpus;
  }

  /** How many recordings were decoded: what the cache does not hold. */
  async prepared(options: Partial<CorpusOptions> = {}): Promise<number> {
    let calls = 0;
    await this.open({ ...options, onProgress: () => calls++ });
    return calls;
  }

  /** Writes a list of recordings. */
  list(name: string, ...lines: string[]): string {
    const path = join(this.root, name);
    writeFileSync(path, lines.join("\n"));
    return path;
  }

  /** The folder below the cache's, of which there is to be one only. */
  inner(): string {
    const folders = readdirSync(this.cache);
    if (folders.length !== 1) throw new Error(`There are ${folders.length} folders in the cache.`);
    return join(this.cache, folders[0]);
  }

  /** The recording scaled to a peak of 0.95, in steps of 16 bits. */
  async scaled(name: string): Promise<Float32Array> {
    const { samples } = await readRecording(join(this.wavs, name));
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return samples.map((sample) => Math.round((sample * 0.95 * 32768) / peak) / 32768);
  }
}

/** Samples of an utterance. */
export function samplesOf(
  corpus: Pick<Corpus, "readSamples">,
  utterance: Utterance,
  first: number,
  count: number,
): Float32Array {
  return readInto(count, (target, at) => {
    corpus.readSamples(utterance, first, count, target, at);
  });
}

/** Mel frames of an utterance. [count, 80] */
export function melOf(
  corpus: Pick<Corpus, "readMel">,
  utterance: Utterance,
  first: number,
  count: number,
): Float32Array {
  return readInto(count * corpusFormat.bands, (target, at) => {
    corpus.readMel(utterance, first, count, target, at);
  });
}

/** What is read into the middle of an array, so that a wrong offset or length shows. */
function readInto(count: number, read: (target: Float32Array, at: number) => void): Float32Array {
  const target = new Float32Array(count + 3).fill(9);
  read(target, 2);
  if ([target[0], target[1], target[count + 2]].some((value) => value !== 9))
    throw new Error("Something was written outside of the place it was to go to.");
  return target.slice(2, count + 2);
}

// The corpus of a run, made ready with a progress line, and a word about what it holds.
import { resolve } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { Corpus } from "../training/corpus/corpus.js";
import { storedExcitation, wantsExcitation } from "../training/excitation-fit.js";
import type { RunDescription, RunFolder } from "../training/run-folder.js";
import { type OutputOptions, printNote } from "./output.js";
import { Progress } from "./progress.js";
import { duration } from "./duration.js";

const MOST_NAMED = 10;

/**
 * Opens a run's corpus, with its pitch where the run is to learn that.
 *
 * @param start the weights that a new run begins with
 * @throws what openCorpus throws
 */
export async function openCorpusOf(
  runFolder: RunFolder,
  { config, mel, paths }: RunDescription,
  options: OutputOptions,
  start: Checkpoint["weights"] = {},
): Promise<Corpus> {
  const { openCorpus } = await import("../training/corpus/corpus.js");
  const place = (path: string): string => resolve(runFolder.path, path);
  let progress: Progress | undefined;
  let pitchProgress: Progress | undefined;
  const corpus = await openCorpus({
    folder: place(paths.corpus),
    cacheFolder: place(paths.cache),
    format: mel,
    speeds: paths.mels === undefined ? config.speeds : [1],
    ...(paths.heldOut === undefined ? {} : { heldOutList: place(paths.heldOut) }),
    ...(paths.files === undefined ? {} : { fileList: place(paths.files) }),
    ...(paths.mels === undefined ? {} : { mels: place(paths.mels) }),
    pitch: wantsExcitation(config) && (await storedExcitation(runFolder, start)) === undefined,
    onProgress: (_, total) => {
      progress ??= new Progress(options, total, "recordings made ready");
      progress.advance("");
    },
    onPitchProgress: (_, total) => {
      pitchProgress ??= new Progress(options, total, "recordings' pitch found");
      pitchProgress.advance("");
    },
  });
  progress?.end();
  pitchProgress?.end();
  const { utterances, problems } = corpus;
  const seconds = utterances
    .filter(({ speed, heldOut }) => speed === 1 && !heldOut)
    .reduce((sum, { frames }) => sum + (frames * mel.hopLength) / mel.sampleRate, 0);
  const kept = utterances.filter(({ heldOut }) => heldOut).length;
  printNote(
    options,
    `${duration(seconds)} of recordings to train on, ${kept} recordings kept back to measure on` +
      (problems.length === 0 ? "." : `, ${problems.length} left out:`),
  );
  for (const { name, reason } of problems.slice(0, MOST_NAMED)) printNote(options, `  ${name}: ${reason}`);
  if (problems.length > MOST_NAMED) printNote(options, `  and ${problems.length - MOST_NAMED} more`);
  return corpus;
}

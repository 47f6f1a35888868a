// `vocode` for a folder or several inputs: each becomes a .wav of its name in the output folder, with one checkpoint
// loaded. An input that cannot be used does not stop the others; it is named at the end.
import { basename, dirname, extname, join, resolve } from "node:path";
import { isRecordingName } from "../audio/recording.js";
import { findFiles, isFile, isFolder } from "../host/node/read-files.js";
import { FileError, InputError } from "../errors.js";
import { makeFolder } from "../host/node/write-files.js";
import { FailedInputsError, type Failure, printForeignFiles, printNote, printResult } from "./output.js";
import { Progress } from "./status.js";
import { PIPE } from "./synthesis-input.js";
import type { SynthesizeOptions } from "./options.js";
import { ChosenVoices } from "./voices.js";
import { type MadeSpeech, makeSpeech, processText, reportObject, speedText } from "./synthesis-run.js";

const MEL_EXTENSIONS = [".mel", ".npy", ".npz", ".pt", ".pth", ".safetensors"];

/** An input and the file that it becomes. */
export interface Job {
  readonly input: string;
  readonly output: string;
}

/**
 * What becomes what, before anything is done.
 *
 * @param inputs files and folders; folders are searched to any depth
 * @throws InputError where two would become the same file, or one would replace an input
 */
export async function planBatch(inputs: readonly string[], folder: string): Promise<Job[]> {
  if (inputs.includes(PIPE))
    throw new InputError("A pipe can only be a single input, with a file or - as output.");
  if (folder === PIPE)
    throw new InputError("Several inputs become several files: name a folder in place of -.");
  if (extname(folder).toLowerCase() === ".wav" && !(await isFolder(folder)))
    throw new InputError(
      `Several inputs become several files, and '${folder}' is named like one. Name a folder.`,
    );
  return planOutputs(await findInputs(inputs), (name) => join(folder, name));
}

/** An input and the name that its result gets, apart from the ending. */
export interface FoundInput {
  readonly path: string;
  readonly name: string;
}

/**
 * What becomes what, in the order of the results' names: the same for every process that sees the same inputs.
 *
 * @param placeOf the place of a result, by its name
 * @throws InputError where two would become the same file, or one would replace an input
 */
export function planOutputs(found: readonly FoundInput[], placeOf: (name: string) => string): Job[] {
  const jobs = new Map<string, Job>();
  for (const { path, name } of found) {
    const output = placeOf(`${name.slice(0, name.length - extname(name).length)}.wav`);
    const other = jobs.get(output);
    if (other)
      throw new InputError(
        `'${other.input}' and '${path}' would both become '${output}'. Rename one, or do it apart.`,
      );
    jobs.set(output, { input: path, output });
  }
  const planned = [...jobs.values()].sort((a, b) => (a.output < b.output ? -1 : 1));
  const own = new Set(planned.map(({ input }) => resolve(input)));
  const replaced = planned.find(({ output }) => own.has(resolve(output)));
  if (replaced)
    throw new InputError(`The result would replace the input '${replaced.output}'. Name another folder.`);
  return planned;
}

/**
 * Turns all inputs into speech.
 *
 * @throws FailedInputsError at the end, if any could not be used
 */
export async function runBatch(
  inputs: readonly string[],
  folder: string,
  options: SynthesizeOptions,
): Promise<void> {
  if (options.picture !== undefined)
    throw new InputError("--picture draws the mels of one input, and there are several. Leave it out.");
  if (options.pitch !== undefined)
    throw new InputError(
      "--pitch is the pitch of one input, and there are several. Synthesise them one by one.",
    );
  const { jobs, existing } = await jobsLeft(await planBatch(inputs, folder), options);
  await makeFolder(folder);
  const { made, ...besides } =
    jobs.length > 0 ? await synthesizeAll(jobs, options) : { made: [], failures: [], loadSeconds: 0 };
  const { failures } = besides;
  for (const input of inputs) await printForeignFiles(input, options);
  printMade(folder, made, { ...besides, existing }, options);
  if (failures.length > 0) throw new FailedInputsError(failures, jobs.length, "inputs");
}

/** Which of the inputs are this process's, and how many of those are done. An output that is there is whole. */
async function jobsLeft(
  planned: readonly Job[],
  { shard, skipExisting = false }: SynthesizeOptions,
): Promise<{ readonly jobs: readonly Job[]; readonly existing: number }> {
  const own = shard ? planned.filter((_, index) => index % shard.count === shard.index) : planned;
  if (!skipExisting) return { jobs: own, existing: 0 };
  const jobs: Job[] = [];
  for (const job of own) if (!(await isFile(job.output))) jobs.push(job);
  return { jobs, existing: own.length - jobs.length };
}

/** What became of some inputs, and the seconds that loading the voice took. */
interface Batch {
  readonly made: readonly MadeSpeech[];
  readonly failures: readonly Failure[];
  readonly loadSeconds: number;
}

async function synthesizeAll(jobs: readonly Job[], options: SynthesizeOptions): Promise<Batch> {
  const made: MadeSpeech[] = [];
  const failures: Failure[] = [];
  const voices = new ChosenVoices(options);
  const progress = new Progress(options, jobs.length, "inputs");
  for (const job of jobs) {
    const result = await attempt(voices, job, options);
    if ("error" in result) failures.push(result);
    else made.push(result);
    progress.advance(job.input);
  }
  progress.end();
  await voices.dispose();
  return { made, failures, loadSeconds: voices.loadSeconds };
}

/** The files that are named, and the mels and recordings in the folders that are. @throws InputError for an empty one */
export async function findInputs(inputs: readonly string[]): Promise<FoundInput[]> {
  const found: FoundInput[] = [];
  for (const input of inputs) {
    if (!(await isFolder(input))) {
      found.push({ path: input, name: basename(input) });
      continue;
    }
    const names = await findFiles(input, isInputName);
    if (names.length === 0)
      throw new InputError(
        `The folder '${input}' holds no mels and no recordings: no file in it or below it ends in ${MEL_EXTENSIONS.join(", ")}, .wav or .flac.`,
      );
    found.push(...names.map((name) => ({ path: join(input, name), name })));
  }
  return found;
}

/** Whether a file's name says that it is a mel or a recording. */
export function isInputName(name: string): boolean {
  return isRecordingName(name) || MEL_EXTENSIONS.includes(extname(name).toLowerCase());
}

async function attempt(
  voices: ChosenVoices,
  { input, output }: Job,
  options: SynthesizeOptions,
): Promise<MadeSpeech | Failure> {
  await makeFolder(dirname(output));
  try {
    return await makeSpeech(voices, input, output, { ...options, quiet: true });
  } catch (error) {
    // where a file cannot be written, or no voice be loaded, that meets the others too
    const unwritable = error instanceof FileError && error.path === output;
    if (unwritable || voices.failed || !(error instanceof InputError)) throw error;
    return { input, error: error.message };
  }
}

// a folder of mels that are all alike would scroll the report away
const MOST_REMARKS = 20;

/** A remark that says which input it is on. */
function named(input: string, remark: string): string {
  return remark.includes(`'${input}'`) ? remark : `'${input}': ${remark}`;
}

function printMade(
  folder: string,
  made: readonly MadeSpeech[],
  besides: Omit<Batch, "made"> & { readonly existing: number },
  options: SynthesizeOptions,
): void {
  const total = (value: (each: MadeSpeech) => number): number =>
    made.reduce((sum, each) => sum + value(each), 0);
  const audioSeconds = total(({ report }) => report.audioSeconds);
  const seconds = total(({ report }) => report.seconds);
  const clippedSamples = total(({ written }) => written.clippedSamples);
  for (const voice of new Set(made.map((each) => each.voice))) {
    const own = made.filter((each) => each.voice === voice);
    const share = own.length < made.length ? `, ${own.length} of ${made.length} files` : "";
    printNote(options, `${voice}${share}: ${processText(own[0].report)}`);
  }
  if (clippedSamples > 0) printNote(options, `${clippedSamples} samples beyond full scale were cut off.`);
  const remarks = made.flatMap((each) => each.remarks.map((remark) => named(each.input, remark)));
  for (const remark of remarks.slice(0, MOST_REMARKS)) printNote(options, remark);
  if (remarks.length > MOST_REMARKS)
    printNote(options, `… and ${remarks.length - MOST_REMARKS} more remarks; --json lists them all.`);
  const result = {
    output: folder,
    made: made.map(reportObject),
    ...besides,
    audioSeconds,
    seconds,
    realTimeFactor: seconds / audioSeconds,
  };
  printResult(
    options,
    result,
    () =>
      `${folder}: ${made.length} ${made.length === 1 ? "file" : "files"}` +
      (made.length > 0 ? `, ${speedText(audioSeconds, seconds)}` : "") +
      (besides.existing > 0 ? `; ${besides.existing} were there already` : ""),
  );
}

// `vocode submit`: puts mels into the queue of a fleet, as jobs of some files each. What is in the queue already, done or
// not, is not put in again.
import { join, resolve } from "node:path";
import { Command } from "commander";
import { readConfig, checkpointFile } from "../checkpoint/checkpoint.js";
import { InputError } from "../errors.js";
import { isAddress, nodeFiles } from "../host/node/read-files.js";
import { shippedFolder, shippedVoices } from "../host/node/voices.js";
import {
  type FleetJob,
  type JobOptions,
  makeJob,
  type JobPlan,
  withFailuresLeft,
  parseProgress,
} from "../fleet/job.js";
import { absolutePlace, folderDigest, isObject, placeBelow, Places } from "../fleet/places.js";
import { QueueConnection, type JobQueue } from "../fleet/queue.js";
import { chosenSettings } from "../synthesis/settings.js";
import {
  addResultOptions,
  chosenSynthesis,
  inputOptions,
  type SynthesizeOptions,
  withScheduleRead,
} from "./options.js";
import { wholeNumber } from "./option-values.js";
import { printNote, printResult, vocodeVersion } from "./output.js";
import { Progress } from "./status.js";
import { findInputs, isInputName, planOutputs } from "./synthesis-batch.js";
import { checkpointFolder } from "./voices.js";

interface SubmitOptions extends SynthesizeOptions {
  readonly to: string;
  readonly queue?: string;
  readonly batch: number;
  readonly attempts: number;
  readonly replace?: boolean;
}

/** Jobs that go to the queue's server at once. */
const JOBS_AT_ONCE = 50;

/** The queue's address of an option, of the variable, or of Redis on this machine. */
export function queueAddress(option: string | undefined): { uri: string; name: string } {
  const uri = option ?? process.env["VOCODE_QUEUE"] ?? "redis://127.0.0.1:6379";
  // bits differ between versions, so that each has a queue of its own
  return { uri, name: `vocode-${vocodeVersion()}` };
}

/** Help for --queue. */
export const QUEUE_HELP =
  "redis:// or postgres:// (default: the variable VOCODE_QUEUE, or redis://127.0.0.1:6379)";

/** The command `vocode submit <mels...>`. */
export function submitCommand(): Command {
  const command = new Command("submit")
    .argument("<mels...>", "mels and recordings, folders of them, and s3:// objects and prefixes")
    .requiredOption(
      "--to <place>",
      "where speech goes: a folder that all workers share, or s3://bucket/prefix",
    )
    .option("--queue <address>", QUEUE_HELP)
    .option("--batch <n>", "files of a job", wholeNumber(1, 1000), 50)
    .option("--attempts <n>", "how often a file is begun before it counts as failed", wholeNumber(1, 100), 3)
    .option("--replace", "make what is there already anew");
  return addResultOptions(command)
    .option("--json", "print JSON")
    .option("--quiet", "no report on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode submit mels --to wavs
  vocode submit s3://corpus/mels --to s3://corpus/wavs --queue redis://queue:6379 --steps 6

Then 'vocode work' on as many machines as there are, and 'vocode jobs' to look: docs/fleet.md.`,
    )
    .action(run);
}

async function run(inputs: readonly string[], given: SubmitOptions): Promise<void> {
  const options = await withScheduleRead(given);
  const plan = await planOf(options);
  const places = new Places();
  const { files, identities } = await findFiles(inputs, options, places);
  const address = queueAddress(options.queue);
  const connection = await QueueConnection.open(address);
  try {
    await connection.requireAnswer();
    const queue = connection.queue();
    const progress = new Progress(options, files.length, "files");
    const counts = { jobs: 0, added: 0, again: 0, known: 0 };
    let jobs: { id: string; data: FleetJob }[] = [];
    for (let start = 0; start < files.length; start += options.batch) {
      const list = [];
      for (const { input, output } of files.slice(start, start + options.batch)) {
        const identity = identities.get(input) ?? (await places.identity(input));
        list.push({ input, output, identity });
        progress.advance(input);
      }
      jobs.push(makeJob(plan, list));
      if (jobs.length < JOBS_AT_ONCE) continue;
      await put(queue, jobs, counts);
      jobs = [];
    }
    await put(queue, jobs, counts);
    progress.end();
    const shown = { queue: address.name, files: files.length, ...counts };
    printResult(options, shown, () => summary(shown));
    if (counts.known > 0)
      printNote(
        options,
        "What the queue knows is not done twice. 'vocode jobs --forget' takes out what is done.",
      );
  } finally {
    await connection.close();
  }
}

function summary({
  files,
  jobs,
  added,
  again,
  known,
}: Record<"files" | "jobs" | "added" | "again" | "known", number>): string {
  const parts = [
    `${added} new`,
    ...(again > 0 ? [`${again} with failures put in again`] : []),
    ...(known > 0 ? [`${known} known already`] : []),
  ];
  return `${files} ${files === 1 ? "file" : "files"} in ${jobs} ${jobs === 1 ? "job" : "jobs"}: ${parts.join(", ")}`;
}

/** Puts jobs in that are not there; those that ended with failures do these once more. */
async function put(
  queue: JobQueue,
  jobs: readonly { id: string; data: FleetJob }[],
  counts: { jobs: number; added: number; again: number; known: number },
): Promise<void> {
  const fresh: { name: string; data: FleetJob; opts: { jobId: string } }[] = [];
  await Promise.all(
    jobs.map(async ({ id, data }) => {
      const known = await queue.getJob(id);
      if (!known) fresh.push({ name: "synthesize", data, opts: { jobId: id } });
      else if (await known.isFailed()) {
        await known.updateProgress(withFailuresLeft(parseProgress(known.progress, data.files.length)));
        await known.retry("failed");
        counts.again += 1;
      } else counts.known += 1;
    }),
  );
  // in the order of their names, whoever answered first
  const order = new Map(jobs.map(({ id }, index) => [id, index]));
  fresh.sort((a, b) => order.get(a.opts.jobId)! - order.get(b.opts.jobId)!);
  await queue.addBulk(fresh);
  counts.jobs += jobs.length;
  counts.added += fresh.length;
}

/** What is to be done with all files; whatever is wrong with the options is said here and not by each worker. */
async function planOf(options: SubmitOptions): Promise<JobPlan> {
  const place = await sharedPlace(options.checkpoint);
  const folder = await checkpointFolder(place ?? undefined, options);
  chosenSettings(await readConfig(folder, nodeFiles), {
    ...chosenSynthesis(options),
    ...(options.shift !== undefined && { pitchShift: options.shift }),
  });
  await inputOptions(options);
  return {
    version: vocodeVersion(),
    voice: { place, digest: await voiceDigest(place, folder) },
    options: jobOptions(options),
    replaces: options.replace ?? false,
    attempts: options.attempts,
  };
}

/** A voice as every machine may be asked for it: an address, the name of one that comes with vocode, or a whole path. */
async function sharedPlace(place: string | undefined): Promise<string | null> {
  if (place === undefined) return null;
  return isAddress(place) || (await shippedFolder(place)) !== undefined ? place : resolve(place);
}

/**
 * What a voice's folder holds, as jobs name it; where no voice is named, what all hold that come with vocode, since each
 * mel chooses its own.
 *
 * @throws FileError
 */
export async function voiceDigest(place: string | null, folder: string): Promise<string> {
  const folders = place === null ? (await shippedVoices()).map((voice) => voice.folder) : [folder];
  return folderDigest(
    folders.flatMap((each) => [checkpointFile(each, "config"), checkpointFile(each, "weights")]),
  );
}

/** The options that decide the bytes, as a job carries them. */
function jobOptions(options: SubmitOptions): JobOptions {
  const { schedule, seed, shift, bitDepth, precision, melFormat, melLayout, melTensor, trustMel } = options;
  const given = {
    ...chosenSynthesis(options),
    ...{ shift, bitDepth, precision, melFormat, melLayout, melTensor, trustMel },
    seed: seed === undefined ? undefined : String(seed),
    schedule: typeof schedule === "object" ? { ...schedule, logSnrs: [...schedule.logSnrs] } : schedule,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as JobOptions;
}

async function findFiles(
  inputs: readonly string[],
  { to }: SubmitOptions,
  places: Places,
): Promise<{ files: { input: string; output: string }[]; identities: Map<string, string> }> {
  const identities = new Map<string, string>();
  const found: { path: string; name: string }[] = [];
  for (const input of inputs) {
    if (!isObject(input)) {
      const local = await findInputs([absolutePlace(input)]);
      found.push(...local);
      continue;
    }
    const objects = await places.list(input, isInputName);
    if (objects.length === 0)
      throw new InputError(`There are no mels and no recordings at '${input}'. Check the prefix.`);
    for (const { place, name, identity } of objects) {
      identities.set(place, identity);
      found.push({ path: place, name });
    }
  }
  const target = absolutePlace(to);
  return {
    files: planOutputs(found, (name) => placeBelow(target, isObject(target) ? name : join(name))),
    identities,
  };
}

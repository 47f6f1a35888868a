// What a job of the fleet is: places of some mels and of what becomes of them, the voice, the options, and how far it is.
// A job is named by a hash of all that decides its results, so that the same work is never put in twice.
import * as v from "valibot";
import { digestOf } from "./places.js";

/** A mel and its result. */
export interface FileOfJob {
  readonly input: string;
  readonly output: string;
  /** What changes with the mel's bytes: see Places.identity. */
  readonly identity: string;
}

/** The voice of a job. */
export interface VoiceOfJob {
  /** A folder or an address; null for the one that comes with vocode. */
  readonly place: string | null;
  /** Of its files. */
  readonly digest: string;
}

const text = v.pipe(v.string(), v.maxLength(4096));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const files = v.pipe(v.array(v.tuple([text, text, text])), v.minLength(1), v.maxLength(1000));

/** A job as the queue carries it. Places are written without what all of them begin with. */
const fleetJob = v.object({
  version: text,
  voice: v.object({ place: v.nullable(text), digest: text }),
  /** As `vocode synthesize` takes them, by the options' names. */
  options: v.record(text, v.union([text, v.number(), v.boolean(), v.record(text, v.unknown())])),
  replaces: v.boolean(),
  /** How often a file is begun before it counts as failed. */
  attempts: v.pipe(v.number(), v.integer(), v.minValue(1)),
  inputs: text,
  outputs: text,
  files,
});

/** A job as the queue carries it. */
export type FleetJob = v.InferOutput<typeof fleetJob>;
/** The options of a job, by their names on the command line. */
export type JobOptions = FleetJob["options"];

const jobProgress = v.object({
  /** Numbers of the files that are to be done, in order. */
  left: v.array(count),
  /** The file at work; what is here when a worker takes the job was begun by one that ended. */
  at: v.nullable(count),
  /** How often each file was begun that is not done yet. */
  begun: v.record(text, count),
  made: count,
  /** Results that were there before. */
  existing: count,
  /** Files that were begun more often than once without fault of their own: work that was done twice, in part or wholly. */
  repeated: count,
  audioSeconds: v.number(),
  seconds: v.number(),
  failures: v.array(v.tuple([count, v.string()])),
  /** Why a worker gave the job back, the last time that one did. */
  trouble: v.nullable(v.string()),
});

/** How far a job is. */
export type JobProgress = v.InferOutput<typeof jobProgress>;

/** What a job that ended well says. */
export type JobResult = Pick<JobProgress, "made" | "existing" | "repeated" | "audioSeconds" | "seconds">;

/** What all jobs of a submission share. */
export type JobPlan = Pick<FleetJob, "version" | "voice" | "options" | "replaces" | "attempts">;

/**
 * A job of some files.
 *
 * @returns it and its id, which says how many files it has
 */
export function makeJob(plan: JobPlan, list: readonly FileOfJob[]): { id: string; data: FleetJob } {
  const inputs = commonStart(list.map(({ input }) => input));
  const outputs = commonStart(list.map(({ output }) => output));
  const { version, voice, options, replaces } = plan;
  const decisive = { version, voice: voice.digest, options: Object.entries(options).sort(), replaces, list };
  return {
    id: `${list.length}-files-${digestOf(JSON.stringify(decisive))}`,
    data: {
      ...plan,
      ...{ inputs, outputs },
      files: list.map(({ input, output, identity }) => [
        input.slice(inputs.length),
        output.slice(outputs.length),
        identity,
      ]),
    },
  };
}

/** How many files a job has, by its id. */
export function filesOfId(id: string): number {
  return Number(/^(\d+)-files-/.exec(id)?.[1] ?? 0);
}

/** A file of a job. */
export function fileOf({ inputs, outputs, files: list }: FleetJob, index: number): FileOfJob {
  const [input, output, identity] = list[index];
  return { input: inputs + input, output: outputs + output, identity };
}

/** What strings begin with, all of them. */
function commonStart(strings: readonly string[]): string {
  let start = strings[0];
  for (const each of strings) while (!each.startsWith(start)) start = start.slice(0, -1);
  return start;
}

/** A job that the queue gave; undefined for what is none. */
export function parseJob(data: unknown): FleetJob | undefined {
  const parsed = v.safeParse(fleetJob, data);
  return parsed.success ? parsed.output : undefined;
}

/** How far a job is that the queue gave: at its beginning where nothing is known. */
export function parseProgress(progress: unknown, total: number): JobProgress {
  const parsed = v.safeParse(jobProgress, progress);
  if (parsed.success && [...parsed.output.left, parsed.output.at ?? 0].every((index) => index < total))
    return parsed.output;
  return {
    ...{ left: Array.from({ length: total }, (_, index) => index), at: null, begun: {} },
    ...{ made: 0, existing: 0, repeated: 0, audioSeconds: 0, seconds: 0, failures: [], trouble: null },
  };
}

/** The failures of a job as work to be done once more. */
export function withFailuresLeft(progress: JobProgress): JobProgress {
  const again = progress.failures.map(([index]) => index);
  return {
    ...progress,
    left: [...progress.left, ...again],
    begun: {},
    at: null,
    failures: [],
    trouble: null,
  };
}

/** What a job with failures ends with, in words. */
export function failureText(job: FleetJob, { failures }: JobProgress): string {
  const [index, reason] = failures[0];
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : "";
  return `${failures.length} of ${job.files.length} files failed: '${fileOf(job, index).input}': ${reason}${more}`;
}

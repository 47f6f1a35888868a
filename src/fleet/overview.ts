// How a fleet's jobs stand: files done, failed and left, the speed of the last minutes and the time that is left. Most of
// it is read off the jobs' ids, so that a look at a million files stays cheap.
import { filesOfId, fileOf, parseJob, parseProgress } from "./job.js";
import type { JobQueue, QueuedJob } from "./queue.js";

/** A file that failed, and why. */
export interface FailedFile {
  readonly input: string;
  readonly reason: string;
}

/** How jobs stand. */
export interface Overview {
  readonly workers: number;
  readonly jobs: {
    readonly waiting: number;
    readonly active: number;
    readonly done: number;
    readonly failed: number;
  };
  readonly files: {
    readonly total: number;
    readonly done: number;
    readonly failed: number;
    readonly left: number;
  };
  readonly failures: readonly FailedFile[];
  /** Why workers gave jobs back that wait still. */
  readonly troubles: readonly string[];
  /** Files a second, of the jobs that ended last and of those at work; undefined where nothing tells it. */
  readonly filesPerSecond: number | undefined;
  /** Seconds of audio that come out in a second. */
  readonly timesRealTime: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** Jobs whose speed is looked at. */
const RECENT = 100;
const RECENT_MS = 600_000;
const PAGE = 1000;
const WAITING = ["waiting", "prioritized", "delayed"] as const;

/** Looks at the queue. */
export async function overviewOf(queue: JobQueue): Promise<Overview> {
  // a job that moves meanwhile is met in one of these at least, since they are asked in the order in which jobs move, and
  // those that wait twice: a job may go back
  const waitedBefore = await idsOf(queue, WAITING);
  const active = await queue.getJobs(["active"], 0, -1);
  const failed = await queue.getJobs(["failed"], 0, -1);
  const doneIds = new Set(await idsOf(queue, ["completed"]));
  const waitingIds = await idsOf(queue, WAITING);
  const [recent, nextUp, workers] = await Promise.all([
    queue.getJobs(["completed"], 0, RECENT - 1),
    queue.getJobs([...WAITING], 0, RECENT - 1),
    // some hosts of Redis do not list their clients
    queue.getWorkersCount().catch(() => 0),
  ]);
  const begun = new Map([...active, ...failed, ...nextUp].map((job) => [job.id ?? "", job]));
  for (const id of doneIds) begun.delete(id);
  const standing = [...begun.values()].map(standingOf);
  const total = filesIn(new Set([...waitedBefore, ...waitingIds, ...begun.keys(), ...doneIds]));
  const failures = standing.flatMap((each) => each.failures);
  const done = filesIn(doneIds) + standing.reduce((sum, each) => sum + each.done, 0);
  const left = Math.max(0, total - done - failures.length);
  const speed = speedOf(recent, active);
  return {
    workers,
    jobs: {
      ...{ waiting: waitingIds.length, active: active.length, done: doneIds.size, failed: failed.length },
    },
    files: { total, done, failed: failures.length, left },
    failures,
    troubles: [...new Set(standing.flatMap(({ trouble }) => (trouble === null ? [] : [trouble])))],
    ...speed,
    secondsLeft: speed.filesPerSecond === undefined ? undefined : left / speed.filesPerSecond,
  };
}

function filesIn(ids: ReadonlySet<string>): number {
  return [...ids].reduce((sum, id) => sum + filesOfId(id), 0);
}

async function idsOf(
  queue: JobQueue,
  states: readonly ("completed" | (typeof WAITING)[number])[],
): Promise<string[]> {
  const ids: string[] = [];
  for (let start = 0; ; start += PAGE) {
    const page = await queue.getRanges([...states], start, start + PAGE - 1);
    ids.push(...page);
    if (page.length === 0) break;
  }
  // a job that moves between two pages is there twice
  return [...new Set(ids)];
}

function standingOf({ data, progress }: QueuedJob): {
  done: number;
  failures: FailedFile[];
  trouble: string | null;
} {
  const job = parseJob(data);
  if (!job) return { done: 0, failures: [], trouble: null };
  const { made, existing, failures, trouble } = parseProgress(progress, job.files.length);
  return {
    ...{ done: made + existing, trouble },
    failures: failures.map(([index, reason]) => ({ input: fileOf(job, index).input, reason })),
  };
}

/** Clocks of several machines meet here: what they contradict each other in is left out. */
function speedOf(
  ended: readonly QueuedJob[],
  active: readonly QueuedJob[],
): Pick<Overview, "filesPerSecond" | "timesRealTime"> {
  const now = Date.now();
  let [files, audioSeconds, first, last] = [0, 0, Infinity, -Infinity];
  const take = (from: number | undefined, to: number, made: number, audio: number): void => {
    if (from === undefined || !(from <= to) || to > now + 1000 || now - to > RECENT_MS || made === 0) return;
    files += made;
    audioSeconds += audio;
    first = Math.min(first, from);
    last = Math.max(last, to);
  };
  for (const { processedOn, finishedOn, returnvalue } of ended)
    if (finishedOn !== undefined && returnvalue)
      take(processedOn, finishedOn, returnvalue.made, returnvalue.audioSeconds);
  for (const { processedOn, data, progress } of active) {
    const { made, audioSeconds: audio } = parseProgress(progress, parseJob(data)?.files.length ?? 0);
    take(processedOn, now, made, audio);
  }
  const seconds = (last - first) / 1000;
  if (!(seconds > 0.001)) return { filesPerSecond: undefined, timesRealTime: undefined };
  return { filesPerSecond: files / seconds, timesRealTime: audioSeconds / seconds };
}

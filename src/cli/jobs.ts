// `vocode jobs`: how the jobs of a fleet stand.
import { Command } from "commander";
import { type Overview, overviewOf } from "../fleet/overview.js";
import { QueueConnection } from "../fleet/queue.js";
import { type OutputOptions, printNote, printResult } from "./output.js";
import { duration } from "./status.js";
import { QUEUE_HELP, queueAddress } from "./submit.js";

interface JobsOptions extends OutputOptions {
  readonly queue?: string;
  readonly forget?: boolean;
}

const MOST_FAILURES = 20;

/** The command `vocode jobs`. */
export function jobsCommand(): Command {
  return new Command("jobs")
    .option("--queue <address>", QUEUE_HELP)
    .option("--forget", "take jobs out of the queue that ended well; results stay where they are")
    .option("--json", "print JSON")
    .option("--quiet", "no report on stderr")
    .action(run);
}

async function run(options: JobsOptions): Promise<void> {
  const address = queueAddress(options.queue);
  const connection = await QueueConnection.open(address);
  try {
    await connection.requireAnswer();
    const queue = connection.queue();
    const overview = await overviewOf(queue);
    printResult(options, { queue: address.name, ...overview }, () => textOf(overview));
    if (options.forget) {
      const forgotten = await queue.clean(0, 0, "completed");
      printNote(options, `${forgotten.length} jobs that are done were taken out.`);
    }
  } finally {
    await connection.close();
  }
}

function textOf({ workers, jobs, files, failures, troubles, ...speed }: Overview): string {
  const share = files.total === 0 ? "" : ` (${Math.floor((100 * files.done) / files.total)} %)`;
  const lines = [
    `files: ${files.done} of ${files.total} done${share}, ${files.failed} failed, ${files.left} left`,
    `jobs: ${jobs.done} done, ${jobs.active} at work, ${jobs.waiting} waiting, ${jobs.failed} with failures`,
    `workers: ${workers}`,
  ];
  const { filesPerSecond, timesRealTime, secondsLeft } = speed;
  if (filesPerSecond !== undefined && timesRealTime !== undefined && secondsLeft !== undefined)
    lines.push(
      `speed: ${filesPerSecond.toPrecision(3)} files a second, ${timesRealTime.toPrecision(3)}× real time` +
        (files.left > 0 ? `; ${duration(secondsLeft)} left` : ""),
    );
  if (files.left > 0 && workers === 0)
    lines.push("Nobody works on them: start 'vocode work' of this version of vocode.");
  for (const trouble of troubles) lines.push(`A worker gave a job back: ${trouble}`);
  if (failures.length > 0) lines.push("failed:");
  for (const { input, reason } of failures.slice(0, MOST_FAILURES))
    lines.push(`  ${reason.includes(`'${input}'`) ? reason : `'${input}': ${reason}`}`);
  if (failures.length > MOST_FAILURES)
    lines.push(`  … and ${failures.length - MOST_FAILURES} more; --json lists them all.`);
  if (failures.length > 0) lines.push("'vocode submit' with the same files tries them again.");
  return lines.join("\n");
}

// What a page's main thread does in one piece. The Long Tasks API measures from begin to end, also while other programs have
// the processor; Chromium's trace knows how long the thread itself computed, so that a machine with other work may judge.
import type { CDPSession, Page } from "playwright-core";

/** An event of the trace, as far as it is used here; times are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  /** Of the thread's own clock. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What is long for a task, in milliseconds, as the Long Tasks API has it. */
const LONG = 50;

/**
 * Tasks of the page's main thread that computed for 50 ms or more while something was done with it, in milliseconds, and how
 * many tasks there were.
 */
export async function longTasks(
  page: Page,
  use: () => Promise<void>,
): Promise<{ readonly long: number[]; readonly tasks: number }> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    for (const event of value) events.push(event as unknown as TraceEvent);
  });
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel"], excludedCategories: ["*"] },
  });
  await use();
  const complete = new Promise((resolve) => {
    session.on("Tracing.tracingComplete", resolve);
  });
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const threads = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events
    .filter(({ name, ph, pid, tid }) => ph === "X" && name === RUN_TASK && threads.has(`${pid} ${tid}`))
    .map(({ dur = 0, tdur = dur }) => tdur / 1000);
  return { long: tasks.filter((milliseconds) => milliseconds >= LONG), tasks: tasks.length };
}

/** The trace's name of a task as the event loop runs it. */
const RUN_TASK = "ThreadControllerImpl::RunTask";

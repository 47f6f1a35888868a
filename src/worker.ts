// What runs in a thread: the script that it was started with, and no other code. It lies beside the entry points, since a
// thread may be asked for any room's work.
import { parentPort, workerData } from "node:worker_threads";
import type { ScriptName, ThreadScript } from "./host.js";
import { serveOwner } from "./host/node/threads.js";

const scripts: Readonly<Record<ScriptName, () => Promise<ThreadScript>>> = {
  synthesis: async () => {
    const { synthesisScript } = await import("./synthesis/thread.js");
    return synthesisScript(async () => (await import("./host/node/sessions.js")).openModel);
  },
  measure: async () => (await import("./evaluation/clip-files.js")).measureScript,
  recordings: async () => (await import("./training/corpus/thread-tasks.js")).recordingsScript(),
};

if (parentPort) await serveOwner(parentPort, workerData, (script) => scripts[script]());

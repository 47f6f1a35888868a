// The tests for every run. Their files share two processes, and with them tfjs and the compiled program: half of the time
// went into loading those. A file named .alone.test.ts changes something that all share, and has a thread of
// its own in another process.
import { defineConfig } from "vitest/config";

const longOnes = "test/**/*.long.test.ts";
const alone = "test/**/*.alone.test.ts";

export default defineConfig({
  test: {
    globalSetup: ["test/support/graph-cache.ts"],
    setupFiles: ["test/support/turn-event-loop.ts"],
    testTimeout: 60_000,
    // hooks load voices and run the built program: a busy machine takes longer than the usual ten seconds
    hookTimeout: 60_000,
    // the built program is run as it is
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    maxWorkers: 2,
    // of the whole run: vitest reads it here alone
    poolOptions: { forks: { isolate: false } },
    projects: [
      { extends: true, test: { name: "shared", include: ["test/**/*.test.ts"], exclude: [longOnes, alone] } },
      { extends: true, test: { name: "alone", include: [alone], pool: "threads" } },
    ],
  },
});

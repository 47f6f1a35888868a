import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.long.test.ts"],
    globalSetup: ["test/support/graph-cache.ts"],
    setupFiles: ["test/support/turn-event-loop.ts"],
    testTimeout: 60_000,
    // hooks load voices and run the built program: a busy machine takes longer than the usual ten seconds
    hookTimeout: 60_000,
    // the built program is run as it is
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    maxWorkers: 2,
  },
});

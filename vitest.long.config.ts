// Tests that take too long for every run: parsers under mutation, the packed package installed from its tarball.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.long.test.ts"],
    globalSetup: ["test/support/graph-cache.ts"],
    setupFiles: ["test/support/turn-event-loop.ts"],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    // the built program is run as it is
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    maxWorkers: 2,
  },
});

// Preloaded with --require: at the end the main thread writes what the process used into the file that USAGE_FILE names,
// as JSON.
const { writeFileSync } = require("node:fs");
const process = require("node:process");
const { isMainThread } = require("node:worker_threads");

if (isMainThread) {
  process.on("exit", () => {
    writeFileSync(process.env.USAGE_FILE, JSON.stringify(process.resourceUsage()));
  });
}

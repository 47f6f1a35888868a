// Preloaded with --import, it notes each module that a process loads in the file that LOADED_MODULES names: one URL a
// line, those that are imported when they are loaded, those that are required at the end. Threads write there too.
import { appendFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

const file = process.env.LOADED_MODULES;

register("./module-log-hooks.js", { parentURL: import.meta.url, data: file });
process.on("exit", () => {
  const required = Object.keys(createRequire(import.meta.url).cache);
  appendFileSync(file, required.map((path) => `${pathToFileURL(path).href}\n`).join(""));
});

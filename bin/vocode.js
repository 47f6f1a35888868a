#!/usr/bin/env node
import { readFileSync, writeSync } from "node:fs";
import module from "node:module";

/** Answers --version from package.json alone. Where stdout cannot be written, the program says so. */
function printsVersion([, , option, ...others]) {
  if (!["-V", "--version"].includes(option) || others.length > 0) return false;
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  try {
    writeSync(1, `${version}\n`);
    return true;
  } catch {
    return false;
  }
}

if (!printsVersion(process.argv)) {
  // from Node 22.1 on, compiled code is kept for the next start
  module.enableCompileCache?.();
  const { main } = await import("../dist/cli/main.js");
  process.exitCode = await main(process.argv);
}

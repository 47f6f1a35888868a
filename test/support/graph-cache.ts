// Set up once for all test files: graphs that one test compiled are there for the others, in a folder that goes when all
// are done. The user's own cache is neither read nor filled.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes the folder, which the workers inherit by name, and returns what removes it. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "vocode-graphs-"));
  process.env["VOCODE_CACHE"] = folder;
  return () => {
    rmSync(folder, { recursive: true });
  };
}

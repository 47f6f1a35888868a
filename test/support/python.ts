// Python for tests that ask other programs: a virtual environment in a folder of the test's own, with some packages.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A Python with packages; with a fault where there is none here, for a test to be skipped with. */
export interface PythonEnvironment {
  readonly python: string;
  readonly fault?: string;
}

/** Makes the environment below a folder. */
export async function pythonWith(folder: string, packages: readonly string[]): Promise<PythonEnvironment> {
  const python = join(folder, "venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  try {
    await run("python3", ["-m", "venv", join(folder, "venv")]);
    await run(python, ["-m", "pip", "install", "--quiet", ...packages]);
    return { python };
  } catch (error) {
    const words = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return { python, fault: `no Python 3 with ${packages.join(", ")}: ${words}` };
  }
}

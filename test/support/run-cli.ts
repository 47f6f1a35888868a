// Runs the built command line as a person would: a process of its own, its words and its exit code.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));

/** What a run of the command line left behind. */
export interface CliRun {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code; null where a signal ended the process. */
  readonly code: number | null;
}

/** How to start the command line, where it differs from the test's own surroundings. */
export interface CliSurroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the process reads on stdin; it is closed without it. */
  readonly stdin?: string;
}

/**
 * Runs `vocode` with the given arguments and waits for its end; a non-zero exit code is a result, not an error.
 * It runs what is in dist/, which `npm run build` makes.
 *
 * @param args the arguments after the program's name
 */
export function runCli(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: surroundings.cwd,
      env: { ...process.env, ...surroundings.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ stdout, stderr, code });
    });
    child.stdin.end(surroundings.stdin ?? "");
  });
}

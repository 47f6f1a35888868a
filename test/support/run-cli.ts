// Runs the built command line. `runCli` calls its entry in this process, which spares each run the second that Node and
// the libraries take to start; `runProgram` starts a process of its own, for tests of pipes, signals and of the start.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));
const entry = new URL("../../dist/cli/main.js", import.meta.url).href;

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
}

/** The run before: the working folder and the streams belong to one run at a time. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `vocode` with the given arguments, after the runs that were begun before; a non-zero exit code is a result, not an
 * error. It runs what is in dist/, which `npm run build` makes.
 *
 * @param args the arguments after the program's name
 */
export function runCli(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  const run = last.then(() => runHere(args, surroundings));
  last = run.catch(() => undefined);
  return run;
}

async function runHere(args: readonly string[], { cwd, env }: CliSurroundings): Promise<CliRun> {
  const { main } = (await import(/* @vite-ignore */ entry)) as {
    main: (argv: readonly string[]) => Promise<number>;
  };
  const folder = process.cwd();
  const variables = { ...process.env };
  const [stdout, stderr] = [catchWords(process.stdout), catchWords(process.stderr)];
  const forget = rememberListeners();
  try {
    if (cwd !== undefined) process.chdir(cwd);
    Object.assign(process.env, env);
    const code = await main([process.execPath, program, ...args]);
    return { stdout: stdout.end(), stderr: stderr.end(), code };
  } finally {
    stdout.end();
    stderr.end();
    forget();
    process.exitCode = undefined;
    for (const name of Object.keys(process.env))
      if (!(name in variables)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, variables);
    process.chdir(folder);
  }
}

/** Keeps what is written to a stream, in place of writing it. */
function catchWords(stream: NodeJS.WriteStream): { readonly end: () => string } {
  const before = Object.getOwnPropertyDescriptor(stream, "write");
  const words: Buffer[] = [];
  stream.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    words.push(Buffer.from(chunk as string));
    const written = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    if (written) process.nextTick(written);
    return true;
  };
  return {
    end: () => {
      if (before) Object.defineProperty(stream, "write", before);
      else Reflect.deleteProperty(stream, "write");
      return Buffer.concat(words).toString("utf8");
    },
  };
}

/** The listeners of signals and of streams that are there now; the others are taken away by what it returns. */
function rememberListeners(): () => void {
  const watched = [
    ...["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"].map((event) => [process, event] as const),
    ...[process.stdout, process.stderr].map((stream) => [stream, "error"] as const),
  ].map(([emitter, event]) => [emitter as NodeJS.EventEmitter, event] as const);
  const known = watched.map(([emitter, event]) => new Set(emitter.rawListeners(event)));
  return () => {
    watched.forEach(([emitter, event], index) => {
      for (const listener of emitter.rawListeners(event)) {
        if (!known[index].has(listener)) emitter.off(event, listener as () => void);
      }
    });
  };
}

/**
 * Runs `vocode` in a process of its own, as a person would, with nothing on stdin, and waits for its end.
 *
 * @param args the arguments after the program's name
 */
export function runProgram(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
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
    child.stdin.end();
  });
}

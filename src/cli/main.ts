// The command line's entry: builds the program from one file a command, runs it, and turns errors into exit codes
// (0 done, 2 wrong use or bad input, 1 our fault, 130 Ctrl-C).
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { VocodeError } from "../errors.js";
import { removeUnfinishedFiles } from "../files/write-atomically.js";
import { style } from "./output.js";

/** The commands, in the order in which the help lists them. */
const commands: readonly (() => Command)[] = [];

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

function buildProgram(): Command {
  const program = new Command("vocode")
    .description("Mel spectrograms in and out of speech, with a diffusion vocoder.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(run with --help for the options)")
    .enablePositionalOptions();
  for (const create of commands) program.addCommand(create());
  const exitByThrowing = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(exitByThrowing);
  };
  exitByThrowing(program);
  return program;
}

/** Ends the process at once at Ctrl-C or a polite kill, leaving no temporary files behind. */
function cleanUpOnSignals(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      removeUnfinishedFiles();
      process.exit(code);
    });
  }
  // a reader that closes the pipe early (head) is no error
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

/**
 * Runs the command line.
 *
 * @param argv the process's arguments, the first two being Node and the script
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  cleanUpOnSignals();
  try {
    await buildProgram().parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof VocodeError) {
      process.stderr.write(`${style("red", "vocode:")} ${error.message}\n`);
      return error.exitCode;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${style("red", "vocode: internal error, please report it:")}\n${text}\n`);
    return 1;
  }
}

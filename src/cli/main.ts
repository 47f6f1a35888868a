// The command line's entry: builds the program from one file a command, runs it, and turns errors into exit codes
// (0 done, 2 wrong use or bad input, 1 our fault, 130 Ctrl-C).
import { Command, CommanderError } from "commander";
import { VocodeError } from "../errors.js";
import { describeSystemError } from "../files/system-error.js";
import { removeUnfinishedFiles } from "../files/write-atomically.js";
import { benchCommand } from "./bench.js";
import { compareCommand } from "./compare.js";
import { corpusCommand } from "./corpus.js";
import { enginesCommand } from "./engines.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { infoCommand } from "./info.js";
import { melCommand } from "./mel.js";
import { style } from "./output.js";
import { pitchCommand } from "./pitch.js";
import { reportCommand } from "./report.js";
import { scheduleCommand } from "./schedule.js";
import { synthesizeCommand } from "./synthesize.js";
import { toyCommand } from "./toy.js";
import { trainCommand } from "./train.js";
import { tuneCommand } from "./tune.js";
import { vocodeVersion } from "./version.js";

/** The commands, in the order in which the help lists them. */
const commands: readonly (() => Command)[] = [
  synthesizeCommand,
  melCommand,
  infoCommand,
  pitchCommand,
  corpusCommand,
  trainCommand,
  reportCommand,
  evaluateCommand,
  compareCommand,
  tuneCommand,
  benchCommand,
  exportCommand,
  scheduleCommand,
  toyCommand,
  enginesCommand,
];

function buildProgram(): Command {
  const program = new Command("vocode")
    .description("Mel spectrograms in and out of speech, with a diffusion vocoder.")
    .version(vocodeVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(vocode --help lists the commands)")
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error:/, style("red", "vocode:")));
      },
    })
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false);
  for (const create of [...commands, helpCommand]) {
    const command = create().copyInheritedSettings(program);
    program.addCommand(command.showHelpAfterError(`(vocode ${command.name()} --help lists what it takes)`));
  }
  return program;
}

/** `vocode help [command]`; commander's own answers a wrong name with the whole help and no word about it. */
function helpCommand(): Command {
  return new Command("help")
    .description("print the help of a command")
    .argument("[command]", "its name")
    .action((name: string | undefined, _: unknown, { parent }: Command) => {
      const found = name === undefined ? parent : parent?.commands.find((command) => command.name() === name);
      if (!found) parent?.error(`error: unknown command '${name}'`);
      found?.help();
    });
}

/** Ends the process at once at Ctrl-C or a polite kill, leaving no temporary files behind. */
function cleanUpOnSignals(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.once(signal, () => {
      removeUnfinishedFiles();
      process.exit(code);
    });
  }
}

/** What happens where nobody reads the program's words, or a file that they go to cannot take them. */
function survivePipes(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    removeUnfinishedFiles();
    // a reader that closes the pipe early (head) is no error
    if (error.code === "EPIPE") process.exit(0);
    process.exit(report(describeSystemError(error, "standard output")));
  });
  // the work goes on without a reader of its notes
  process.stderr.on("error", () => undefined);
}

/** Prints an error and returns its exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof VocodeError) {
    process.stderr.write(`${style("red", "vocode:")} ${error.message}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${style("red", "vocode: internal error, please report it:")}\n${text}\n`);
  return 1;
}

/** `vocode in.mel out.wav` means `vocode synthesize in.mel out.wav`. */
function withMainCommand(argv: readonly string[], program: Command): string[] {
  const [node, script, first, ...rest] = argv;
  const named = program.commands.some((command) => command.name() === first);
  const ofProgram = ["-h", "--help", "-V", "--version"].includes(first ?? "");
  // a single word is more likely a mistyped command than an input without an output
  if (first === undefined || named || ofProgram || rest.length === 0) return [...argv];
  return [node, script, "synthesize", first, ...rest];
}

/**
 * Runs the command line.
 *
 * @param argv the process's arguments, the first two being Node and the script
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  cleanUpOnSignals();
  survivePipes();
  try {
    const program = buildProgram();
    await program.parseAsync(withMainCommand(argv, program));
    // a command that was stopped politely says so itself
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error);
  }
}

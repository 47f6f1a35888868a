// The command line's entry: loads the command that is asked for, runs it, and turns errors into exit codes
// (0 done, 2 wrong use or bad input, 1 our fault, 130 Ctrl-C).
import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { VocodeError } from "../errors.js";
import { removeUnfinishedFiles } from "../host/node/write-files.js";
import { commands } from "./commands.js";
import { describeStdoutError, style, vocodeVersion } from "./output.js";

/**
 * Builds the program.
 *
 * @param wanted the command that is loaded; the others stand in the list, and for a wrong name to be compared with
 * @param addition what is said of an unknown command besides
 */
async function buildProgram(wanted: string | undefined, addition = ""): Promise<Command> {
  const takes = new Map(commands.map((command) => [command.name, command.takes]));
  const program = new Command("vocode")
    .description("Mel spectrograms in and out of speech, with a diffusion vocoder.")
    .version(vocodeVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(vocode --help lists the commands)")
    .configureOutput({
      outputError: (text, write) => {
        const told = text.replace(/unknown command '[^']*'/, (fault) => `${fault}${addition}`);
        write(told.replace(/^error:/, style("red", "vocode:")));
      },
    })
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false);
  for (const { name, summary, load } of commands) {
    const create = name === wanted ? await load() : () => new Command(name);
    add(program, create().description(summary));
  }
  add(program, helpCommand());
  return program.configureHelp({
    subcommandTerm: (command) => `${command.name()} ${takes.get(command.name()) ?? "[command]"}`,
  });
}

function add(program: Command, command: Command): void {
  program.addCommand(
    command
      .copyInheritedSettings(program)
      .showHelpAfterError(`(vocode ${command.name()} --help lists what it takes)`),
  );
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
    process.exit(report(describeStdoutError(error)));
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
function withMainCommand(argv: readonly string[]): readonly string[] {
  const [node, script, first, ...rest] = argv;
  const ofProgram = ["help", "-h", "--help", "-V", "--version"].includes(first ?? "");
  if (first === undefined || isCommand(first) || ofProgram || isMistyped(first)) return argv;
  if (first.startsWith("-") && rest.length === 0) return argv;
  return [node, script, "synthesize", first, ...rest];
}

/** Whether a word is more likely a command than an input: it has no ending, and there is no such file. */
function isMistyped(word: string): boolean {
  return /^[\w-]*\w$/.test(word) && !word.startsWith("-") && !existsSync(word);
}

function isCommand(name: string): boolean {
  return commands.some((command) => command.name === name);
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
    const given = withMainCommand(argv);
    // 'vocode help mel' prints what mel takes
    const isAmongOthers = given.length > 3 && given[2] !== "help";
    const program = await buildProgram(
      given[2] === "help" ? given[3] : given[2],
      isAmongOthers ? ", and there is no file or folder of that name" : "",
    );
    await program.parseAsync(given);
    // a command that was stopped politely says so itself
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error);
  }
}

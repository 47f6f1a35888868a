// `vocode completion SHELL`: a script that completes commands, their options and the words that these take, for bash, zsh
// and fish. It is written out of the commands themselves, so that it knows each option that they have.
import { type Argument, Command, type Option } from "commander";
import type { ListedCommand } from "./commands.js";

const shells = ["bash", "zsh", "fish"] as const;

/** One command as a shell has to know it. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** The words that its first argument can be, where it has a list. */
  readonly words: readonly string[];
}

/**
 * The command.
 *
 * @param commands all of them, to be completed
 */
export function completionCommand(commands: () => readonly ListedCommand[]): Command {
  return new Command("completion")
    .addArgument(new Command().createArgument("<shell>", "whose script it is").choices(shells))
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode completion bash > ~/.local/share/bash-completion/completions/vocode
  vocode completion zsh > "\${fpath[1]}/_vocode"
  vocode completion fish > ~/.config/fish/completions/vocode.fish`,
    )
    .action(async (shell: (typeof shells)[number], options: { readonly json?: boolean }) => {
      const script = scripts[shell](await completed(commands()));
      process.stdout.write(options.json ? `${JSON.stringify({ shell, script })}\n` : script);
    });
}

async function completed(commands: readonly ListedCommand[]): Promise<Completed[]> {
  return Promise.all(
    commands.map(async ({ name, summary, load }) => {
      const { options, registeredArguments } = (await load())();
      const [first] = registeredArguments as readonly (Argument | undefined)[];
      return { name, summary, options, words: first?.argChoices ?? [] };
    }),
  );
}

/** The names of an option as they are typed: --steps, or -o and --out. */
function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Text in single quotes, as all three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bashScript(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const choices = commands.flatMap(({ name, options }) =>
    options
      .filter(({ argChoices }) => argChoices)
      .map((option) => {
        const patterns = namesOf(option).map((each) => `${name}:${each}`);
        return `    ${patterns.join("|")}) COMPREPLY=($(compgen -W ${quoted(option.argChoices!.join(" "))} -- "$word")); return ;;`;
      }),
  );
  const lists = commands.map(
    ({ name, options }) => `    ${name}) options=${quoted(options.flatMap(namesOf).join(" "))} ;;`,
  );
  const words = commands
    .filter(({ words }) => words.length > 0)
    .map(({ name, words }) => `    ${name}) words=${quoted(words.join(" "))} ;;`);
  return `# bash completion for vocode
_vocode() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="\${COMP_WORDS[1]}" options="" words=""
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(names)} -- "$word") $(compgen -f -- "$word"))
    return
  fi
  case " ${names} " in *" $command "*) ;; *) command=synthesize ;; esac
  case "$command:$before" in
${choices.join("\n")}
  esac
  case "$command" in
${lists.join("\n")}
  esac
  case "$command" in
${[...words, "    *) ;;"].join("\n")}
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _vocode vocode
`;
}

function zshScript(commands: readonly Completed[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  // what _arguments reads specially within a description
  const plain = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");
  const specs = ({ options }: Completed): string[] =>
    options.flatMap((option) => {
      const takes = option.required || option.optional;
      const values = option.argChoices ? `(${option.argChoices.join(" ")})` : "_files";
      return namesOf(option).map((name) =>
        quoted(`${name}[${plain(option.description)}]${takes ? `:value:${values}` : ""}`),
      );
    });
  const cases = commands.map((command) => {
    const rest = command.words.length > 0 ? `*:word:(${command.words.join(" ")})` : "*:file:_files";
    return `    ${command.name}) _arguments ${[...specs(command), quoted(rest)].join(" ")} ;;`;
  });
  return `#compdef vocode
_vocode() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _files
    return
  fi
  local command=$words[2]
  # an input in place of a command is synthesised
  ((\${commands[(I)$command:*]})) || command=synthesize
  shift words
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _vocode ]]; then _vocode "$@"; else compdef _vocode vocode; fi
`;
}

function fishScript(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = commands.flatMap(({ name, summary, options, words }) => {
    const isSeen = quoted(`__fish_seen_subcommand_from ${name}`);
    const isMain = name === "synthesize" ? quoted(`not __fish_seen_subcommand_from ${names}`) : undefined;
    const conditions = [isSeen, ...(isMain === undefined ? [] : [isMain])];
    return [
      `complete -c vocode -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...(words.length > 0 ? [`complete -c vocode -n ${isSeen} -f -a ${quoted(words.join(" "))}`] : []),
      ...conditions.flatMap((condition) =>
        options.map((option) => {
          const takes = option.required || option.optional;
          const values = option.argChoices
            ? ` -xa ${quoted(option.argChoices.join(" "))}`
            : takes
              ? " -r"
              : "";
          const long = option.long === undefined ? "" : ` -l ${option.long.slice(2)}`;
          const short = option.short === undefined ? "" : ` -s ${option.short.slice(1)}`;
          return `complete -c vocode -n ${condition}${long}${short}${values} -d ${quoted(option.description)}`;
        }),
      ),
    ];
  });
  return `# fish completion for vocode\n${lines.join("\n")}\n`;
}

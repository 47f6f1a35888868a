// Where a command's words go: results on stdout, progress and reports on stderr; --json and --quiet decide how much.
import { FileError, InputError } from "../errors.js";
import { describeForeignFiles, describeSystemError, isFolder } from "../host/node/read-files.js";
import { readFileSync } from "node:fs";

// The version of this vocode.

/** The version in package.json. */
export function vocodeVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

// Inputs that could not be used, where a command goes on with the others and names them at the end.

const MOST_LISTED = 20;

/** An input and why it could not be used. */
export interface Failure {
  readonly input: string;
  readonly error: string;
}

/** Some of a command's inputs could not be used; what the others gave was written or printed. */
export class FailedInputsError extends InputError {
  /** @param noun what the inputs are, in the plural: "recordings" */
  constructor(
    readonly failures: readonly Failure[],
    readonly total: number,
    noun: string,
  ) {
    const more = failures.length - MOST_LISTED;
    super(
      [
        `${failures.length} of ${total} ${noun} could not be used:`,
        ...failures.slice(0, MOST_LISTED).map((failure) => `  ${sentence(failure)}`),
        ...(more > 0 ? [`  … and ${more} more; --json lists them all.`] : []),
      ].join("\n"),
    );
  }
}

/** Most errors name their file; the others get it put in front. */
function sentence({ input, error }: Failure): string {
  return error.includes(`'${input}'`) ? error : `'${input}': ${error}`;
}

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What stdout's owner should know where it could not be written: it is no file of ours, so its beginning is still there. */
export function describeStdoutError(error: unknown): unknown {
  const described = describeSystemError(error, "standard output");
  if (!(described instanceof FileError) || described.code !== "ENOSPC") return described;
  const message = "Standard output could not be written: the disk is full. What it holds was cut off.";
  return new FileError(message, "standard output", described.code, { cause: error });
}

/** Prints a command's result on stdout: as one JSON document with --json, else as the text given. */
export function printResult(options: OutputOptions, value: unknown, text: () => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text().trimEnd()}\n`);
}

/** Prints a note on stderr, unless --quiet. */
export function printNote(options: OutputOptions, text: string): void {
  if (!options.quiet) process.stderr.write(`${text.trimEnd()}\n`);
}

/** Whether stderr is a person's terminal where colours and progress bars belong (honours NO_COLOR and TERM=dumb). */
export function isInteractive(): boolean {
  return process.stderr.isTTY && process.env["TERM"] !== "dumb";
}

/** Wraps text in an ANSI style on an interactive terminal without NO_COLOR; elsewhere the text comes back as it is. */
export function style(code: "bold" | "dim" | "red" | "yellow", text: string): string {
  if (!isInteractive() || process.env["NO_COLOR"]) return text;
  const codes = { bold: 1, dim: 2, red: 31, yellow: 33 } as const;
  return `\u001b[${codes[code]}m${text}\u001b[0m`;
}

/** Columns of cells as aligned lines; the first row is the head. Numbers should come formatted; they align right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const numeric = widths.map((_, column) =>
    rows.slice(1).every((row) => /^[-+−]?[\d.,∞–-][\d.,eE+∞-]*$|^$/.test(row[column] ?? "")),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Notes on inputs, each said once with the inputs that it is about. */
export function groupedNotes(notes: readonly { readonly input: string; readonly note: string }[]): string[] {
  const inputs = new Map<string, string[]>();
  for (const { input, note } of notes) inputs.set(note, [...(inputs.get(note) ?? []), input]);
  return [...inputs].map(([note, [first, ...others]]) => {
    if (others.length === 0) return `${first}: ${note}`;
    return `${first} and ${others.length} ${others.length === 1 ? "other" : "others"}: ${note}`;
  });
}

/** Says how many files in a folder hold sound that is not read; of a file, nothing. */
export async function printForeignFiles(path: string, options: OutputOptions): Promise<void> {
  const text = (await isFolder(path)) ? await describeForeignFiles(path) : undefined;
  if (text !== undefined) printNote(options, `${path}: ${text}`);
}

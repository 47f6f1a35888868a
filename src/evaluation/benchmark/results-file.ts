// A benchmark's results as they come: one JSON line for what is measured, then one for each measurement. A benchmark
// that was stopped is continued by leaving out what the file already holds; a line that was cut off is dropped.
import { appendFile, truncate } from "node:fs/promises";
import { InputError } from "../../errors.js";
import { parseFields, parseJson, type Refusal } from "../../formats/json-fields.js";
import { describeSystemError, readWholeFile, systemCode } from "../../host/node/read-files.js";
import { writeAtomically } from "../../host/node/write-files.js";
import { type BenchmarkHead, type BenchmarkLine, headSchema, parseLine } from "./lines.js";

/** A results file that belongs to something else. */
export class OtherBenchmarkError extends InputError {
  constructor(
    readonly path: string,
    difference: string,
  ) {
    super(
      `'${path}' holds results that do not belong here: ${difference}. Name another file with --results, or remove it.`,
    );
  }
}

/** A results file. */
export class ResultsFile {
  readonly path: string;
  readonly lines: BenchmarkLine[];

  private constructor(path: string, lines: BenchmarkLine[]) {
    this.path = path;
    this.lines = lines;
  }

  /**
   * Opens a file to continue, or begins one.
   *
   * @throws OtherBenchmarkError where it holds results of something else, FileError
   */
  static async open(path: string, head: BenchmarkHead): Promise<ResultsFile> {
    const text = await textOf(path);
    if (text === undefined || text === "") {
      await writeAtomically(path, `${JSON.stringify(head)}\n`);
      return new ResultsFile(path, []);
    }
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [first, ...rest] = whole.split("\n").filter((line) => line !== "");
    const difference = differenceOf(first ?? "", head, path);
    if (difference !== undefined) throw new OtherBenchmarkError(path, difference);
    const lines = rest.map((line, i) =>
      parseLine(
        line,
        (fault) => new OtherBenchmarkError(path, `line ${i + 2} is no measurement: it ${fault}`),
      ),
    );
    if (whole.length < text.length) await truncate(path, new TextEncoder().encode(whole).length);
    return new ResultsFile(path, lines);
  }

  /** Adds a measurement. @throws FileError */
  async add(line: BenchmarkLine): Promise<void> {
    this.lines.push(line);
    try {
      await appendFile(this.path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw describeSystemError(error, this.path);
    }
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readWholeFile(path));
  } catch (error) {
    if (systemCode(error) === "ENOENT" || (error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The first thing in which the head that a file begins with differs from the wanted one, in words. */
function differenceOf(line: string, wanted: BenchmarkHead, path: string): string | undefined {
  const refusal: Refusal = () => new OtherBenchmarkError(path, "it is no benchmark");
  const found = parseFields(headSchema, parseJson(line, refusal), "it", refusal);
  for (const key of Object.keys(wanted) as (keyof BenchmarkHead)[]) {
    const [was, is] = [found[key], wanted[key]].map((value) => JSON.stringify(value));
    if (was !== is) return `its ${key} is ${was}, and here it is ${is}`;
  }
  return undefined;
}

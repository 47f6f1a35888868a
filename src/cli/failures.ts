// Inputs that could not be used, where a command goes on with the others and names them at the end.
import { InputError } from "../errors.js";

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

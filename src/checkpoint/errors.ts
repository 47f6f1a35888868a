// What can be wrong with a checkpoint.
import { InputError } from "../errors.js";

/** A checkpoint cannot be used. */
export class CheckpointError extends InputError {
  /** @param problem a clause about the file, such as "is not JSON" */
  constructor(
    readonly path: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The checkpoint's file '${path}' ${problem}.`, options);
  }
}

/** A checkpoint's weights are not those that its configuration asks for. */
export class WeightsError extends CheckpointError {
  constructor(
    path: string,
    /** Each a sentence part: a name, and what is wrong with it. */
    readonly differences: readonly string[],
  ) {
    const shown = differences.slice(0, 5).join("; ");
    const more = differences.length > 5 ? `; and ${differences.length - 5} more` : "";
    super(path, `does not hold the weights that config.json asks for: ${shown}${more}`);
  }
}

// The errors that vocode throws on purpose. Each room derives its own classes, with the measured facts as fields;
// the command line maps the two families to exit codes: a person's input is 2, everything else is our fault and 1.

/** Base of every error that vocode raises deliberately. `message` states the measured fact and the way out. */
export abstract class VocodeError extends Error {
  /** Exit code of the command line: 2 wrong use or bad input, 1 our fault. */
  abstract readonly exitCode: 1 | 2;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The input (a file, an option, an argument of a function) cannot be used as it is. */
export class InputError extends VocodeError {
  readonly exitCode = 2;
}

/** A file or folder cannot be read or written: `path` is the one, `code` the system's word (ENOENT, ENOSPC, …). */
export class FileError extends InputError {
  constructor(
    message: string,
    readonly path: string,
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

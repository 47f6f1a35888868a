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

// What can go wrong with a training run, through no fault of ours.

/** No recording is as long as a crop. */
export class NothingToTrainOnError extends InputError {
  constructor(readonly cropFrames: number) {
    super(
      `None of the recordings to train on has ${cropFrames} mel frames. ` +
        "Take longer recordings, or a smaller 'cropFrames', or 'finishCropFrames'.",
    );
  }
}

/** The loss was no number again and again, whatever batch it was computed of, or the error grew beyond that of silence. */
export class DivergedError extends InputError {
  constructor(
    readonly step: number,
    readonly faults: number,
    what: "loss" | "measured error" = "loss",
  ) {
    super(
      (what === "loss"
        ? `Training went wrong: the loss was no number in ${faults} steps up to step ${step}. `
        : `Training went wrong: the last ${faults} measurements up to step ${step} were worse than those of silence. `) +
        "Begin again with lower rates, such as --set muonRate=0.005 --set adamWRate=0.0003, or with --finish those that " +
        "begin with 'finish'.",
    );
  }
}

/** A value for a setting that the setting cannot take, or no such setting. */
export class TrainConfigError extends InputError {}

/** A folder holds no run, or one that cannot be continued. */
export class RunError extends InputError {}

// What can go wrong between a function of tensors and the engine that should run it.

/** A function uses a tfjs kernel that the graph engine cannot write as ONNX. */
export class UnsupportedKernelError extends VocodeError {
  readonly exitCode = 1;

  /**
   * @param kernel tfjs's name of the kernel
   * @param calledAt the caller's stack frame, "function (file:line:column)"
   */
  constructor(
    readonly kernel: string,
    readonly calledAt: string,
    detail = "",
  ) {
    super(
      `The graph engine has no ONNX form of tfjs's kernel ${kernel}${detail}, used at ${calledAt}. ` +
        "Write it with other ops, or choose --engine javascript or tensorflow.",
    );
  }
}

/** A function looked at a tensor's values while it was traced: then its graph would hold for these values only. */
export class ReadWhileTracingError extends VocodeError {
  readonly exitCode = 1;

  constructor(readonly calledAt: string) {
    super(
      `A traced function read a tensor's values at ${calledAt}; while tracing there are none. ` +
        "Use tensor operations instead of data(), dataSync() and array().",
    );
  }
}

/** A function's graph does not follow the frame count in a way that one graph could hold. */
export class FrameDependenceError extends VocodeError {
  readonly exitCode = 1;

  /** @param detail what differs between the traces, and where */
  constructor(readonly detail: string) {
    super(
      `One graph for every frame count is impossible: ${detail}. ` +
        "Give the signature a fixed size, or make the function's shapes linear in the frame count.",
    );
  }
}

/** Values that are given to a compiled function, or returned by it, do not fit its signature. */
export class SignatureError extends VocodeError {
  readonly exitCode = 1;

  constructor(
    readonly tensor: string,
    message: string,
  ) {
    super(message);
  }
}

/** The engine or device that was asked for cannot be used on this machine. */
export class EngineUnavailableError extends InputError {
  constructor(
    readonly engine: string,
    readonly reason: string,
  ) {
    super(`The engine '${engine}' is not available: ${reason} 'vocode engines' lists what is.`);
  }
}

// What can be wrong with a checkpoint.

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

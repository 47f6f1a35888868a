// What can go wrong between a function of tensors and the engine that should run it.
import { InputError, VocodeError } from "../errors.js";

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

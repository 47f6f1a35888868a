// The graph engine: a function is traced to ONNX, which onnxruntime optimises and runs.
import type { Program, Runtime, Signature, TensorFunction } from "../runtime.js";
import { GraphProgram } from "./graph-program.js";
import { openSession, type SessionTarget } from "./session.js";

/** The engine on one device of onnxruntime. */
export class GraphRuntime implements Runtime {
  readonly engine = "graph";

  constructor(private readonly target: SessionTarget) {}

  get device(): string {
    return this.target.device;
  }

  get threads(): number {
    return this.target.threads;
  }

  get cacheFolder(): string | undefined {
    return this.target.cacheFolder;
  }

  async compile(fn: TensorFunction, signature: Signature): Promise<Program> {
    // onnxruntime has these products for the CPU only
    const given = this.device === "cpu" ? signature : { ...signature, quantised: {} };
    const session = await openSession(this.target, given, async () => {
      // loaded here, since a graph from the cache needs no tracer
      const { traceToOnnx } = await import("./trace-to-onnx.js");
      return traceToOnnx(fn, given);
    });
    return new GraphProgram(session, signature);
  }
}

// The graph engine: a function is traced to ONNX, which onnxruntime optimises and runs.
import type { CopiedProgram, Program, Runtime, Signature, TensorFunction } from "../runtime.js";
import { GraphProgram } from "./graph-program.js";
import { openSession, type SessionTarget } from "./session.js";

/** The engine on one device of onnxruntime. */
export class GraphRuntime implements Runtime {
  readonly engine = "graph";

  constructor(private readonly target: Omit<SessionTarget, "freesMemory">) {}

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
    return (await this.compileWithCopy(fn, signature)).program;
  }

  async compileWithCopy(fn: TensorFunction, signature: Signature): Promise<CopiedProgram> {
    // onnxruntime has these products for the CPU only
    const given = this.device === "cpu" ? signature : { ...signature, quantised: {} };
    const { inputs, state, freesMemory = false } = signature;
    const target = { ...this.target, freesMemory };
    const { session, ...model } = await openSession(target, given, async () => {
      // loaded here, since a graph from the cache needs no tracer
      const { traceToOnnx } = await import("./trace-to-onnx.js");
      return traceToOnnx(fn, given);
    });
    return {
      program: new GraphProgram(session, { inputs, ...(state && { state }) }),
      copy: { ...model, signature: { inputs, freesMemory } },
    };
  }
}

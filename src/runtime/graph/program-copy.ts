// A function that another thread has compiled, opened on this one. It loads no tracer and needs no weights.
import type { Program, ProgramCopy } from "../runtime.js";
import { GraphProgram } from "./graph-program.js";
import { openModel } from "./session.js";

/** Opens a copy on the CPU, to compute on the thread that calls it. */
export async function openCopy({ signature, ...model }: ProgramCopy): Promise<Program> {
  const { freesMemory = false } = signature;
  const { session } = await openModel(model, { device: "cpu", threads: 1, freesMemory });
  return new GraphProgram(session, signature);
}

// The options by which a command chooses the engine, and the runtime they open.
import { type Command, Option } from "commander";
import type { RuntimeOptions } from "../runtime/engines.js";
import {
  type DeviceName,
  deviceNames,
  type EngineName,
  engineNames,
  type Runtime,
} from "../runtime/runtime.js";
import { wholeNumber } from "./number-option.js";

/** What `addEngineOptions` adds to a command's options. */
export interface EngineOptions {
  readonly engine: EngineName | "auto";
  readonly device?: DeviceName;
  readonly threads?: number;
}

/** Adds --engine, --device and --threads to a command. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <name>", "what computes; 'vocode engines' lists what works here")
        .choices(["auto", ...engineNames])
        .default("auto"),
    )
    .addOption(
      new Option("--device <name>", "where the engine computes (default: its best)").choices(deviceNames),
    )
    .option(
      "--threads <n>",
      "threads of the graph engine (default: one for each processor)",
      wholeNumber(1, 1024),
    );
}

/**
 * Opens the runtime that the options ask for.
 *
 * @param more what no command line says
 * @throws EngineUnavailableError if it cannot be used here
 */
export async function openChosenRuntime(
  options: EngineOptions,
  more: Pick<RuntimeOptions, "flushesDenormals"> = {},
): Promise<Runtime> {
  // loaded here, so that a command's help does not wait for the engines
  const { openRuntime } = await import("../runtime/engines.js");
  return openRuntime({ ...engineOf(options), ...more });
}

/** The engine's options alone, of a command's. */
export function engineOf({ engine, device, threads }: EngineOptions): EngineOptions {
  return {
    engine,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  };
}

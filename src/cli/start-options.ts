// The options that say what a process starts from.
import { type Command, Option } from "commander";
import { type TunedStart, tunedStarts } from "../checkpoint/tunings.js";
import { anyNumber } from "./number-option.js";

/** What `addStartOptions` adds to a command's options. */
export interface StartOptions {
  readonly start?: TunedStart;
  /** λ₀ of a harmonic start. */
  readonly startLevel?: number;
}

/** Adds --start and --start-level to a command. */
export function addStartOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--start <name>",
        "what the steps begin from: pulses of the voice's pitch, or white noise (default: harmonic where the model can)",
      ).choices(tunedStarts),
    )
    .option(
      "--start-level <λ>",
      "log-SNR that a harmonic start is diffused to (default: as tuned, or 0)",
      anyNumber,
    );
}

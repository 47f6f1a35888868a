// vocode engines: what can compute on this machine, and why the rest cannot.
import { Command } from "commander";
import { type OutputOptions, printResult, table } from "./output.js";

/** The command `vocode engines`. */
export function enginesCommand(): Command {
  return new Command("engines")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .action(async (options: OutputOptions) => {
      // loaded here, so that other commands do not wait for the engines
      const { listEngines } = await import("../host/node/engines.js");
      const engines = await listEngines();
      printResult(options, engines, () =>
        table([
          ["engine", "device", "works", "detail"],
          ...engines.map(({ engine, device, available, detail }) => [
            engine,
            device,
            available ? "yes" : "no",
            detail,
          ]),
        ]),
      );
    });
}

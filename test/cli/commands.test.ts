// The list of commands: plain data that has to say what the commands themselves do, and that loads none of them.
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { runProgram } from "../support/run-cli.js";

describe("the list of commands", () => {
  it.each(commands)("says of $name what it takes", async ({ name, takes, load }) => {
    const command = (await load())();
    expect(command.name()).toBe(name);
    expect(new Command().createHelp().subcommandTerm(command)).toBe(`${name} ${takes}`);
  });

  it("is the program's help, each command with its summary", async () => {
    const { stdout, code } = await runProgram(["--help"]);
    expect(code).toBe(0);
    const listed = stdout.split("Commands:\n")[1].split("\n").filter(Boolean);
    expect(listed.map((line) => line.trim().replace(/ {2,}/, ": "))).toEqual([
      ...commands.map(({ name, takes, summary }) => `${name} ${takes}: ${summary}`),
      "help [command]: print the help of a command",
    ]);
  });

  it("heads the help of a command with its summary", async () => {
    const { stdout } = await runProgram(["help", "mel"]);
    expect(stdout).toContain(commands.find(({ name }) => name === "mel")!.summary);
  });
});

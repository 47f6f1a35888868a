// The compiler of somebody who uses the package: strict, with Node's types and no others, and every declaration checked.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const typeRoots = [join(dirname(fileURLToPath(import.meta.url)), "..", "..", "node_modules", "@types")];

/** What a consumer's compiler says of files, and which files it read. */
export function checkAsConsumer(files: readonly string[]): { faults: string[]; read: string[] } {
  const program = ts.createProgram(files, {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts"],
    types: ["node"],
    typeRoots,
    skipLibCheck: false,
    noEmit: true,
  });
  return {
    faults: ts
      .getPreEmitDiagnostics(program)
      .map(
        ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
      ),
    read: program.getSourceFiles().map(({ fileName }) => fileName),
  };
}

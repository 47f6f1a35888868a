// The compiler of somebody who uses the package: strict, with Node's types and no others, and every declaration checked.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));
const settings = {
  strict: "true",
  module: "nodenext",
  target: "es2022",
  lib: "es2023",
  types: "node",
  typeRoots: join(packages, "@types"),
  skipLibCheck: "false",
  noEmit: "true",
  listFiles: "true",
};

/** What a consumer's compiler says of a file, and which files it read. */
export function checkAsConsumer(file: string): Promise<{ faults: string[]; read: string[] }> {
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return new Promise((resolve) => {
    // a process of its own, since it takes long; it ends with another code than 0 where there are faults
    execFile(
      process.execPath,
      [join(packages, "typescript", "bin", "tsc"), ...words, file],
      { maxBuffer: 2 ** 26 },
      (_, stdout) => {
        const lines = stdout.split("\n").filter((line) => line !== "");
        const isFault = (line: string): boolean => line.includes("error TS");
        resolve({ faults: lines.filter(isFault), read: lines.filter((line) => !isFault(line)) });
      },
    );
  });
}

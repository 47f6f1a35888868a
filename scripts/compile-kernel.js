// Compiles an AssemblyScript kernel to WebAssembly. Its files end in .as, so that TypeScript's tools leave them alone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";

/**
 * Compiles index.as and what it imports.
 *
 * @param {string} folder where the sources are
 * @returns {Promise<Uint8Array>} the module's bytes
 */
export async function compileKernel(folder) {
  let bytes;
  const { error, stderr } = await asc.main(
    ["index.ts", "--outFile", "kernel.wasm", "--runtime", "stub", "-O3", "--noAssert", "--enable", "simd"],
    {
      readFile: (name) => {
        const source = name.endsWith(".ts") && !name.includes("/") ? name.replace(/\.ts$/, ".as") : undefined;
        return source ? readOr(join(folder, source)) : null;
      },
      writeFile: (name, content) => {
        if (name === "kernel.wasm") bytes = content;
      },
      listFiles: () => [],
    },
  );
  if (error || !bytes) throw new Error(`the kernel in ${folder} does not compile\n${stderr.toString()}`);
  return bytes;
}

/** A file's text, or null where there is none. */
function readOr(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

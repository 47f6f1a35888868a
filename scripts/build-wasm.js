// Makes the TypeScript files that hold compiled WebAssembly; run after changing a source:
//   node scripts/build-wasm.js
// src/diffusion/noise/normals.wat → normals-wasm.ts, src/kernel/assembly/*.as → ../kernel-wasm.ts
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import createWabt from "wabt";
import { compileKernel } from "./compile-kernel.js";

/** Writes a module's bytes in base64 as a TypeScript constant. */
function writeModule(target, name, source, bytes) {
  const lines = Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,100}/g)
    .map((line) => `  "${line}",`);
  writeFileSync(
    target,
    `// Made from ${source} by scripts/build-wasm.js: the WebAssembly module's bytes in base64.\n` +
      `export const ${name} = [\n${lines.join("\n")}\n].join("");\n`,
  );
}

const noise = new URL("../src/diffusion/noise/", import.meta.url);
const wabt = await createWabt();
const normals = wabt.parseWat("normals.wat", readFileSync(new URL("normals.wat", noise), "utf8"), {
  simd: true,
  multi_value: true,
});
normals.validate();
writeModule(new URL("normals-wasm.ts", noise), "normalsWasm", "normals.wat", normals.toBinary({}).buffer);

const signal = new URL("../src/kernel/", import.meta.url);
const kernel = await compileKernel(fileURLToPath(new URL("assembly/", signal)));
writeModule(new URL("kernel-wasm.ts", signal), "kernelWasm", "assembly/*.as", kernel);

import { expect, it } from "vitest";
import { compileKernel } from "../../scripts/compile-kernel.js";
import { kernelWasm } from "../../src/kernel/kernel-wasm.js";

it("the kernel's bytes are what its sources compile to", async () => {
  const bytes = await compileKernel("src/kernel/assembly");
  expect(kernelWasm).toBe(Buffer.from(bytes).toString("base64"));
});

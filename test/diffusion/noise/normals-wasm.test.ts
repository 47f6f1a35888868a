import { readFileSync } from "node:fs";
import createWabt from "wabt";
import { describe, expect, it } from "vitest";
import { normalsWasm } from "../../../src/diffusion/noise/normals-wasm.js";

describe("the bytes of the SIMD kernel", () => {
  it("are what normals.wat assembles to", async () => {
    const wabt = await createWabt();
    const source = readFileSync("src/diffusion/noise/normals.wat", "utf8");
    const module = wabt.parseWat("normals.wat", source, { simd: true, multi_value: true });
    expect(normalsWasm).toBe(Buffer.from(module.toBinary({}).buffer).toString("base64"));
  });
});

// The core for a web page: bundled for a browser, its compiled form has nothing of Node in it.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const entry = fileURLToPath(new URL("../dist/browser.js", import.meta.url));

/** Bundles a module as a page would load it; a module that is not there for browsers fails. */
async function bundle(entryPoint: string): Promise<{ text: string; external: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "bundle",
    write: false,
    metafile: true,
    logLevel: "silent",
    // PFFFT's own loader asks for it where it finds itself in Node
    external: ["module"],
  });
  const imports = Object.entries(metafile.inputs).flatMap(([path, input]) =>
    input.imports.filter(({ external }) => external).map(({ path: name }) => `${path} → ${name}`),
  );
  return { text: outputFiles.map((file) => file.text).join("\n"), external: imports };
}

describe("browser.js", () => {
  it("bundles for a browser, without Node and without onnxruntime for Node", async () => {
    const { text, external } = await bundle(entry);
    expect(external).toEqual([expect.stringMatching(/pffft\.js → module$/)]);
    const left = /(?:from|import|require)\s*\(?\s*["']node:[^"']*|onnxruntime-node|worker_threads|tfjs-node/g;
    expect(text.match(left)).toBeNull();
    expect(text.includes("Vocoder = class")).toBe(true);
  });

  it("would fail if it imported Node", async () => {
    const node = fileURLToPath(new URL("../dist/node.js", import.meta.url));
    await expect(bundle(node)).rejects.toThrow(/node:/);
  });
});

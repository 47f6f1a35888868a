// The core for a web page: bundled for a browser, its compiled form has nothing of Node in it.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Bundle, bundle } from "./support/bundle.js";

const entry = fileURLToPath(new URL("../dist/browser.js", import.meta.url));

/** Bundles a module as a page would load it; a module that is not there for browsers fails. */
function bundleForPage(entryPoint: string): Promise<Bundle> {
  return bundle({
    entryPoints: [entryPoint],
    splitting: true,
    platform: "browser",
    outdir: "bundle",
    write: false,
    // PFFFT's own loader asks for it where it finds itself in Node
    external: ["module"],
  });
}

describe("browser.js", () => {
  it("bundles for a browser, without Node and without onnxruntime for Node", async () => {
    const { text, external } = await bundleForPage(entry);
    expect(external).toEqual([expect.stringMatching(/pffft\.js → module$/)]);
    const left = /(?:from|import|require)\s*\(?\s*["']node:[^"']*|onnxruntime-node|worker_threads|tfjs-node/g;
    expect(text.match(left)).toBeNull();
    expect(text.includes("Vocoder = class")).toBe(true);
  });

  it("would fail if it imported Node", async () => {
    const node = fileURLToPath(new URL("../dist/node.js", import.meta.url));
    await expect(bundleForPage(node)).rejects.toThrow(/node:/);
  });
});

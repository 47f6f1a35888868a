import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { GRAPHS_VERSION } from "../../../src/host/web/graph-cache.js";

it("graphs that a browser keeps are of this package's version", () => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(GRAPHS_VERSION).toBe(version);
});

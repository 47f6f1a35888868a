// What package.json, the lockfile and .npmrc promise to package managers and bundlers.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly sideEffects: readonly string[];
  readonly allowScripts: Readonly<Record<string, boolean>>;
}
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

describe("an installation of this checkout", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const withScripts = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));

  it("does not run onnxruntime-node's script, which looks for CUDA outside the package registry", () => {
    // npm 11 and 12 ask allowScripts; npm 10 does not know it and asks the lockfile. An update of onnxruntime-node with
    // npm writes "hasInstallScript" there again: remove that line.
    expect(manifest.allowScripts["onnxruntime-node"]).toBe(false);
    expect(withScripts).not.toContain("onnxruntime-node");
  });

  it("says of every other package with a script whether it runs", () => {
    expect(Object.keys(manifest.allowScripts).sort()).toEqual([...withScripts, "onnxruntime-node"].sort());
  });

  it("has no setting that npm does not know", async () => {
    const { stderr } = await promisify(execFile)(
      "npm",
      ["config", "get", "omit-lockfile-registry-resolved"],
      {
        cwd: root,
        shell: process.platform === "win32",
      },
    );
    expect(stderr).not.toContain("project config");
  });
});

/** How TypeScript writes an enum: it changes nothing but a variable of its own. */
const fillsEnum = /^\(function \((\w+)\) \{[^]*\}\)\(\1 \|\| \(\1 = \{\}\)\);$/;

/** A module's statements that do something when it is imported. */
function effectsOf(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022);
  return source.statements
    .filter(
      (statement) =>
        (ts.isExpressionStatement(statement) && !fillsEnum.test(statement.getText(source))) ||
        ts.isIterationStatement(statement, false) ||
        ts.isIfStatement(statement) ||
        (ts.isImportDeclaration(statement) && statement.importClause === undefined),
    )
    .map((statement) => statement.getText(source));
}

describe("the built modules", () => {
  const modules = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map((path) => `./dist/${path.replaceAll("\\", "/")}`);
  /** Whether package.json excepts the module: its patterns are a file, or the end of any file's name in dist. */
  const excepted = (path: string): boolean =>
    manifest.sideEffects.some((pattern) =>
      pattern.startsWith("./dist/**/*")
        ? path.endsWith(pattern.slice("./dist/**/*".length))
        : path === pattern,
    );

  it("do nothing when imported, apart from those that package.json names under sideEffects", () => {
    const found = modules.filter((path) => !excepted(path) && effectsOf(join(root, path)).length > 0);
    expect(found).toEqual([]);
  });

  it("of which package.json names only those that do something", () => {
    const idle = modules.filter((path) => excepted(path) && effectsOf(join(root, path)).length === 0);
    expect(idle).toEqual([]);
    expect(modules.filter(excepted)).not.toEqual([]);
    expect(manifest.sideEffects).toContain(`./${manifest.bin["vocode"]}`);
  });
});

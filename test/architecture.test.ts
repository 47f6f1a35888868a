// The rooms of src/ import downwards only, and the core knows no platform; this proves that the rules which keep that
// really fire.
import { ESLint } from "eslint";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

async function importErrors(file: string, code: string, rule: string): Promise<string[]> {
  const eslint = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
    ruleFilter: ({ ruleId }) => ruleId === rule,
  });
  const [result] = await eslint.lintText(code, { filePath: file });
  return result.messages.map((message) => message.message);
}

describe("the lint rule for imports between rooms", () => {
  const rule = "import-x/no-restricted-paths";

  it("refuses an import upwards", async () => {
    const messages = await importErrors(
      "src/diffusion/levels.ts",
      'import { main } from "../cli/main.js";\nexport { main };\n',
      rule,
    );
    expect(messages.join()).toContain("diffusion/ may import only from");
  });

  it("refuses an import of Node's files in the core", async () => {
    const code = 'import { readWholeFile } from "../host/node/read-files.js";\nexport { readWholeFile };\n';
    expect((await importErrors("src/mel/file.ts", code, rule)).join()).toContain("mel/ may import only from");
  });

  it("lets the command line import from the rooms below", async () => {
    const messages = await importErrors(
      "src/cli/main.ts",
      'import { writeAtomically } from "../host/node/write-files.js";\nexport { writeAtomically };\n',
      rule,
    );
    expect(messages).toEqual([]);
  });
});

describe("the lint rule for platforms", () => {
  const imports = (file: string, module: string): Promise<string[]> =>
    importErrors(
      file,
      `import * as all from "${module}";\nexport { all };\n`,
      "@typescript-eslint/no-restricted-imports",
    );

  it.each([
    ["Node in the core", "src/mel/file.ts", "node:fs"],
    ["onnxruntime in an engine", "src/engine/graph-engine.ts", "onnxruntime-node"],
    ["tfjs outside the networks", "src/diffusion/levels.ts", "@tensorflow/tfjs-core"],
    ["threads in a command", "src/cli/main.ts", "node:worker_threads"],
  ])("refuses %s", async (_, file, module) => {
    expect(await imports(file, module)).toHaveLength(1);
  });

  it.each([
    ["Node in a command", "src/cli/main.ts", "node:fs"],
    ["onnxruntime in a host", "src/host/node/sessions.ts", "onnxruntime-node"],
    ["tfjs in a network's graph", "src/models/mask-net/graph.ts", "@tensorflow/tfjs-core"],
  ])("allows %s", async (_, file, module) => {
    expect(await imports(file, module)).toEqual([]);
  });
});

/** What the compiler says of code in the core, as tsconfig.core.json compiles it. */
function coreErrors(code: string): string[] {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { config } = ts.readConfigFile(join(root, "tsconfig.core.json"), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const file = join(root, "src/mel/not-there.ts");
  const disk = ts.createCompilerHost(options);
  const read = (path: string): string | undefined => (path === file ? code : disk.readFile(path));
  const host: ts.CompilerHost = {
    ...disk,
    readFile: read,
    fileExists: (path) => path === file || disk.fileExists(path),
    getSourceFile: (path, target) => {
      const text = read(path);
      return text === undefined ? undefined : ts.createSourceFile(path, text, target);
    },
  };
  const settings = { ...options, incremental: false, noEmit: true };
  delete settings.tsBuildInfoFile;
  const program = ts.createProgram([file, join(root, "src/globals.d.ts")], settings, host);
  return [...program.getOptionsDiagnostics(), ...ts.getPreEmitDiagnostics(program)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}

describe("the core's compilation", () => {
  it.each([
    ["Buffer", "export const bytes = Buffer.from('a');"],
    ["process", "export const name = process.platform;"],
    ["a module of Node", "export { readFile } from 'node:fs/promises';"],
    ["the document of a page", "export const title = document.title;"],
  ])("does not know %s", (_, code) => {
    expect(coreErrors(code)).toHaveLength(1);
  });

  it("knows the globals of the web's standards", () => {
    expect(
      coreErrors(
        "export const now = performance.now() + new TextDecoder().decode().length + atob('').length;",
      ),
    ).toEqual([]);
  });
});

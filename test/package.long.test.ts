// The package as users get it: what `npm pack` puts into the tarball, and that an install of it in an empty folder
// gives a command that runs and a module. It needs the package registry, and about a minute.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkAsConsumer } from "./support/consumer-types.js";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

/** Paths below a folder of the repository, with forward slashes. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll("\\", "/"));
}

describe("the packed package", () => {
  let folder: string;
  let tarball: string;
  let files: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vocode-package-"));
    // packed from a copy, which builds: dist/ here may hold what is no longer in src/, and other tests run it
    const copy = join(folder, "repository");
    const left = ["node_modules", "dist", ".git", "runs", "coverage"];
    cpSync(root, copy, { recursive: true, filter: (path) => !left.includes(basename(path)) });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const pack = await execute("npm", ["pack", "--json", "--pack-destination", folder], { cwd: copy });
    // the build's own words come first
    const report: unknown = JSON.parse(pack.stdout.slice(pack.stdout.indexOf("[\n")));
    const [packed] = report as [{ filename: string; files: { path: string }[] }];
    tarball = join(folder, packed.filename);
    files = packed.files.map((file) => file.path);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("holds the command, the compiled code, the data and the checkpoints, and nothing else", () => {
    const allowed = /^(package\.json|README\.md|LICENSE|bin\/vocode\.js|(dist|data|checkpoints)\/.+)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["package.json", "LICENSE", "bin/vocode.js"]));
  });

  it("holds the compiled form of each source file", () => {
    const sources = filesBelow("src").filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"));
    const compiled = sources.flatMap((file) => {
      const base = file.replace(/^src\//, "dist/").replace(/\.ts$/, "");
      return [`${base}.d.ts`, `${base}.js`];
    });
    const code = files.filter((file) => file.startsWith("dist/") && !file.startsWith("dist/studio/"));
    expect(code.sort()).toEqual(compiled.sort());
  });

  it("holds the built studio", () => {
    const pages = filesBelow("studio").filter((file) => file.endsWith(".html"));
    expect(files).toEqual(expect.arrayContaining(pages.map((page) => `dist/${page}`)));
    // the voice is in the package once: `vocode studio` serves it from checkpoints/
    expect(files).toContain("dist/studio/vocoder/ort.wasm.gz");
    expect(files.filter((file) => file.endsWith("model.safetensors"))).toHaveLength(1);
  });

  it("installs in an empty folder, runs and can be imported", async () => {
    const application = join(folder, "application");
    mkdirSync(application);
    writeFileSync(
      join(application, "package.json"),
      JSON.stringify({ name: "application", type: "module", private: true }),
    );
    await execute("npm", ["install", "--no-audit", "--no-fund", tarball], {
      cwd: application,
      // without it onnxruntime-node downloads CUDA libraries from a server outside the package registry
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
    });
    const program = join(application, "node_modules", ".bin", "vocode");
    const run = async (...words: string[]): Promise<string> =>
      (await execute(words[0], words.slice(1), { cwd: application })).stdout;
    expect(await run(program, "--help")).toMatch(/^Usage: vocode \[options\] \[command\]/);
    // the package's name and the command's both lead to the command
    for (const words of [[program], ["npx", "vocode"], ["npx", "mel-vocode"]]) {
      expect(await run(...words, "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    }
    const names = await execute(
      process.execPath,
      ["--input-type=module", "--eval", 'console.log(Object.keys(await import("mel-vocode")).length)'],
      { cwd: application },
    );
    expect(Number(names.stdout)).toBeGreaterThan(0);
    // and its types hold for a program that uses them
    const use = join(application, "use.ts");
    const lines = [
      'import { readMel, Vocoder, writeWav } from "mel-vocode";',
      'const vocoder: Vocoder = await Vocoder.load(undefined, { precision: "float32" });',
      'const { mel } = await readMel("a.mel", { expected: vocoder.format });',
      "const { samples, sampleRate } = await vocoder.synthesize(mel, { steps: 6 });",
      'await writeWav("a.wav", [samples], sampleRate);',
    ];
    writeFileSync(use, lines.join("\n"));
    expect((await checkAsConsumer(use)).faults).toEqual([]);
    writeFileSync(use, [...lines, "const text: string = samples;"].join("\n"));
    const { faults } = await checkAsConsumer(use);
    expect(faults).toEqual([expect.stringContaining("to type 'string'")]);
  });
});

describe("the types that the package exports", () => {
  it("compile with Node's types alone, every declaration checked, and do not reach TensorFlow.js's", async () => {
    const { faults, read } = await checkAsConsumer(join(root, "dist", "index.d.ts"));
    expect(faults).toEqual([]);
    const names = read.map((path) => path.replaceAll("\\", "/"));
    expect(names.filter((path) => path.includes("/dist/") && path.endsWith(".d.ts")).length).toBeGreaterThan(
      10,
    );
    // those need the DOM's and Long's
    expect(names.filter((path) => path.includes("@tensorflow"))).toEqual([]);
  });
});

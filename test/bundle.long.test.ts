// The library in a bundle for Node, as docs/synthesis.md says to make one: a program of a few lines, bundled with all of
// vocode into a folder of its own, speaks as the library does where it was compiled to.
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMel, Vocoder, writeWav } from "../src/index.js";
import { bundle } from "./support/bundle.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The program; it prints how many threads it started that ran. */
const program = `
import { readMel, Vocoder, writeWav } from "mel-vocode";

const [melPath, wavPath] = process.argv.slice(2);
let threads = 0;
process.on("worker", (worker) => worker.on("online", () => threads++));
const vocoder = await Vocoder.load(undefined, { precision: "float32", threads: 2 });
const { mel } = await readMel(melPath, { expected: vocoder.format });
const { samples, sampleRate } = await vocoder.synthesize(mel, { steps: 2, refine: 2, seed: 1 });
await writeWav(wavPath, [samples], sampleRate);
await vocoder.dispose();
console.log(threads);
`;

describe("a bundle of the library for Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "vocode-bundle-"));
  const out = join(folder, "out");
  const mel = join(root, "data", "speech.mel");
  const wav = join(folder, "bundled.wav");
  const cache = join(folder, "cache");

  async function run(): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [join(out, "app.js"), mel, wav], {
      cwd: folder,
      env: { ...process.env, VOCODE_CACHE: cache },
    });
    return stdout;
  }

  beforeAll(async () => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "app.js"), program);
    const packages = join(folder, "node_modules");
    mkdirSync(packages);
    symlinkSync(root, join(packages, "mel-vocode"));
    await bundle({
      entryPoints: { app: join(folder, "app.js"), "vocode-worker": join(root, "dist", "worker.js") },
      platform: "node",
      outdir: out,
      external: ["onnxruntime-node", "@tensorflow/*"],
    });
    // vocode itself is in the bundle: what is left outside is all that the program may ask for
    rmSync(join(packages, "mel-vocode"));
    for (const name of ["onnxruntime-node", "@tensorflow"]) {
      symlinkSync(join(root, "node_modules", name), join(packages, name));
    }
    symlinkSync(join(root, "checkpoints"), join(out, "checkpoints"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("speaks as the library does, with threads of its own, and compiles its graphs once", async () => {
    expect(await run()).toBe("1\n");
    const vocoder = await Vocoder.load(undefined, { precision: "float32", threads: 1 });
    const { mel: read } = await readMel(mel, { expected: vocoder.format });
    const { samples, sampleRate } = await vocoder.synthesize(read, { steps: 2, refine: 2, seed: 1 });
    await vocoder.dispose();
    const own = join(folder, "own.wav");
    await writeWav(own, [samples], sampleRate);
    expect(readFileSync(wav).equals(readFileSync(own))).toBe(true);
    const graphs = readdirSync(cache);
    expect(graphs.filter((name) => name.endsWith(".graph")).length).toBeGreaterThan(1);
    await run();
    expect(readdirSync(cache)).toEqual(graphs);
  });

  it("works on one thread where the threads' script does not lie beside it", async () => {
    const before = readFileSync(wav);
    rmSync(join(out, "vocode-worker.js"));
    expect(await run()).toBe("0\n");
    expect(readFileSync(wav).equals(before)).toBe(true);
  });
});

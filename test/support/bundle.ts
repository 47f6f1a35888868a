// Bundles of the built library, as esbuild makes them for a page or for a program of Node.
import { build, type BuildOptions } from "esbuild";

/** What came out of a bundler. */
export interface Bundle {
  /** All its scripts, one after the other; nothing where they were written to files. */
  readonly text: string;
  /** "module → what it imports" for all that stayed outside. */
  readonly external: readonly string[];
}

/** Bundles modules in memory or into a folder. @throws esbuild's BuildFailure where a module is not there */
export async function bundle(options: BuildOptions): Promise<Bundle> {
  const settings = { bundle: true, format: "esm", metafile: true, logLevel: "silent" } as const;
  const { outputFiles = [], metafile } = await build({ ...options, ...settings });
  const external = Object.entries(metafile.inputs).flatMap(([path, input]) =>
    input.imports.filter(({ external }) => external).map(({ path: name }) => `${path} → ${name}`),
  );
  return { text: outputFiles.map((file) => file.text).join("\n"), external };
}

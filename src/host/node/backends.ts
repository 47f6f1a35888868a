// The tfjs backends behind the engines `tensorflow` and `javascript`. tfjs-node and tfjs-node-gpu are optional and
// register the same backend name, so only one of them may be loaded in a process; they are found without loading.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import util from "node:util";
import { env, findBackend, getBackend, scalar, setBackend } from "@tensorflow/tfjs-core";

const require = createRequire(import.meta.url);

/** npm's names of the packages with TensorFlow's native library. */
export const tensorFlowPackages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** One of them. */
export type TensorFlowPackage = (typeof tensorFlowPackages)[number];

/** What gives a checkout of vocode this package, its addon and TensorFlow's library. */
function remedy(name: TensorFlowPackage): string {
  return `run 'npm run native${name.endsWith("-gpu") ? " -- --gpu" : ""}'`;
}

/** Why a package cannot be loaded; undefined if its native addon is there. */
export function packageFault(name: TensorFlowPackage): string | undefined {
  let folder: string;
  try {
    folder = dirname(require.resolve(`${name}/package.json`));
  } catch {
    return `${name} is not installed (it is an optional dependency): ${remedy(name)}.`;
  }
  const library = join(folder, "lib");
  const built =
    existsSync(library) &&
    readdirSync(library).some((version) => existsSync(join(library, version, "tfjs_binding.node")));
  return built ? undefined : `${name} has no native addon: ${remedy(name)}.`;
}

/** Why loading a package failed, from what it threw. */
export function loadFailure(name: TensorFlowPackage, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // the loader's words where the library that `npm run native` fetched was removed again
  const library = /libtensorflow\w*\.\w+[\w.]*(?=[^]*(?:no such file|not found|cannot open))/i.exec(
    message,
  )?.[0];
  return library === undefined
    ? `${name} does not load: ${message}`
    : `${name} does not find ${library}: ${remedy(name)}.`;
}

/**
 * Loads a package with TensorFlow's native library as the tfjs backend "tensorflow".
 *
 * @returns whether it computes on a GPU
 * @throws whatever the package throws while loading
 */
export async function loadTensorFlow(name: TensorFlowPackage): Promise<boolean> {
  restoreRemovedUtilities();
  // without TensorFlow's notes on which processor features it uses and which GPU libraries it misses
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  const before = getBackend() as string | undefined;
  await import(name);
  const backend: unknown = findBackend("tensorflow");
  if (before && before !== "tensorflow") await setBackend(before);
  return (backend as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}

/** tfjs-node 4.22 calls two functions of node:util that Node 23 and later no longer have. */
function restoreRemovedUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities["isNullOrUndefined"] ??= (value: unknown): boolean => value === null || value === undefined;
  utilities["isArray"] ??= Array.isArray;
}

/** Loads tfjs's JavaScript backend "cpu". */
export async function loadJavaScript(): Promise<void> {
  await import("@tensorflow/tfjs-backend-cpu");
  const before = getBackend() as string | undefined;
  await setBackend("cpu");
  // its first tensor in Node prints an advertisement for tfjs-node, unless tfjs believes itself in production
  const production = env().getBool("PROD");
  env().set("PROD", true);
  scalar(0).dispose();
  env().set("PROD", production);
  if (before && before !== "cpu") await setBackend(before);
}

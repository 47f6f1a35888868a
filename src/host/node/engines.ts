// The engines of this machine: which there are, why one is not available, and opening one.
import { availableParallelism } from "node:os";
import {
  loadFailure,
  loadJavaScript,
  loadTensorFlow,
  packageFault,
  type TensorFlowPackage,
  tensorFlowPackages,
} from "./backends.js";
import { EngineUnavailableError, InputError } from "../../errors.js";
import { defaultCacheFolder } from "./compiled-cache.js";
import type { Provider } from "./providers.js";
import {
  type DeviceName,
  deviceNames,
  type EngineName,
  engineNames,
  type Engine,
  type EngineSettings,
} from "../../engine/engine.js";

/** More threads than any machine has processors; each takes memory. */
const MOST_THREADS = 1024;

/** An engine, a device or a number of threads that there is not. */
export class EngineOptionError extends InputError {}

/** One line of the list of engines. */
export interface EngineStatus {
  readonly engine: EngineName;
  readonly device: string;
  readonly available: boolean;
  /** What would run, or why nothing can. */
  readonly detail: string;
}

/** Every engine and device, and whether it works here; tries each, so it takes a second. */
export async function listEngines(): Promise<EngineStatus[]> {
  return [...(await graphStatus()), ...(await tensorFlowStatus()), javaScriptStatus];
}

/**
 * Opens an engine.
 *
 * @throws EngineUnavailableError if the engine or its device cannot be used here
 */
export async function openEngine(options: EngineSettings = {}): Promise<Engine> {
  checkEngineSettings(options);
  switch (options.engine ?? "auto") {
    case "auto":
      return (await openGpuIfAny(options)) ?? openGraph(options);
    case "graph":
      return openGraph(options);
    case "tensorflow":
      return openTensorFlow(options.device);
    case "javascript":
      return openJavaScript(options.device);
  }
}

/** Refuses what no type kept out. @throws EngineOptionError */
function checkEngineSettings({ engine, device, threads }: EngineSettings): void {
  const engines: readonly string[] = ["auto", ...engineNames];
  const devices: readonly string[] = deviceNames;
  if (engine !== undefined && !engines.includes(engine)) {
    const way = devices.includes(engine) ? ` It is a device: { device: "${engine}" }.` : "";
    throw new EngineOptionError(
      `There is no engine '${engine}'. The engines are ${engines.join(", ")}.${way}`,
    );
  }
  if (device !== undefined && !devices.includes(device))
    throw new EngineOptionError(`There is no device '${device}'. The devices are ${devices.join(", ")}.`);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS))
    throw new EngineOptionError(
      `The number of threads is ${String(threads)}; it is a whole number from 1 to ${MOST_THREADS}.`,
    );
}

async function graphStatus(): Promise<EngineStatus[]> {
  const { onnxRuntimeVersion, providerFault, providers } = await import("./providers.js");
  const lines: EngineStatus[] = [];
  for (const device of providers) {
    const fault = await providerFault(device);
    const detail = fault ?? `onnxruntime ${onnxRuntimeVersion()}`;
    lines.push({ engine: "graph", device, available: fault === undefined, detail });
  }
  return lines;
}

async function tensorFlowStatus(): Promise<EngineStatus[]> {
  const [gpuPackage, cpuPackage] = tensorFlowPackages;
  const lines: EngineStatus[] = [];
  const gpuFault = packageFault(gpuPackage) ?? (await gpuLoadFault());
  lines.push({
    engine: "tensorflow",
    device: "gpu",
    available: gpuFault === undefined,
    detail: gpuFault ?? `${gpuPackage} (no test of vocode has run on it)`,
  });
  const usable = tensorFlowPackages.find((name) => packageFault(name) === undefined);
  const fault = usable ? await loadFault(usable) : packageFault(cpuPackage);
  lines.push({
    engine: "tensorflow",
    device: "cpu",
    available: fault === undefined,
    detail: fault ?? usable ?? cpuPackage,
  });
  return lines;
}

const javaScriptStatus: EngineStatus = {
  engine: "javascript",
  device: "cpu",
  available: true,
  detail: "tfjs in plain JavaScript: the reference in tests, slow",
};

/** Why a package with a native addon does not load; undefined if it does. */
async function loadFault(name: TensorFlowPackage): Promise<string | undefined> {
  try {
    await loadTensorFlow(name);
    return undefined;
  } catch (error) {
    return loadFailure(name, error);
  }
}

async function gpuLoadFault(): Promise<string | undefined> {
  const [gpuPackage] = tensorFlowPackages;
  const fault = await loadFault(gpuPackage);
  if (fault !== undefined) return fault;
  return (await loadTensorFlow(gpuPackage)) ? undefined : `${gpuPackage} finds no GPU.`;
}

async function openGpuIfAny({ device }: EngineSettings): Promise<Engine | undefined> {
  if (device !== undefined && device !== "gpu") return undefined;
  const [gpuPackage] = tensorFlowPackages;
  if (packageFault(gpuPackage) !== undefined || (await gpuLoadFault()) !== undefined) return undefined;
  return openEager("tensorflow", "tensorflow", "gpu");
}

async function openGraph(options: EngineSettings): Promise<Engine> {
  const { graphEngine } = await import("./sessions.js");
  const { threads = availableParallelism(), cacheFolder = defaultCacheFolder() ?? null } = options;
  const { flushesDenormals = false } = options;
  const open = (device: Provider): Engine =>
    graphEngine({ device, threads, cacheFolder: cacheFolder ?? undefined, flushesDenormals });
  if (options.device === undefined || options.device === "cpu") return open("cpu");
  const { providerFault } = await import("./providers.js");
  const wanted = options.device === "gpu" ? (["cuda", "webgpu"] as const) : [options.device];
  const faults: string[] = [];
  for (const device of wanted) {
    const fault = await providerFault(device);
    if (fault === undefined) return open(device);
    faults.push(`${device}: ${fault}`);
  }
  throw new EngineUnavailableError(
    "graph",
    `it cannot use the device '${options.device}'. ${faults.join(" ")}`,
  );
}

async function openTensorFlow(device: DeviceName | undefined): Promise<Engine> {
  const name = tensorFlowPackages.find((each) => packageFault(each) === undefined);
  if (!name) throw new EngineUnavailableError("tensorflow", tensorFlowPackages.map(packageFault).join(" "));
  const fault = await loadFault(name);
  if (fault !== undefined) throw new EngineUnavailableError("tensorflow", fault);
  const actual = (await loadTensorFlow(name)) ? "gpu" : "cpu";
  const wanted = device === "cuda" ? "gpu" : (device ?? actual);
  if (wanted !== actual) {
    throw new EngineUnavailableError("tensorflow", `${name} computes on the ${actual}, not on '${wanted}'.`);
  }
  return openEager("tensorflow", "tensorflow", actual);
}

async function openJavaScript(device: DeviceName | undefined): Promise<Engine> {
  if (device !== undefined && device !== "cpu") {
    throw new EngineUnavailableError("javascript", `it computes on the CPU only, not on '${device}'.`);
  }
  await loadJavaScript();
  return openEager("javascript", "cpu", "cpu");
}

async function openEager(engine: EngineName, backend: string, device: string): Promise<Engine> {
  // loaded here, since the graph engine needs no tensor library
  const { EagerEngine } = await import("../../engine/eager.js");
  return new EagerEngine(engine, backend, device);
}

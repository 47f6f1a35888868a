// A training run on disk: its settings, the fitted prior, the last states, the best weights and the measurements. All
// are written whole or not at all, so a run survives being killed at any moment.
import { appendFile, readdir, rm, stat, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import {
  fields,
  object,
  parseFields,
  parseJson,
  type Refusal,
  type Schema,
  text,
} from "../formats/json-fields.js";
import type { MelFormat } from "../mel/format.js";
import { formatFromFields } from "../mel/format-fields.js";
import { makeFolder, writeAtomically } from "../host/node/write-files.js";
import { describeSystemError, readWholeFile, systemCode } from "../host/node/read-files.js";
import { floatTensor, parseSafetensors, SafetensorsError, tensorFloats } from "../formats/safetensors.js";
import { writeSafetensors } from "../host/node/safetensors-files.js";
import type { WeightValue } from "../models/weights.js";
import { FileError, RunError } from "../errors.js";
import type { Settings } from "../models/architecture.js";
import { baseConfig, type TrainConfig } from "./config.js";
import { setTimeout } from "node:timers/promises";

// A full disk is no reason to lose a run: a write that it refuses waits until there is room.

const FULL = ["ENOSPC", "EDQUOT"];
const WAIT_MS = 10_000;

/** Whether an error is the file system's word for a full disk. */
export function isFullDisk(error: unknown): error is FileError {
  return error instanceof FileError && FULL.includes(error.code ?? "");
}

/** Who hears of it, and who ends it. */
interface RoomOptions {
  readonly onRemark?: (sentence: string) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds between attempts. */
  readonly diskWait?: number;
}

/**
 * Writes, and on a full disk tries again until there is room.
 *
 * @param write may be called several times; leaves nothing half-written
 * @throws what `write` throws; FileError for a full disk once the signal is aborted
 */
export async function whereThereIsRoom<T>(write: () => Promise<T>, options: RoomOptions = {}): Promise<T> {
  const { onRemark, signal, diskWait = WAIT_MS } = options;
  for (let waited = false; ; waited = true) {
    try {
      const result = await write();
      if (waited) onRemark?.("There is room on the disk again: training goes on.");
      return result;
    } catch (error) {
      if (!isFullDisk(error) || signal?.aborted) throw error;
      if (!waited) onRemark?.(`Training pauses. ${error.message} It goes on by itself when there is room.`);
      // an aborted wait makes the last attempt
      await setTimeout(diskWait, undefined, { ...(signal && { signal }) }).catch(() => undefined);
    }
  }
}

/** A run's tensors at some step. */
export interface RunState {
  /** Steps of the network that were done. */
  readonly step: number;
  readonly tensors: Readonly<Record<string, WeightValue>>;
}

/** What a run is about, stored once. */
export interface RunDescription {
  readonly config: TrainConfig;
  readonly mel: MelFormat;
  /** Where things lie, relative to the run's folder. */
  readonly paths: RunPaths;
  /** The name of the checkpoint that it began with, if it did not begin with random weights. */
  readonly from?: string;
}

/** The places a run reads from and writes to. */
interface RunPaths {
  /** The recordings. */
  readonly corpus: string;
  /** The checkpoint that it makes. */
  readonly checkpoint: string;
  /** Recordings made ready. */
  readonly cache: string;
  /** List of the recordings that are kept back. */
  readonly heldOut?: string;
  /** List of the recordings that are used. */
  readonly files?: string;
  /** Mel files beside the recordings. */
  readonly mels?: string;
}

const descriptionSchema: Schema<RunDescription> = fields({
  config: v.pipe(
    object(),
    // settings that came later than the run; one without an excitation model goes on without
    v.transform((given): TrainConfig => ({
      ...withoutExcitation(given["denoiser"]),
      ...(given as Settings),
    })),
  ),
  mel: v.pipe(
    object(),
    v.transform((given) => formatFromFields(given)),
  ),
  paths: fields({
    corpus: text(),
    checkpoint: text(),
    cache: text(),
    heldOut: v.exactOptional(text()),
    files: v.exactOptional(text()),
    mels: v.exactOptional(text()),
  }),
  from: v.exactOptional(text()),
});

/** One line of measurements. */
export type Metrics = Readonly<Record<string, number | readonly number[]>> & { readonly step: number };

const KEPT_STATES = 3;
/** What `writeAtomically` leaves of a state where the process is killed meanwhile. */
const UNFINISHED_NAME = /^\.(state-\d{8}|prior|excitation|start)\.safetensors\.[0-9a-f]+\.part$/;
const EXCITATION = "excitation.safetensors";
const START = "start.safetensors";
const METRICS = "metrics.jsonl";
const STATE_NAME = /^state-(\d{8})\.safetensors$/;

/** The files of a run. */
export class RunFolder {
  constructor(readonly path: string) {}

  /**
   * Writes what the run is about, and the weights that it begins with, named as in a checkpoint.
   *
   * @throws RunError where the folder holds another run
   */
  async begin(description: RunDescription, start?: Readonly<Record<string, WeightValue>>): Promise<void> {
    await this.requireNone();
    await makeFolder(this.path);
    // a run that was killed before it was described may have left some; and without them this one would not begin
    if (start) await writeTensors(join(this.path, START), start);
    else await rm(join(this.path, START), { force: true });
    await writeAtomically(join(this.path, "run.json"), `${JSON.stringify(description, null, 2)}\n`);
  }

  /** @throws RunError where the folder holds a run */
  async requireNone(): Promise<void> {
    if (!(await this.#names()).includes("run.json")) return;
    throw new RunError(
      `'${this.path}' already holds a training run. Continue it with --resume, or name another folder.`,
    );
  }

  /** What the run is about; undefined where there is none. */
  async describe(): Promise<RunDescription | undefined> {
    if (!(await this.#names()).includes("run.json")) return undefined;
    const path = join(this.path, "run.json");
    const refusal: Refusal = (fault, options) =>
      new RunError(`'${path}' ${fault}. The run cannot be continued.`, options);
    const json = parseJson(new TextDecoder().decode(await readWholeFile(path)), refusal);
    const run = v.parse(v.fallback(object(), {}), json);
    const missing = ["config", "mel", "paths"].filter((name) => !v.is(object(), run[name]));
    if (missing.length > 0) throw refusal(`lacks ${missing.join(" and ")}`);
    return parseFields(descriptionSchema, run, "it", refusal);
  }

  /**
   * The newest state that can be read; undefined before the first. A damaged one is passed over for an older one.
   *
   * @throws SafetensorsError where all are damaged
   */
  async newestState(): Promise<RunState | undefined> {
    const steps = await this.#stateSteps();
    for (const step of steps) {
      try {
        return { step, tensors: await readTensors(join(this.path, stateName(step))) };
      } catch (error) {
        if (!(error instanceof SafetensorsError) || step === steps[steps.length - 1]) throw error;
      }
    }
    return undefined;
  }

  /** The state of a step; undefined where it was not saved or is damaged. */
  async readState(step: number): Promise<RunState | undefined> {
    if (!(await this.#names()).includes(stateName(step))) return undefined;
    try {
      return { step, tensors: await readTensors(join(this.path, stateName(step))) };
    } catch (error) {
      if (error instanceof SafetensorsError) return undefined;
      throw error;
    }
  }

  /**
   * Writes a state and removes all but the last three, and what a killed process left unfinished.
   *
   * @param best the step of one more state that stays
   */
  async saveState({ step, tensors }: RunState, best?: number): Promise<void> {
    await writeTensors(join(this.path, stateName(step)), tensors);
    const unfinished = (await this.#names()).filter((name) => UNFINISHED_NAME.test(name));
    const steps = (await this.#stateSteps()).slice(KEPT_STATES);
    const old = steps.filter((each) => each !== best).map(stateName);
    for (const name of [...old, ...unfinished]) await unlink(join(this.path, name)).catch(() => undefined);
  }

  /** The fitted prior's weights; undefined before its fit is done. */
  async readPrior(): Promise<Record<string, WeightValue> | undefined> {
    if (!(await this.#names()).includes("prior.safetensors")) return undefined;
    return readTensors(join(this.path, "prior.safetensors"));
  }

  /** Writes the fitted prior's weights. */
  async savePrior(weights: Readonly<Record<string, WeightValue>>): Promise<void> {
    await writeTensors(join(this.path, "prior.safetensors"), weights);
  }

  /** The trained excitation model's weights; undefined before its training is done. */
  async readExcitation(): Promise<Record<string, WeightValue> | undefined> {
    if (!(await this.#names()).includes(EXCITATION)) return undefined;
    return readTensors(join(this.path, EXCITATION));
  }

  /** Writes the trained excitation model's weights. */
  async saveExcitation(weights: Readonly<Record<string, WeightValue>>): Promise<void> {
    await writeTensors(join(this.path, EXCITATION), weights);
  }

  /** The weights that the run begins with, named as in a checkpoint; undefined where they are random. */
  async readStart(): Promise<Record<string, WeightValue> | undefined> {
    if (!(await this.#names()).includes(START)) return undefined;
    return readTensors(join(this.path, START));
  }

  /** Adds a line of measurements, or on a full disk nothing of it. */
  async addMetrics(metrics: Metrics): Promise<void> {
    const path = join(this.path, METRICS);
    const before = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(path, `${JSON.stringify(metrics)}\n`).catch(async (error: unknown) => {
      await truncate(path, before).catch(() => undefined);
      throw describeSystemError(error, path);
    });
  }

  /** All measurements up to a step. */
  async readMetrics(lastStep = Infinity): Promise<Metrics[]> {
    if (!(await this.#names()).includes(METRICS)) return [];
    const text = new TextDecoder().decode(await readWholeFile(join(this.path, METRICS)));
    return text.split("\n").flatMap((line) => {
      const metrics = parseLine(line);
      return metrics && metrics.step <= lastStep ? [metrics] : [];
    });
  }

  /** Forgets measurements after a step, made by a process that was killed before it saved. */
  async forgetMetricsAfter(step: number): Promise<void> {
    if (!(await this.#names()).includes(METRICS)) return;
    const kept = await this.readMetrics(step);
    const lines = kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join("");
    await writeAtomically(join(this.path, METRICS), lines);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw describeSystemError(error, this.path);
    }
  }

  /** Steps of the states, the newest first. */
  async #stateSteps(): Promise<number[]> {
    const steps = (await this.#names()).flatMap((name) => {
      const match = STATE_NAME.exec(name);
      return match ? [Number(match[1])] : [];
    });
    return steps.sort((a, b) => b - a);
  }
}

function withoutExcitation(denoiser: unknown): TrainConfig {
  return { ...baseConfig(denoiser), excitationSteps: 0 };
}

function stateName(step: number): string {
  return `state-${String(step).padStart(8, "0")}.safetensors`;
}

/** A line of metrics; undefined for one that a kill cut off. */
function parseLine(line: string): Metrics | undefined {
  try {
    const metrics: unknown = JSON.parse(line);
    return v.is(v.object({ step: v.number() }), metrics) ? metrics : undefined;
  } catch {
    return undefined;
  }
}

async function readTensors(path: string): Promise<Record<string, WeightValue>> {
  const { tensors } = parseSafetensors(await readWholeFile(path));
  return Object.fromEntries(
    [...tensors.values()].map((tensor) => [tensor.name, { data: tensorFloats(tensor), shape: tensor.shape }]),
  );
}

async function writeTensors(path: string, values: Readonly<Record<string, WeightValue>>): Promise<void> {
  const tensors = Object.entries(values).map(([name, { data, shape }]) => floatTensor(name, shape, data));
  await writeSafetensors(path, tensors);
}

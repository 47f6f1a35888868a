// What a training run keeps: its settings, the fitted prior, the last states, the best weights and the measurements.
// run-folder.ts keeps them on disk.
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
import type { WeightValue } from "../models/weights.js";
import { FileError } from "../errors.js";
import type { Settings } from "../models/architecture.js";
import { baseConfig, type TrainConfig } from "./config.js";

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
      await pause(diskWait, signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
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
  /** How its mel files are read, as --mel-format, --mel-layout and --trust-mel say it. */
  readonly melReading?: RunMelReading;
}

/** What a person says of mel files. */
interface RunMelReading {
  readonly format?: string;
  readonly layout?: string;
  readonly trust?: boolean;
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
  melReading: v.exactOptional(
    fields({
      format: v.exactOptional(text()),
      layout: v.exactOptional(text()),
      trust: v.exactOptional(v.boolean()),
    }),
  ),
});

/** One line of measurements. */
export type Metrics = Readonly<Record<string, number | readonly number[]>> & { readonly step: number };

/**
 * Reads run.json.
 *
 * @throws what `refusal` makes of its fault
 */
export function parseDescription(text: string, refusal: Refusal): RunDescription {
  const json = parseJson(text, refusal);
  const run = v.parse(v.fallback(object(), {}), json);
  const missing = ["config", "mel", "paths"].filter((name) => !v.is(object(), run[name]));
  if (missing.length > 0) throw refusal(`lacks ${missing.join(" and ")}`);
  return parseFields(descriptionSchema, run, "it", refusal);
}

function withoutExcitation(denoiser: unknown): TrainConfig {
  return { ...baseConfig(denoiser), excitationSteps: 0 };
}

/** A line of metrics; undefined for one that a kill cut off. */
export function parseMetrics(line: string): Metrics | undefined {
  try {
    const metrics: unknown = JSON.parse(line);
    return v.is(v.object({ step: v.number() }), metrics) ? metrics : undefined;
  } catch {
    return undefined;
  }
}

/** An excitation model as its labels taught it, the usual one, or as smoothed mels did then. */
export type ExcitationState = "trained" | "finished";

/** What training needs of the place where a run is kept. */
export interface Run {
  /** The newest state that can be read; undefined before the first. */
  newestState(): Promise<RunState | undefined>;
  /** The state of a step; undefined where it was not saved or is damaged. */
  readState(step: number): Promise<RunState | undefined>;
  /**
   * Writes a state, in place of the oldest.
   *
   * @param best the step of one more state that stays
   */
  saveState(state: RunState, best?: number): Promise<void>;
  /** The fitted prior's weights; undefined before its fit is done. */
  readPrior(): Promise<Record<string, WeightValue> | undefined>;
  /** Writes the fitted prior's weights. */
  savePrior(weights: Readonly<Record<string, WeightValue>>): Promise<void>;
  /** The weights of the excitation model, trained or finished; undefined before that is done. */
  readExcitation(which?: ExcitationState): Promise<Record<string, WeightValue> | undefined>;
  /** Writes the weights of the trained or finished excitation model. */
  saveExcitation(weights: Readonly<Record<string, WeightValue>>, which?: ExcitationState): Promise<void>;
  /** The network's weights that the finishing phase begins with; undefined before it. */
  readFinishStart(): Promise<Record<string, WeightValue> | undefined>;
  /** Writes the network's weights that the finishing phase begins with: the phase before it is over for good. */
  saveFinishStart(weights: Readonly<Record<string, WeightValue>>): Promise<void>;
  /** The weights that the run begins with, named as in a checkpoint; undefined where they are random. */
  readStart(): Promise<Record<string, WeightValue> | undefined>;
  /** Adds a line of measurements. */
  addMetrics(metrics: Metrics): Promise<void>;
  /** All measurements up to a step. */
  readMetrics(lastStep?: number): Promise<Metrics[]>;
  /** Forgets measurements after a step, made by a process that was killed before it saved. */
  forgetMetricsAfter(step: number): Promise<void>;
}

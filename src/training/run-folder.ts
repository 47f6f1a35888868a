// A training run on disk. All is written whole or not at all, so a run survives being killed at any moment.
import { appendFile, readdir, rm, stat, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import { RunError } from "../errors.js";
import type { Refusal } from "../formats/json-fields.js";
import { floatTensor, parseSafetensors, SafetensorsError, tensorFloats } from "../formats/safetensors.js";
import { describeSystemError, readWholeFile, systemCode } from "../host/node/read-files.js";
import { makeFolder, writeAtomically, writeSafetensors } from "../host/node/write-files.js";
import type { WeightValue } from "../models/weights.js";
import {
  type ExcitationState,
  type Metrics,
  parseDescription,
  parseMetrics,
  type Run,
  type RunDescription,
  type RunState,
} from "./run.js";

const KEPT_STATES = 3;
/** What `writeAtomically` leaves of a state where the process is killed meanwhile. */
const UNFINISHED_NAME =
  /^\.(state-\d{8}|prior|(finished-)?excitation|(finish-)?start)\.safetensors\.[0-9a-f]+\.part$/;
const EXCITATION = {
  trained: "excitation.safetensors",
  finished: "finished-excitation.safetensors",
} as const;
const START = "start.safetensors";
const FINISH_START = "finish-start.safetensors";
const METRICS = "metrics.jsonl";
const STATE_NAME = /^state-(\d{8})\.safetensors$/;

/** The files of a run. */
export class RunFolder implements Run {
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

  /** Writes what the run is about anew: more steps, or recordings that have moved. */
  async change(description: RunDescription): Promise<void> {
    await writeAtomically(join(this.path, "run.json"), `${JSON.stringify(description, null, 2)}\n`);
  }

  /** Steps of the newest state, which may be damaged; 0 before the first. */
  async stepsDone(): Promise<number> {
    return (await this.#stateSteps())[0] ?? 0;
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
    return parseDescription(new TextDecoder().decode(await readWholeFile(path)), refusal);
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

  /** The weights of the excitation model, trained or finished; undefined before that is done. */
  async readExcitation(which: ExcitationState = "trained"): Promise<Record<string, WeightValue> | undefined> {
    if (!(await this.#names()).includes(EXCITATION[which])) return undefined;
    return readTensors(join(this.path, EXCITATION[which]));
  }

  /** Writes the weights of the trained or finished excitation model. */
  async saveExcitation(
    weights: Readonly<Record<string, WeightValue>>,
    which: ExcitationState = "trained",
  ): Promise<void> {
    await writeTensors(join(this.path, EXCITATION[which]), weights);
  }

  /** The network's weights that the finishing phase begins with; undefined before it. */
  async readFinishStart(): Promise<Record<string, WeightValue> | undefined> {
    if (!(await this.#names()).includes(FINISH_START)) return undefined;
    return readTensors(join(this.path, FINISH_START));
  }

  /** Writes the network's weights that the finishing phase begins with: the phase before it is over for good. */
  async saveFinishStart(weights: Readonly<Record<string, WeightValue>>): Promise<void> {
    await writeTensors(join(this.path, FINISH_START), weights);
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
      const metrics = parseMetrics(line);
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

function stateName(step: number): string {
  return `state-${String(step).padStart(8, "0")}.safetensors`;
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

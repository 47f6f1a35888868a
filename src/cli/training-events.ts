// A training's course for TensorBoard: scalars, and the held-out clips to see and to hear, as event files in a folder. A
// run that is continued begins a file of its own, and TensorBoard drops what the one before noted of the same steps.
import { appendFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { startRecord, summaryRecord, type SummaryValue, versionRecord } from "../formats/tensorboard.js";
import { makeFolder } from "../host/node/write-files.js";
import { computeMel } from "../mel/analysis.js";
import type { MelFormat } from "../mel/format.js";
import { heatmapPng } from "../plots/heatmap.js";
import type { SpokenClip } from "./training-samples.js";
import type { TrainConfig } from "../training/config.js";
import type { PitchError } from "../training/excitation-data.js";
import { type DevError, devLogSnrs, type TrainingProgress } from "../training/progress.js";

/** The run, of which so many steps were done before. */
interface RunAbout {
  readonly config: TrainConfig;
  readonly mel: MelFormat;
  readonly stepsDone: number;
}

type Remark = (sentence: string) => void;

/** What a training tells, written as it comes. A folder that cannot be written to is remarked once and stops nothing. */
export class TrainingEvents {
  readonly #config: TrainConfig;
  readonly #mel: MelFormat;
  readonly #network: EventFile;
  /** Phases that count steps of their own. */
  readonly #others: Readonly<Record<"prior" | "excitation", EventFile>>;

  /** @throws FileError where there can be no such folder */
  static async open(folder: string, about: RunAbout, onRemark: Remark): Promise<TrainingEvents> {
    await makeFolder(folder);
    return new TrainingEvents(folder, about, onRemark);
  }

  private constructor(folder: string, { config, mel, stepsDone }: RunAbout, onRemark: Remark) {
    this.#config = config;
    this.#mel = mel;
    this.#network = new EventFile(folder, onRemark, stepsDone + 1);
    const rows = Object.entries(config).map(([name, value]) => `| ${name} | ${JSON.stringify(value)} |`);
    const table = ["| setting | value |", "| --- | --- |", ...rows].join("\n");
    this.#network.add(stepsDone, [{ tag: "settings", text: table }]);
    this.#others = {
      prior: new EventFile(join(folder, "prior"), onRemark),
      excitation: new EventFile(join(folder, "excitation"), onRemark),
    };
  }

  progress({ phase, step, loss, figures, speed }: TrainingProgress): void {
    const values = [
      { tag: "loss", scalar: loss },
      ...Object.entries(figures).map(([name, scalar]) => ({ tag: `losses/${name}`, scalar })),
      { tag: "audio seconds a second", scalar: speed },
    ];
    if (phase === "network" || phase === "finish")
      this.#network.add(phase === "finish" ? this.#config.steps + step : step, values);
    else this.#others[phase].add(step, values);
  }

  measured(step: number, { mean, byLevel }: DevError): void {
    this.#network.add(step, [
      { tag: "noise error", scalar: mean },
      ...byLevel.map((scalar, level) => ({ tag: `noise error by log-SNR/${devLogSnrs[level]}`, scalar })),
    ]);
  }

  pitchMeasured({ medianCents, gross, voicing }: PitchError): void {
    this.#others.excitation.add(this.#config.excitationSteps, [
      { tag: "held-out/pitch, median distance in cents", scalar: medianCents },
      { tag: "held-out/pitch, share over 200 cents away", scalar: gross },
      { tag: "held-out/voicing, share of wrong frames", scalar: voicing },
    ]);
  }

  /** The clips after some steps beside their recordings: how they sound, and their mels in the run's format. */
  spoken(step: number, clips: readonly SpokenClip[]): void {
    const { sampleRate, bands } = this.#mel;
    this.#network.add(
      step,
      clips.flatMap(({ name, samples, wav }): SummaryValue[] => {
        const { frames, values } = computeMel(samples, this.#mel);
        const png = heatmapPng({
          columns: frames,
          rows: bands,
          value: (column, row) => values[column * bands + row],
          x: [0, frames],
          y: [0, bands],
        });
        return [
          { tag: name, wav, sampleRate, samples: samples.length },
          { tag: name, png, width: frames, height: bands },
        ];
      }),
    );
  }

  /** Waits until all is written. */
  async end(): Promise<void> {
    await Promise.all([this.#network, ...Object.values(this.#others)].map((file) => file.end()));
  }
}

/** One event file, which begins with its first value. */
class EventFile {
  readonly #folder: string;
  readonly #onRemark: Remark;
  readonly #from: number | undefined;
  #path: string | undefined;
  /** What is written: one record after the other. */
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  /** @param from the first step of which files before tell nothing that stays; without it that of the first value */
  constructor(folder: string, onRemark: Remark, from?: number) {
    this.#folder = folder;
    this.#from = from;
    this.#onRemark = onRemark;
  }

  add(step: number, values: readonly SummaryValue[]): void {
    const seconds = Date.now() / 1000;
    const records = [summaryRecord(seconds, step, values)];
    if (this.#path === undefined) {
      // the name that TensorBoard looks for; it reads the files of a folder in the order of their names
      const name = `events.out.tfevents.${Math.floor(seconds)}.${hostname()}.${process.pid}.${EventFile.#count++}`;
      this.#path = join(this.#folder, name);
      records.unshift(versionRecord(seconds), startRecord(seconds, this.#from ?? step));
    }
    const path = this.#path;
    this.#last = this.#last.then(async () => {
      if (this.#failed) return;
      try {
        await makeFolder(this.#folder);
        await appendFile(path, Buffer.concat(records));
      } catch (error) {
        this.#failed = true;
        this.#onRemark(
          `TensorBoard's events are written no more: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    });
  }

  end(): Promise<void> {
    return this.#last;
  }

  /** Files of one process differ in it. */
  static #count = 0;
}

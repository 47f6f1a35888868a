// Runs a benchmark: the quality of every setting on whole clips, its peak memory, then rounds over all settings that time
// them one after the other, so that whatever else the machine does for a while meets all alike.
import type { Mel } from "../../mel/format.js";
import type { EngineSettings } from "../../engine/engine.js";
import type { SynthesisOptions } from "../../synthesis/settings.js";
import { Vocoder } from "../../node.js";
import type { VocoderOptions } from "../../vocoder.js";
import type { Clip } from "../clips.js";
import { meanMetrics } from "../evaluate.js";
import { measureClip } from "../metrics/clip-metrics.js";
import { peakMemory, readClocks, shareOfOthers } from "./machine.js";
import {
  type BenchmarkLine,
  type BenchmarkSetting,
  type CarriedOut,
  requestOf,
  settingKey,
} from "./lines.js";
import type { ResultsFile } from "./results-file.js";

/** What to measure. */
export interface BenchmarkOptions {
  readonly checkpoint: string;
  readonly settings: readonly BenchmarkSetting[];
  /** Quality is measured on them. */
  readonly clips: readonly Clip[];
  /** Speed and memory are measured on it. */
  readonly timed: Mel;
  readonly rounds: number;
  /** Whether peak memory is measured. */
  readonly memory: boolean;
  readonly seed: number;
  readonly runtime: Pick<EngineSettings, "device" | "threads">;
  readonly results: ResultsFile;
  readonly onProgress?: (progress: BenchmarkProgress) => void;
}

/** Where a benchmark is. */
export interface BenchmarkProgress {
  readonly phase: "quality" | "memory" | "speed";
  readonly setting: BenchmarkSetting;
  /** Measurements made, those of the results file included, and all of them. */
  readonly done: number;
  readonly total: number;
  /** At the pace so far; NaN before there is one. */
  readonly secondsLeft: number;
}

/** A measurement to make, and how long it should take in some unit. */
interface Task {
  readonly phase: BenchmarkProgress["phase"];
  readonly setting: BenchmarkSetting;
  readonly work: number;
  readonly isDone: (line: BenchmarkLine) => boolean;
  readonly measure: () => Promise<BenchmarkLine>;
}

/** Conditioning, mel corrections and measuring cost about as much as so many steps. */
const WORK_BESIDE_STEPS = 3;

/** How long a stream takes to its first samples with the whole mel at hand; the rest is not computed. */
async function firstSound(vocoder: Vocoder, { values }: Mel, options: SynthesisOptions): Promise<number> {
  const speech = vocoder.stream([values], options);
  const pieces = speech[Symbol.asyncIterator]();
  await pieces.next();
  await pieces.return?.();
  return speech.report.firstSoundSeconds;
}

/** Measures what the results file does not hold yet. */
export async function runBenchmark(options: BenchmarkOptions): Promise<void> {
  const benchmark = new Benchmark(options);
  try {
    await benchmark.run();
  } finally {
    await benchmark.dispose();
  }
}

class Benchmark {
  readonly #options: BenchmarkOptions;
  readonly #vocoders = new Map<string, Promise<Vocoder>>();
  readonly #warm = new Set<string>();

  constructor(options: BenchmarkOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { results, onProgress } = this.#options;
    const tasks = this.#tasks();
    const open = tasks.filter(({ isDone }) => !results.lines.some(isDone));
    let [left, spent] = [open.reduce((sum, { work }) => sum + work, 0), 0];
    let [seconds, done] = [0, tasks.length - open.length];
    for (const { phase, setting, work, measure } of open) {
      onProgress?.({ phase, setting, done, total: tasks.length, secondsLeft: (left * seconds) / spent });
      const begun = performance.now();
      await results.add(await measure());
      seconds += (performance.now() - begun) / 1000;
      spent += work;
      left -= work;
      done++;
    }
  }

  async dispose(): Promise<void> {
    for (const vocoder of this.#vocoders.values()) await (await vocoder).dispose();
  }

  #tasks(): Task[] {
    const { settings, clips, timed, rounds, memory } = this.#options;
    const task = (
      phase: Task["phase"],
      setting: BenchmarkSetting,
      frames: number,
      measure: () => Promise<BenchmarkLine>,
      round?: number,
    ): Task => ({
      phase,
      setting,
      work: frames * (setting.steps + WORK_BESIDE_STEPS),
      isDone: (line) =>
        line.kind === phase &&
        settingKey(line.setting) === settingKey(setting) &&
        (line.kind !== "speed" || line.round === round),
      measure,
    });
    const clipFrames = clips.reduce((sum, { mel }) => sum + mel.frames, 0);
    const quality = settings.map((each) =>
      task("quality", each, clipFrames, () => this.#measureQuality(each)),
    );
    const peaks = settings.map((each) => task("memory", each, timed.frames, () => this.#measureMemory(each)));
    const speeds = Array.from({ length: rounds }, (_, round) =>
      settings.map((each) => task("speed", each, timed.frames, () => this.#measureSpeed(each, round), round)),
    );
    return [...quality, ...(memory ? peaks : []), ...speeds.flat()];
  }

  async #measureQuality(setting: BenchmarkSetting): Promise<BenchmarkLine> {
    const vocoder = await this.#vocoder(setting);
    const measured = [];
    let carriedOut: CarriedOut | undefined;
    for (const { samples: reference, mel } of this.#options.clips) {
      const { samples, sampleRate, report } = await vocoder.synthesize(mel, this.#synthesis(setting));
      const { schedule, steps, refine, engine, device } = report;
      carriedOut = { schedule, steps, refine, engine, device };
      measured.push({ metrics: await measureClip(reference, samples, sampleRate) });
    }
    return { kind: "quality", setting, ...carriedOut!, metrics: meanMetrics(measured) };
  }

  async #measureMemory(setting: BenchmarkSetting): Promise<BenchmarkLine> {
    const peakMegabytes = await peakMemory({
      checkpoint: this.#options.checkpoint,
      vocoder: this.#loading(setting),
      synthesis: this.#synthesis(setting),
      mel: this.#options.timed,
    });
    return { kind: "memory", setting, peakMegabytes };
  }

  async #measureSpeed(setting: BenchmarkSetting, round: number): Promise<BenchmarkLine> {
    const vocoder = await this.#vocoder(setting);
    const { timed } = this.#options;
    const options = this.#synthesis(setting);
    await this.#warmUp(setting, vocoder);
    const before = readClocks();
    const { report } = await vocoder.synthesize(timed, options);
    const others = shareOfOthers(before, readClocks());
    const firstSoundSeconds = await firstSound(vocoder, timed, options);
    return {
      kind: "speed",
      setting,
      round,
      realTimeFactor: report.realTimeFactor,
      firstSoundSeconds,
      others,
    };
  }

  /** Compiles what a setting runs at the timed length; steps of the same network need no warm-up of their own. */
  async #warmUp(setting: BenchmarkSetting, vocoder: Vocoder): Promise<void> {
    const key = settingKey({ ...setting, steps: 0, sampler: "ddim", schedule: "default" });
    if (this.#warm.has(key)) return;
    this.#warm.add(key);
    await vocoder.synthesize(this.#options.timed, this.#synthesis(setting));
  }

  #vocoder(setting: BenchmarkSetting): Promise<Vocoder> {
    const { engine, precision } = setting;
    const key = `${engine}/${precision}`;
    const known = this.#vocoders.get(key);
    if (known) return known;
    const opened = Vocoder.load(this.#options.checkpoint, this.#loading(setting));
    this.#vocoders.set(key, opened);
    return opened;
  }

  #loading({ engine, precision }: BenchmarkSetting): VocoderOptions {
    return { engine, precision, ...this.#options.runtime };
  }

  #synthesis(setting: BenchmarkSetting): SynthesisOptions {
    return { ...requestOf(setting), seed: this.#options.seed };
  }
}

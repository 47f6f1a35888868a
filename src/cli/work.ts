// `vocode work`: a worker of a fleet. The first signal to end lets it finish the file at work and give its job back; a
// second one ends it at once, and another worker goes on after some seconds.
import { Command } from "commander";
import { InputError } from "../errors.js";
import { scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import { parseSeed } from "../diffusion/noise.js";
import type { FleetJob } from "../fleet/job.js";
import { type MakeFile, work, WorkerTroubleError } from "../fleet/work.js";
import { addEngineOptions, type EngineOptions, engineOf, type SynthesizeOptions } from "./options.js";
import { wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote } from "./output.js";
import { toldToEnd } from "./serve.js";
import { QUEUE_HELP, queueAddress, voiceDigest } from "./submit.js";
import { makeSpeech } from "./synthesis-run.js";
import { checkpointFolder, ChosenVoices } from "./voices.js";

interface WorkerOptions extends EngineOptions, OutputOptions {
  readonly queue?: string;
  readonly lock: number;
  readonly untilDone?: boolean;
}

/** The command `vocode work`. */
export function workCommand(): Command {
  const command = new Command("work")
    .option("--queue <address>", QUEUE_HELP)
    .option(
      "--lock <seconds>",
      "after which the job of a worker that says nothing goes to another",
      wholeNumber(1, 3600),
      30,
    )
    .option("--until-done", "end when there are no jobs left");
  return addEngineOptions(command)
    .option("--json", "log lines of JSON")
    .option("--quiet", "no log on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode work --queue redis://queue:6379
  vocode work --threads 1 --until-done      one of several workers on this machine`,
    )
    .action(run);
}

async function run(options: WorkerOptions): Promise<void> {
  const stop = new AbortController();
  const voices = new JobVoices(options);
  const tell = (
    event: string,
    fields: Readonly<Record<string, unknown>>,
    words: () => string | undefined,
  ): void => {
    const text = options.json
      ? JSON.stringify({ time: new Date().toISOString(), event, ...fields })
      : words();
    if (text !== undefined) printNote(options, text);
  };
  void toldToEnd().then(() => {
    tell("end", {}, () => "Ending after the file at work.");
    stop.abort();
  });
  try {
    await work({
      address: queueAddress(options.queue),
      lockMs: 1000 * options.lock,
      untilDone: options.untilDone ?? false,
      stop: stop.signal,
      voiceFor: (job) => voices.of(job),
      note: (text) => {
        tell("note", { text }, () => text);
      },
      file: (event) => {
        tell("file", event, () => (event.outcome === "failed" ? `'${event.input}' failed.` : undefined));
      },
      job: (event) => {
        const { job, made, existing, failed, repeated, audioSeconds, seconds } = event;
        const parts = [
          `${made} made`,
          ...(existing > 0 ? [`${existing} there before`] : []),
          ...(failed > 0 ? [`${failed} failed`] : []),
          ...(repeated > 0 ? [`${repeated} begun more than once`] : []),
        ];
        tell(
          "job",
          event,
          () =>
            `${job}: ${parts.join(", ")}; ${audioSeconds.toFixed(1)} s of audio in ${seconds.toFixed(1)} s`,
        );
      },
    });
  } finally {
    await voices.dispose();
  }
}

/** The voices that are loaded: those of the last job. */
class JobVoices {
  readonly #options: WorkerOptions;
  #loaded: { readonly key: string; readonly voices: ChosenVoices } | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** What makes a job's files. @throws VocodeError where its voice is not here, also while it makes one */
  async of({ voice, options: named }: FleetJob): Promise<MakeFile> {
    const { seed, schedule, ...rest } = named;
    const options = {
      bitDepth: "16",
      ...rest,
      ...(seed !== undefined && { seed: parseSeed(seed as string) }),
      ...(schedule !== undefined && { schedule: scheduleOf(schedule) }),
      ...engineOf(this.#options),
      quiet: true,
    } as unknown as SynthesizeOptions;
    const key = JSON.stringify([voice, options.precision]);
    if (this.#loaded?.key !== key) {
      await this.dispose();
      const folder = await checkpointFolder(voice.place ?? undefined, { quiet: true });
      if ((await voiceDigest(voice.place, folder)) !== voice.digest)
        throw new InputError(
          `${voice.place === null ? "The voice that comes with vocode" : `The voice '${voice.place}'`} is another one here ` +
            "than where its jobs were submitted. Give both the same files.",
        );
      const chosen = voice.place === null ? {} : { checkpoint: folder };
      this.#loaded = { key, voices: new ChosenVoices({ ...options, ...chosen }) };
    }
    const { voices } = this.#loaded;
    return async (input, output, signal) => {
      try {
        const { report } = await makeSpeech(voices, input, output, { ...options, signal });
        return { audioSeconds: report.audioSeconds, seconds: report.seconds };
      } catch (error) {
        if (!voices.failed) throw error;
        await this.dispose();
        throw new WorkerTroubleError((error as Error).message, { cause: error });
      }
    };
  }

  async dispose(): Promise<void> {
    const before = this.#loaded;
    this.#loaded = undefined;
    await before?.voices.dispose();
  }
}

function scheduleOf(schedule: FleetJob["options"][string]): SynthesizeOptions["schedule"] {
  if (typeof schedule !== "object") return String(schedule);
  const { name, source, logSnrs } = schedule as { name: string; source: string; logSnrs: number[] };
  return scheduleFromLogSnrs({ name, source }, logSnrs);
}

// The commands as plain data, in the order in which the help lists them: what each takes and does, and where its code
// lies. A command is loaded when it is asked for, so that the list, and any other command, starts without it.
import type { Command } from "commander";

/** One command of the list. */
export interface ListedCommand {
  readonly name: string;
  /** Its options and arguments, as the list shows them. */
  readonly takes: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** Imports what makes it. */
  readonly load: () => Promise<() => Command>;
}

/** All of them. */
export const commands: readonly ListedCommand[] = [
  {
    name: "synthesize",
    takes: "[options] <paths...>",
    summary: "turn a mel, or the mel of a recording, into speech; 'vocode in.mel out.wav' does it too",
    load: async () => (await import("./synthesize.js")).synthesizeCommand,
  },
  {
    name: "mel",
    takes: "[options] <input> [output]",
    summary: "compute the log-mel of a recording, or of each recording in a folder",
    load: async () => (await import("./mel.js")).melCommand,
  },
  {
    name: "convert",
    takes: "[options] <input> <output>",
    summary: "turn a mel of one format into one of another, and say what that costs",
    load: async () => (await import("./convert.js")).convertCommand,
  },
  {
    name: "info",
    takes: "[options] [file...]",
    summary: "say what recordings, mel files and checkpoints are, and what is odd about them",
    load: async () => (await import("./info.js")).infoCommand,
  },
  {
    name: "pitch",
    takes: "[options] <file> [output]",
    summary: "the pitch and the voicing of a recording, or those that a model reads off a mel",
    load: async () => (await import("./pitch.js")).pitchCommand,
  },
  {
    name: "corpus",
    takes: "[options] <folder>",
    summary: "say what a folder of recordings holds, and what is wrong with which",
    load: async () => (await import("./corpus.js")).corpusCommand,
  },
  {
    name: "train",
    takes: "[options] [folder]",
    summary: "train a vocoder on a folder of WAV and FLAC recordings",
    load: async () => (await import("./train.js")).trainCommand,
  },
  {
    name: "calibrate",
    takes: "[options] <checkpoint> <clips...>",
    summary: "make a checkpoint ready for 8-bit layers, which are faster; 'vocode train' ends with it",
    load: async () => (await import("./calibrate.js")).calibrateCommand,
  },
  {
    name: "report",
    takes: "[options] <run>",
    summary: "draw how a training run goes: curves, and clips to see and hear, in one HTML file",
    load: async () => (await import("./report.js")).reportCommand,
  },
  {
    name: "evaluate",
    takes: "[options] <recordings> [syntheses]",
    summary: "measure syntheses against their recordings, or a checkpoint on recordings",
    load: async () => (await import("./evaluate.js")).evaluateCommand,
  },
  {
    name: "compare",
    takes: "[options] <recording> <synthesis>",
    summary: "compare a clip with the recording it was made from: metrics, spectrograms and their difference",
    load: async () => (await import("./compare.js")).compareCommand,
  },
  {
    name: "tune",
    takes: "[options] <clips...>",
    summary: "find the noise levels and mel corrections that suit a voice, and store them with it",
    load: async () => (await import("./tune.js")).tuneCommand,
  },
  {
    name: "bench",
    takes: "[options] [clips...]",
    summary: "measure speed, memory and quality of many settings on this machine, in one table",
    load: async () => (await import("./bench.js")).benchCommand,
  },
  {
    name: "export",
    takes: "[options] <voice> <out>",
    summary: "write a checkpoint as an ONNX file that runs without vocode",
    load: async () => (await import("./export.js")).exportCommand,
  },
  {
    name: "schedule",
    takes: "[options] [name]",
    summary: "print a noise schedule step by step, or list the schedules there are",
    load: async () => (await import("./schedule.js")).scheduleCommand,
  },
  {
    name: "toy",
    takes: "[options]",
    summary: "diffuse and sample a mixture of Gaussians with the exact score: no network, no training",
    load: async () => (await import("./toy.js")).toyCommand,
  },
  {
    name: "serve",
    takes: "[options] [voices...]",
    summary: "answer mels with speech over HTTP",
    load: async () => (await import("./serve.js")).serveCommand,
  },
  {
    name: "submit",
    takes: "[options] <mels...>",
    summary: "put mels into a queue, for the workers of many machines to turn into speech",
    load: async () => (await import("./submit.js")).submitCommand,
  },
  {
    name: "work",
    takes: "[options]",
    summary: "be one of those workers",
    load: async () => (await import("./work.js")).workCommand,
  },
  {
    name: "jobs",
    takes: "[options]",
    summary: "say how the queue's jobs stand: what is done, what failed and why, the time left",
    load: async () => (await import("./jobs.js")).jobsCommand,
  },
  {
    name: "engines",
    takes: "[options]",
    summary: "list what can compute on this machine, and why the rest cannot",
    load: async () => (await import("./engines.js")).enginesCommand,
  },
  {
    name: "studio",
    takes: "[options]",
    summary: "serve the pages that run vocode in a browser and teach diffusion, on this machine",
    load: async () => (await import("./studio.js")).studioCommand,
  },
  {
    name: "completion",
    takes: "[options] <shell>",
    summary: "print a script that completes commands and options in bash, zsh or fish",
    load: async () => {
      const { completionCommand } = await import("./completion.js");
      return () => completionCommand(() => commands);
    },
  },
];

// A whole voice made ready for int8: its denoiser is shown clips at levels over the trained range, its excitation model
// mels as loud as recorded and softer. And what int8 costs it: the error of ε̂ in both precisions, and how far the pitch
// and voicing that are read off a mel are from float32's.
import type { Calibration, Checkpoint } from "../checkpoint/checkpoint.js";
import { mixWithNoise } from "../diffusion/forward-process.js";
import { fillNormals } from "../diffusion/noise.js";
import type { LazyFunction, Program, Engine, TensorValue } from "../engine/engine.js";
import { ExcitationSource } from "../synthesis/excitation.js";
import {
  conditionerFunction,
  isConditioned,
  networkSpecs,
  noiseFunction,
} from "../synthesis/network-functions.js";
import { calibrate, calibrateExcitation, type DenoiserExample, requireInt8Layers } from "./calibration.js";
import type { CropSource, Utterance } from "./draws.js";
import { PitchComparison, type PitchError } from "./excitation-data.js";

/** Clips that the denoiser is shown, and the excitation model, which is quicker. */
export const calibrationClips = { denoiser: 8, excitation: 64 } as const;
/** What is taken of a longer clip, from its middle. */
const LONGEST_SECONDS = 4;
/** Levels at which the denoiser is shown each clip, spread over the trained range. */
const LEVELS = 8;
/** ln-gains of the mels that the excitation model is shown. */
const GAINS = [0, -1, -2.3];
/** Seeds of the noise: what is measured was not calibrated on. */
const SEEDS = { calibration: 7, measure: 1000 } as const;

/** A piece of a recording in the checkpoint's mel format, in whole frames. */
export interface CalibrationClip {
  /** [frames·hop] */
  readonly samples: Float32Array;
  /** Natural-log mel [frames, bands]. */
  readonly mel: Float32Array;
}

/** What int8 costs a voice. */
export interface Int8Cost {
  readonly clips: number;
  /** λ at which the errors were taken. */
  readonly logSnrs: readonly number[];
  /** Mean square of ε̂ − ε at each of them. */
  readonly float32: readonly number[];
  readonly int8: readonly number[];
  /** How far the excitation model in int8 is from float32; undefined without one, or where nothing is voiced. */
  readonly excitation: PitchError | undefined;
}

/** What a calibration can be told. */
export interface CalibrationOptions {
  /** Called after each run of a network, of as many as there will be. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Lets the event loop turn, and may throw to end it. */
  readonly beforeRun?: () => Promise<void>;
}

/**
 * Calibrates the denoiser, and the excitation model where there is one.
 *
 * @param runtime the graph engine on the CPU
 * @param clips of several voices or texts; of many, as many as `calibrationClips` says are taken, evenly spread
 * @throws NoInt8LayersError; SignatureError on another engine
 */
export async function calibrateVoice(
  runtime: Engine,
  checkpoint: Checkpoint,
  clips: readonly CalibrationClip[],
  { onProgress, beforeRun }: CalibrationOptions = {},
): Promise<Calibration> {
  requireInt8Layers(checkpoint.config);
  const shown = evenlySpread(clips, calibrationClips.denoiser);
  const heard = checkpoint.config.excitation ? evenlySpread(clips, calibrationClips.excitation) : [];
  const total = LEVELS * shown.length + GAINS.length * heard.length;
  let done = 0;
  async function* counted<T>(examples: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    for await (const example of examples) {
      await beforeRun?.();
      yield example;
      onProgress?.(++done, total);
    }
  }
  const conditioned = await ConditionedClips.open(runtime, checkpoint);
  try {
    const inputs = counted(conditioned.examples(shown, SEEDS.calibration));
    const quantisation = await calibrate(runtime, checkpoint, inputsOf(inputs));
    if (heard.length === 0) return { quantisation };
    const mels = counted(heard.flatMap((clip) => softerMels(clip, checkpoint)));
    return { quantisation, excitationQuantisation: await calibrateExcitation(runtime, checkpoint, mels) };
  } finally {
    await conditioned.dispose();
  }
}

/**
 * What int8 costs a calibrated voice, on some clips.
 *
 * @param checkpoint with its calibration
 */
export async function measureInt8(
  runtime: Engine,
  checkpoint: Checkpoint,
  clips: readonly CalibrationClip[],
  { onProgress, beforeRun }: CalibrationOptions = {},
): Promise<Int8Cost> {
  const heard = evenlySpread(clips, calibrationClips.denoiser);
  const logSnrs = levelsOf(checkpoint);
  const sums = { float32: logSnrs.map(() => 0), int8: logSnrs.map(() => 0) };
  const opened: { dispose(): Promise<void> }[] = [];
  try {
    const conditioned = await ConditionedClips.open(runtime, checkpoint);
    opened.push(conditioned);
    const programs: [keyof typeof sums, Program][] = [];
    for (const precision of ["float32", "int8"] as const) {
      const network = noiseFunction(checkpoint, precision);
      const program = await runtime.compile(network, network.signature);
      opened.push(program);
      programs.push([precision, program]);
    }
    let done = 0;
    for await (const { inputs, noise, level } of conditioned.examples(heard, SEEDS.measure)) {
      for (const [precision, program] of programs) {
        await beforeRun?.();
        const { noise: predicted } = await program.run(inputs);
        sums[precision][level] += meanSquare(predicted.data as Float32Array, noise) / heard.length;
        onProgress?.(++done, programs.length * logSnrs.length * heard.length);
      }
    }
    return {
      ...{ clips: heard.length, logSnrs, ...sums },
      excitation: await compareExcitation(
        runtime,
        checkpoint,
        evenlySpread(clips, calibrationClips.excitation),
      ),
    };
  } finally {
    for (const each of opened) await each.dispose();
  }
}

/** Pieces of a corpus's recordings, evenly spread over those that are trained on, or over those that are held out. */
export function corpusClips(source: CropSource, part: "training" | "held-out"): CalibrationClip[] {
  const { format } = source;
  const { hopLength, bands, sampleRate } = format;
  const wanted = ({ speed, heldOut }: Utterance): boolean => speed === 1 && heldOut === (part === "held-out");
  const most = Math.round((LONGEST_SECONDS * sampleRate) / hopLength);
  return evenlySpread(source.utterances.filter(wanted), calibrationClips.excitation).map((utterance) => {
    const frames = Math.min(most, utterance.frames);
    const first = Math.floor((utterance.frames - frames) / 2);
    const clip = { samples: new Float32Array(frames * hopLength), mel: new Float32Array(frames * bands) };
    source.readSamples(utterance, first * hopLength, clip.samples.length, clip.samples, 0);
    source.readMel(utterance, first, frames, clip.mel, 0);
    return clip;
  });
}

/** The middle of a recording with its natural-log mel, in whole frames. */
export function recordingClip(
  samples: Float32Array,
  mel: Float32Array,
  { hopLength, bands, sampleRate }: CropSource["format"],
): CalibrationClip {
  const whole = Math.floor(samples.length / hopLength);
  const frames = Math.min(whole, Math.round((LONGEST_SECONDS * sampleRate) / hopLength));
  const first = Math.floor((whole - frames) / 2);
  return {
    samples: samples.slice(first * hopLength, (first + frames) * hopLength),
    mel: mel.slice(first * bands, (first + frames) * bands),
  };
}

/** So many items at equal distances; all where there are no more. */
export function evenlySpread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, index) => items[Math.floor(((index + 0.5) * items.length) / count)],
  );
}

/** A clip at a level, as the denoiser is given it. */
interface NoisyClip {
  readonly inputs: DenoiserExample;
  /** ε [T]. */
  readonly noise: Float32Array;
  /** Which of the levels. */
  readonly level: number;
}

/** Clips with what the prior and the encoder make of them. */
class ConditionedClips {
  private constructor(
    private readonly checkpoint: Checkpoint,
    private readonly conditioner: Program | undefined,
    private readonly whitener: Program | undefined,
  ) {}

  static async open(runtime: Engine, checkpoint: Checkpoint): Promise<ConditionedClips> {
    const network = conditionerFunction(checkpoint);
    const conditioner = isConditioned(checkpoint.config)
      ? await runtime.compile(network, network.signature)
      : undefined;
    const { signal, sigma } = networkSpecs(checkpoint);
    const whitener =
      checkpoint.config.prior === "spectral"
        ? await runtime.compile(whitening(checkpoint), { inputs: { signal, sigma } })
        : undefined;
    return new ConditionedClips(checkpoint, conditioner, whitener);
  }

  /** Each clip at each level. */
  async *examples(clips: readonly CalibrationClip[], seed: number): AsyncGenerator<NoisyClip> {
    const { bands } = this.checkpoint.config.mel;
    for (const [index, { samples, mel: values }] of clips.entries()) {
      const shape = [1, samples.length];
      const mel: TensorValue = { data: values, shape: [1, values.length / bands, bands] };
      const conditioning = (await this.conditioner?.run({ mel })) ?? {};
      const { sigma } = conditioning;
      const signal: TensorValue = { data: samples, shape };
      const whitened = await this.whitener?.run({ signal, sigma });
      const clean = (whitened?.["whitened"] ?? signal).data as Float32Array;
      for (const [level, logSnr] of levelsOf(this.checkpoint).entries()) {
        const noise = fillNormals(new Float32Array(samples.length), { seed: seed + index, step: level });
        const z: TensorValue = { data: mixWithNoise(clean, noise, logSnr), shape };
        const inputs = { z, logSnr: { data: Float32Array.of(logSnr), shape: [1] }, mel, ...conditioning };
        yield { inputs, noise, level };
      }
    }
  }

  async dispose(): Promise<void> {
    await this.conditioner?.dispose();
    await this.whitener?.dispose();
  }
}

async function* inputsOf(examples: AsyncIterable<NoisyClip>): AsyncGenerator<DenoiserExample> {
  for await (const { inputs } of examples) yield inputs;
}

function whitening({ config }: Checkpoint): LazyFunction {
  return {
    load: async () => {
      const { whiten } = await import("../models/prior/graph.js");
      const { createMdct } = await import("../models/layers/mdct.js");
      const transform = createMdct(config.mel.hopLength);
      return ({ signal, sigma }) => ({ whitened: whiten(transform, signal, sigma) });
    },
  };
}

/** λ in the middles of equal parts of the trained range. */
function levelsOf({ config: { logSnrRange } }: Checkpoint): number[] {
  const [low, high] = logSnrRange;
  return Array.from({ length: LEVELS }, (_, level) => low + ((high - low) * (level + 0.5)) / LEVELS);
}

function softerMels({ mel }: CalibrationClip, { config }: Checkpoint): Float32Array[] {
  const floor = Math.log(config.mel.floor);
  return GAINS.map((gain) => mel.map((value) => Math.max(floor, value + gain)));
}

async function compareExcitation(
  runtime: Engine,
  checkpoint: Checkpoint,
  clips: readonly CalibrationClip[],
): Promise<PitchError | undefined> {
  const exact = await ExcitationSource.create(runtime, checkpoint, "float32");
  const rounded = await ExcitationSource.create(runtime, checkpoint, "int8");
  if (!exact || !rounded) return undefined;
  const comparison = new PitchComparison();
  for (const { mel } of clips) {
    const { pitch, voiced, bandVoicing } = await exact.read(mel);
    const hertz = Float32Array.from(pitch, (value, frame) => (voiced[frame] > 0.5 ? value : 0));
    comparison.add(hertz, bandVoicing, await rounded.read(mel));
  }
  await exact.dispose();
  await rounded.dispose();
  return comparison.result();
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

// What everything else knows of a denoiser: one object that says what it is, what it needs and how it is used. Nobody asks
// a network for its kind; a new one is a folder with such an object and a line in registry.ts. It loads no tensor library:
// that comes with `graph`, where the network has to be traced or run op by op.
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import type { LossNorm } from "../diffusion/noise-prediction.js";
import type { Schema } from "../formats/json-fields.js";
import type { MelFormat } from "../mel/format.js";
import type { Reach } from "../mel/frames.js";
import type { Tensor, Weights, WeightSpec, WeightValue } from "./weights.js";

/**
 * What is diffused: with "spectral" a waveform that the spectral prior whitened (PriorGrad), so that the denoiser is given
 * σ too; with "standard" the waveform itself.
 */
export type PriorName = "spectral" | "standard";

/** A denoiser, for shapes that its schema read. */
export interface Architecture<Shape = unknown> {
  /** Its name in config.json and on the command line. */
  readonly kind: string;
  /** Reads its shape, the `denoiser.shape` of a config.json. */
  readonly schema: Schema<Shape>;
  /** Why a shape does not go with a mel format, as "has …"; undefined where it does. */
  mismatch?(shape: Shape, mel: MelFormat): string | undefined;
  /** What it is made for. */
  readonly prior: PriorName;
  /** All of its weights, the encoder's too. */
  weights(shape: Shape, mel: MelFormat): WeightSpec[];
  /** What a frame of its estimate sees. */
  reach(shape: Shape, mel: MelFormat): InputReach;
  /** Multiply-adds of a call, for each mel frame. */
  multiplyAdds(shape: Shape, mel: MelFormat): number;
  /** What it makes of a mel once an utterance; absent where it is given the mel alone. */
  readonly encoder?: EncoderPart<Shape>;
  /** Its Linear layers that may compute in 8 bits, by their weights; all else stays float32 at every precision. */
  int8Layers?(shape: Shape): string[];
  /** Its size in a few words. */
  describe(shape: Shape): string;
  readonly defaults: Defaults;
  /** Its functions of tensors: the only way to the tensor library. */
  graph(): Promise<ArchitectureGraph<Shape>>;
  /** A form of it that takes fewer nodes where a sampler is unrolled into a graph; without it `graph` serves. */
  grid?(): Promise<GridForm<Shape>>;
  /** Its fast way on a CPU; absent where it runs as one graph everywhere. */
  readonly kernel?: KernelPart<Shape>;
  readonly training: TrainingPart<Shape>;
}

/** How far the inputs of a denoiser are seen. */
export interface InputReach {
  /** The noisy signal z. */
  readonly signal: Reach;
  /** The mel, and what the encoder and the prior made of it. */
  readonly mel: Reach;
}

/** An encoder, from the natural-log mel to vectors [F, columns]. Its weights' names begin with "encoder.". */
export interface EncoderPart<Shape> {
  columns(shape: Shape): number;
  /** What a vector sees of the mel. */
  reach(shape: Shape): Reach;
  /** For each mel frame. */
  multiplyAdds(shape: Shape, mel: MelFormat): number;
}

/** How it is used where nobody says. */
export interface Defaults {
  readonly sampler: SamplerName;
  /** The name of the schedule of N levels, where no start and no tuning gives another. */
  schedule(sampler: SamplerName, steps: number): string;
  /** Mel frames of a tile: the denoiser's memory grows with it. */
  readonly tile: number;
}

/** What a denoiser is given. T = F·hop. */
export interface DenoiserInputs {
  /** Noisy signal [batch, T]. */
  readonly z: Tensor;
  /** λ of each item [batch]. */
  readonly logSnr: Tensor;
  /** Natural-log mel [batch, F, bands]. */
  readonly mel: Tensor;
  /** With the spectral prior: σ of each MDCT coefficient [batch, F, hop]. */
  readonly sigma?: Tensor | undefined;
  /** With an encoder: its vectors [batch, F, columns]. */
  readonly encoded?: Tensor | undefined;
}

/** What a denoiser on grids is given: signals as grids of hops [1, hop, 1, F+1] (layers/hop-grid.ts). */
export interface GridInputs {
  readonly z: Tensor;
  /** Natural-log mel [1, bands, F]. */
  readonly mel: Tensor;
  /** [1, hop, 1, F] */
  readonly sigma: Tensor;
  /** With an encoder: its vectors [1, F, columns]. */
  readonly encoded?: Tensor | undefined;
}

/** A denoiser for graphs into which a sampler is unrolled: signals as grids of hops take a quarter of the nodes. */
export interface GridDenoiser {
  /** Its weights, in the order that it wants. */
  readonly weights: Readonly<Record<string, WeightValue>>;
  /** The estimate x̂₀ at a level that is known when the graph is made, as a grid. */
  estimate(held: Readonly<Record<string, Tensor>>, inputs: GridInputs, logSnr: number): Tensor;
}

/** A denoiser's form for graphs of grids. */
export interface GridForm<Shape = unknown> {
  open(shape: Shape, mel: MelFormat, weights: Readonly<Record<string, WeightValue>>): GridDenoiser;
}

/** What a trunk is given, all in mel frames. */
export interface TrunkInputs {
  /** What the kernel made of the noisy signal: [batch, F, columns]. */
  readonly features: Tensor;
  /** λ of each item [batch]. */
  readonly logSnr: Tensor;
  /** The encoder's vectors [batch, F, columns]. */
  readonly encoded: Tensor;
}

/** A denoiser's functions of tensors. Each reads weights by the names that `weights` lists. */
export interface ArchitectureGraph<Shape = unknown> {
  /** What the denoiser's function gives: the estimate x̂₀ of the clean signal, or the noise ε̂ in it. */
  readonly predicts: "x0" | "epsilon";
  /** The denoiser, its constants made once: → [batch, T]. */
  denoiser(shape: Shape, mel: MelFormat): (weights: Weights, inputs: DenoiserInputs) => Tensor;
  /** The encoder, where there is one: natural-log mel [batch, F, bands] → [batch, F, columns]. */
  encode?(shape: Shape, weights: Weights, mel: Tensor): Tensor;
  /** What lies between the kernel's two halves, where there is a kernel: → [batch·F, outputs]. */
  trunk?(shape: Shape, mel: MelFormat): (weights: Weights, inputs: TrunkInputs) => Tensor;
}

/** A denoiser's signal path in WebAssembly, around a trunk that an engine computes. */
export interface KernelPart<Shape> {
  /** Columns of the features that the trunk is given. */
  features(shape: Shape, mel: MelFormat): number;
  /** Why the kernel cannot do a network here, in words; undefined if it can. */
  fault(shape: Shape, mel: MelFormat): Promise<string | undefined>;
  /** @throws SignalPathError where the kernel cannot do the network */
  open(shape: Shape, mel: MelFormat): Promise<SignalPath>;
}

/** The signal path of one denoiser, for one tile at a time. Rows are mel frames, signals [F·hop]. */
export interface SignalPath {
  readonly hopLength: number;
  /** Columns of the features, and of the trunk's output. */
  readonly featureColumns: number;
  readonly outputColumns: number;
  /** Where the trunk's output for the tile that was analysed last is to be written: [F, outputColumns]. */
  readonly output: Float32Array;
  /** @returns the trunk's features [F, featureColumns], until the next tile is analysed */
  analyse(tile: {
    readonly z: Float32Array;
    readonly logSnr: number;
    readonly mel: Float32Array;
    readonly sigma: Float32Array;
  }): Float32Array;
  /** @returns x̂₀ [F·hop] of what was written to `output`, until the next tile is analysed */
  synthesise(): Float32Array;
}

/** A setting of a training run: a number, a word, or a list of either. */
export type Setting = number | string | readonly number[] | readonly string[];

/** Settings of a training run by their names, all of them flat. */
export type Settings = Readonly<Record<string, Setting>>;

/** How a denoiser is trained. */
export interface TrainingPart<Shape> {
  /**
   * The settings that its shape is made of, with their defaults: whole numbers and lists of them, above 0. Where another
   * denoiser has a setting of the same name, each has its own default.
   */
  readonly settings: Readonly<Record<string, number | readonly number[]>>;
  /** Those of them that may be 0. */
  readonly mayBeZero?: readonly string[];
  /** What differs from the usual settings of every training. */
  readonly recipe?: Settings;
  /** The shape that settings give, as config.json writes it, for the schema to read. */
  shapeOf(settings: Settings): unknown;
  /** The settings that give a shape. */
  settingsOf(shape: Shape): Readonly<Record<string, number | readonly number[]>>;
  /** Why settings do not go together, as a sentence; undefined where they do. */
  fault?(settings: Settings): string | undefined;
  /** The same for settings and a mel format. */
  formatFault?(settings: Settings, mel: MelFormat): string | undefined;
  /** What may grow where training begins with trained weights. */
  readonly growth?: Growth<Shape>;
  /** How trained weights become a beginning for mels of another format; absent where they cannot. Loaded on demand. */
  readonly transfer?: () => Promise<Transfer<Shape>>;
  readonly optimiser: NetworkOptimiser;
  /** Whether errors of ε̂ are squared, or taken as they are. */
  readonly norm: LossNorm;
  /** Levels of its own; without them they are drawn as the settings say. */
  readonly levels?: LevelDraw;
}

/** Settings that may be larger than those of the checkpoint that training begins with. */
export interface Growth<Shape> {
  readonly settings: readonly string[];
  /** @param weights of a checkpoint of the shape `from`, by their names there */
  weights(
    weights: Readonly<Record<string, WeightValue>>,
    from: Shape,
    to: Shape,
    mel: MelFormat,
  ): Readonly<Record<string, WeightValue>>;
}

/** Trained weights for mels of another format. */
export interface Transfer<Shape> {
  /** Why they cannot be carried over, as a sentence; undefined where they can. */
  fault(from: MelFormat, to: MelFormat): string | undefined;
  /**
   * @param weights of a checkpoint, by their names there
   * @returns the denoiser's, by the same names; its prior and its excitation model are of its own format
   */
  weights(
    weights: Readonly<Record<string, WeightValue>>,
    shape: Shape,
    from: MelFormat,
    to: MelFormat,
  ): Readonly<Record<string, WeightValue>>;
}

/** AdamW, and Muon for some weights; their rates are settings. */
export interface NetworkOptimiser {
  readonly beta1: number;
  readonly beta2: number;
  /** Muon's momentum, and the weights that it trains. */
  readonly muon?: { readonly momentum: number; trains(name: string): boolean };
}

/** How λ is drawn. */
export interface LevelDraw {
  /** Lowest and highest. */
  readonly range: readonly [number, number];
  /** λ of each crop of a step, [batch]. */
  draw(batch: number, random: UniformSource): Float32Array;
}

/** Random numbers of one step. */
export interface UniformSource {
  /** The next number in [0, 1). */
  uniform(): number;
  /** The next number in [low, high). */
  between(low: number, high: number): number;
}

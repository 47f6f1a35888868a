// A checkpoint's networks on an engine, tile by tile. For a spectral prior conditioning makes σ of each MDCT coefficient and
// the encoder's vectors, the denoiser works on the whitened waveform w, and the waveform is MDCT⁻¹(σ·MDCT(w)); for the
// standard prior there is only the denoiser, and it works on the waveform itself.
import { type Checkpoint, isMaskNet } from "../checkpoint/checkpoint.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import type { Program, Runtime, TensorValue } from "../runtime/runtime.js";
import { colourFunction, conditionerFunction, type NetworkFunction } from "./network-functions.js";
import type { FrameRows, Networks } from "./networks.js";
import type { Precision } from "./precision.js";
import { openTileDenoiser, type TileDenoiser } from "./tile-denoiser.js";
import { tileExtent } from "./tile-extent.js";
import { Turns } from "./turns.js";

const none = new Float32Array(0);

/** What runs beside the denoiser where the prior is spectral. */
interface PriorPrograms {
  readonly conditioner: Program;
  readonly colour: Program;
}

/** The networks of a checkpoint, compiled. */
export class MelDenoiser implements Networks {
  readonly conditioning: Networks["conditioning"];
  readonly reach: Networks["reach"];
  readonly tile: number;
  readonly #config: CheckpointConfig;
  readonly #denoiser: TileDenoiser;
  readonly #prior: PriorPrograms | undefined;
  readonly #turns = new Turns();

  private constructor(checkpoint: Checkpoint, denoiser: TileDenoiser, prior: PriorPrograms | undefined) {
    const { sigma, encoded, tile, ...reach } = tileExtent(checkpoint);
    this.conditioning = prior ? { sigma, encoded } : {};
    this.reach = reach;
    this.tile = tile;
    // without the weights, which the engine holds
    this.#config = checkpoint.config;
    this.#denoiser = denoiser;
    this.#prior = prior;
  }

  /**
   * @param precision of the denoiser's Linear layers
   * @throws NotCalibratedError if int8 is asked of a checkpoint that was not calibrated
   */
  static async create(
    runtime: Runtime,
    checkpoint: Checkpoint,
    precision: Precision = "float32",
  ): Promise<MelDenoiser> {
    const compile = ({ fn, signature }: NetworkFunction): Promise<Program> => runtime.compile(fn, signature);
    const prior = isMaskNet(checkpoint)
      ? {
          conditioner: await compile(conditionerFunction(checkpoint)),
          colour: await compile(colourFunction(checkpoint)),
        }
      : undefined;
    return new MelDenoiser(checkpoint, await openTileDenoiser(runtime, checkpoint, precision), prior);
  }

  /** σ [F, hop] and encoded [F, channels] of a natural-log mel; nothing for the standard prior. */
  async condition(mel: Float32Array): Promise<FrameRows> {
    const prior = this.#prior;
    if (!prior) return {};
    const { bands } = this.#config.mel;
    const { sigma, encoded } = await this.#turns.take(() =>
      prior.conditioner.run({ mel: rowsOf(mel, bands) }),
    );
    return { sigma: sigma.data as Float32Array, encoded: encoded.data as Float32Array };
  }

  async noise(
    z: Float32Array,
    logSnr: number,
    { mel, sigma = none, encoded = none }: FrameRows,
    noise: Float32Array = new Float32Array(z.length),
  ): Promise<Float32Array> {
    const [lowest, highest] = this.#config.logSnrRange;
    const level = Math.min(highest, Math.max(lowest, logSnr));
    return this.#turns.take(() => this.#denoiser.noise({ z, logSnr: level, mel, sigma, encoded }, noise));
  }

  async waveform(diffused: Float32Array, { sigma }: FrameRows): Promise<Float32Array> {
    const prior = this.#prior;
    if (!prior) return diffused;
    const inputs = {
      whitened: { data: diffused, shape: [1, diffused.length] },
      sigma: rowsOf(sigma, this.#config.mel.hopLength),
    };
    const { signal } = await this.#turns.take(() => prior.colour.run(inputs));
    return signal.data as Float32Array;
  }

  async dispose(): Promise<void> {
    await this.#denoiser.dispose();
    await this.#prior?.conditioner.dispose();
    await this.#prior?.colour.dispose();
  }
}

function rowsOf(data: Float32Array, columns: number): TensorValue {
  return { data, shape: [1, data.length / columns, columns] };
}

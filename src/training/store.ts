// The checkpoint of a run: the averaged weights with what they are, so that it can be used while training goes on.
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { CheckpointConfig } from "../checkpoint/config.js";
import { type Tuning, tuningName } from "../checkpoint/tunings.js";
import { refinementFor } from "../mel/consistency.js";
import { InputError } from "../errors.js";
import { loadCheckpoint, saveCheckpoint } from "../host/node/checkpoints.js";
import { excitationShape } from "../models/excitation/shape.js";
import type { CropSource } from "./draws.js";
import type { Run } from "./run.js";
import { withPrefix } from "./optimiser/optimiser.js";
import { architectureOf } from "../models/registry.js";
import { shapeOfRun, type TrainConfig } from "./config.js";
import type { TrainedWeights } from "./trainer.js";
import { checkpointConfigOf } from "./model.js";
import { audioSecondsSeen, type DevError, devLogSnrs } from "./progress.js";

// The README.md of a checkpoint that a run made.

/** What a card tells about the training. */
interface CardFacts {
  readonly name: string;
  readonly config: TrainConfig;
  /** The checkpoint that training began with. */
  readonly from?: string;
  readonly steps: number;
  readonly audioHours: number;
  readonly recordings: number;
  readonly recordedHours: number;
  readonly error: DevError | undefined;
  readonly weightCount: number;
}

/** A model card in Markdown. */
function modelCard(facts: CardFacts): string {
  const { name, config, from, steps, audioHours, recordings, recordedHours, error } = facts;
  const architecture = architectureOf(config.denoiser);
  const lines = [
    // what Hugging Face sorts models by; licence and language are for the owner to add
    ...["---", "library_name: mel-vocode", "tags:", "  - vocoder", "  - diffusion", "  - speech", "---", ""],
    `# ${name}`,
    "",
    "A diffusion vocoder's weights, made by `vocode train`; see `config.json` for its mel format and settings.",
    "",
    `- Denoiser: ${architecture.kind}, ${(facts.weightCount / 1e6).toFixed(1)} M weights, ${architecture.describe(shapeOfRun(config))}`,
    `- Trained on ${recordings} recordings, ${recordedHours.toFixed(2)} hours`,
    `- ${steps} of ${config.steps + config.finishSteps} steps, ${audioHours.toFixed(2)} audio-hours seen`,
    ...(from === undefined ? [] : [`- Begun with the weights of ${from}`]),
  ];
  if (error) {
    lines.push(
      `- Error of the predicted noise on the held-out recordings: ${error.mean.toFixed(4)} of the noise's power`,
      "",
      `| log-SNR | ${devLogSnrs.join(" | ")} |`,
      `| --- | ${devLogSnrs.map(() => "---").join(" | ")} |`,
      `| error | ${error.byLevel.map((value) => value.toFixed(4)).join(" | ")} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A run at some step. */
export interface Trained {
  readonly name: string;
  readonly config: TrainConfig;
  readonly corpus: CropSource;
  readonly steps: number;
  readonly weights: TrainedWeights;
  readonly run: Run;
  /** The name of the checkpoint that the run began with. */
  readonly from?: string | undefined;
}

/** Whether a folder holds the checkpoint of a run at a step already, to the last bit of its weights. */
export async function holdsTrained(
  folder: string,
  { config, steps, weights }: Pick<Trained, "config" | "steps" | "weights">,
): Promise<boolean> {
  let stored: Checkpoint;
  try {
    stored = await loadCheckpoint(folder);
  } catch (error) {
    // missing or damaged: it is written again
    if (error instanceof InputError) return false;
    throw error;
  }
  const { training } = stored.config;
  const settings = Object.entries(training["settings"] ?? {});
  const isSame = settings.every(([key, value]) => JSON.stringify(value) === JSON.stringify(config[key]));
  if (training["steps"] !== steps || settings.length === 0 || !isSame) return false;
  const wanted = Object.entries(allWeights(weights));
  return wanted.every(([name, { data }]) => {
    const there = stored.weights[name]?.data;
    return there?.length === data.length && data.every((value, i) => value === there[i]);
  });
}

function allWeights({ prior, excitation, network }: TrainedWeights): Checkpoint["weights"] {
  return {
    ...withPrefix("prior.", prior),
    ...withPrefix("excitation.", excitation ?? {}),
    ...withPrefix("denoiser.", network),
  };
}

/** What a voice that was finished is synthesised with: the calls that it was finished through, and nothing after them. */
export function finishedSteps({
  samplerLevels,
}: Pick<TrainConfig, "samplerLevels">): Pick<CheckpointConfig, "schedules" | "tunings" | "defaultSteps"> {
  const steps = samplerLevels.length;
  const name = tuningName(steps);
  const { exponent, momentum } = refinementFor(0);
  // its first step is DDIM's, and its last takes the estimate
  const tuning: Tuning = { start: "harmonic", sampler: "dpmpp-2m", refine: 0, exponent, momentum };
  return { schedules: { [name]: samplerLevels }, tunings: { [name]: tuning }, defaultSteps: steps };
}

/** Writes the checkpoint of a run. */
export async function storeTrained(folder: string, trained: Trained): Promise<void> {
  const { name, config, corpus, steps, weights, run, from } = trained;
  const { format, utterances } = corpus;
  const recorded = utterances.filter(({ speed, heldOut }) => speed === 1 && !heldOut);
  const hoursOf = (frames: number): number => (frames * format.hopLength) / format.sampleRate / 3600;
  const audioHours = audioSecondsSeen(config, format, steps) / 3600;
  const recordedHours = hoursOf(recorded.reduce((sum, { frames }) => sum + frames, 0));
  const latest = (await run.readMetrics(steps)).findLast((metrics) => "devError" in metrics);
  const error = latest && {
    mean: latest["devError"] as number,
    byLevel: latest["devErrorByLevel"] as readonly number[],
  };
  const { excitation, network } = weights;
  // until the end of the phase the voice is used as before it
  const isFinished = config.finishSteps > 0 && steps >= config.steps + config.finishSteps;
  const facts = {
    ...(from !== undefined && { from }),
    ...{ recordings: recorded.length, recordedHours, steps, audioHours },
  };
  const checkpoint = {
    config: {
      ...checkpointConfigOf(config, {
        mel: format,
        ...(isFinished ? finishedSteps(config) : { schedules: {} }),
        training: { ...facts, devError: error ?? null, settings: config },
      }),
      ...(excitation && { excitation: excitationShape }),
    },
    weights: allWeights(weights),
  };
  const weightCount = Object.values(network).reduce((sum, { data }) => sum + data.length, 0);
  await saveCheckpoint(folder, checkpoint, modelCard({ ...facts, name, config, error, weightCount }));
}

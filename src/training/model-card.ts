// The README.md of a checkpoint that a run made.
import { type DevError, devLogSnrs } from "./dev-error.js";
import type { TrainConfig } from "./train-config.js";
import type { DenoiserTraining } from "./training-model.js";

/** What a card tells about the training. */
export interface CardFacts {
  readonly name: string;
  readonly config: TrainConfig;
  readonly denoiser: Pick<DenoiserTraining, "kind" | "summary">;
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
export function modelCard(facts: CardFacts): string {
  const { name, config, denoiser, from, steps, audioHours, recordings, recordedHours, error } = facts;
  const lines = [
    `# ${name}`,
    "",
    "A diffusion vocoder's weights, made by `vocode train`; see `config.json` for its mel format and settings.",
    "",
    `- Denoiser: ${denoiser.kind}, ${(facts.weightCount / 1e6).toFixed(1)} M weights, ${denoiser.summary}`,
    `- Trained on ${recordings} recordings, ${recordedHours.toFixed(2)} hours`,
    `- ${steps} of ${config.steps} steps, ${audioHours.toFixed(2)} audio-hours seen`,
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

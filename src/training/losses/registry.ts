// The losses by name. A new one is a file beside this one and a word in the list below; a program that has its own hands
// it over with `registerLoss`.
import { TrainConfigError } from "../../errors.js";
import { lossWeightsOf, type TrainConfig } from "../config.js";
import { reservedMetrics } from "../progress.js";
import type { LossContext, LossKind, WeightedLoss } from "./loss.js";
import { adversarial } from "./adversarial.js";
import { noisePrediction } from "./noise-prediction.js";
import { melDistance, spectraDistance } from "./spectral.js";

const kinds = new Map(
  [noisePrediction, melDistance, spectraDistance, adversarial].map((kind) => [kind.name, kind]),
);

/**
 * Makes a loss known by its name.
 *
 * @throws Error for a name that is taken, or that cannot stand in a log
 */
export function registerLoss(kind: LossKind): void {
  const { name } = kind;
  if (kinds.has(name)) throw new Error(`There is a loss '${name}' already.`);
  if (!/^[a-z][a-z0-9-]*$/.test(name) || reservedMetrics.includes(name)) {
    throw new Error(
      `A loss cannot be called '${name}': names are small letters, digits and hyphens, and none of ` +
        `${reservedMetrics.join(", ")}.`,
    );
  }
  kinds.set(name, kind);
}

/** @throws TrainConfigError where the settings name a loss that there is not */
export function checkLosses({ losses, finishLosses }: Pick<TrainConfig, "losses" | "finishLosses">): void {
  checkNames("losses", losses);
  checkNames("finishLosses", finishLosses);
  const early = [...lossWeightsOf(losses).keys()].find((name) => kinds.get(name)?.judgesSampled);
  if (early === undefined) return;
  throw new TrainConfigError(
    `The loss '${early}' judges what the sampler's steps make, which only the finishing phase has. Name it in ` +
      "'finishLosses' in place of 'losses'.",
  );
}

function checkNames(setting: string, losses: readonly string[]): void {
  const unknown = [...lossWeightsOf(losses, setting).keys()].find((name) => !kinds.has(name));
  if (unknown === undefined) return;
  const known = [...kinds.values()].filter(
    ({ judgesSampled }) => setting !== "losses" || judgesSampled !== true,
  );
  throw new TrainConfigError(
    `'${setting}' names '${unknown}', which is none. The losses are ${known.map(({ name }) => name).join(", ")}.`,
  );
}

/**
 * The losses of a run, in the order of its settings.
 *
 * @throws TrainConfigError where the settings name a loss that there is not
 */
export function lossesOf(context: LossContext): readonly WeightedLoss[] {
  const { losses } = context.config;
  checkNames("losses", losses);
  return [...lossWeightsOf(losses)].map(([name, weight]) => {
    return { name, loss: kinds.get(name)!.create(context), weight };
  });
}

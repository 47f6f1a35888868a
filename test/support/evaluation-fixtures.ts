// The pairs in test/fixtures/evaluation, which make_evaluation_fixtures.py there wrote with its own values of the metrics.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readRecording } from "../../src/host/node/recordings.js";
import type { ClipMetrics } from "../../src/evaluation/metrics/clip-metrics.js";

/** The fixture recordings by the synthesis' file name. */
export const evaluationPairs = {
  "vocoded.flac": "speech_22k.wav",
  "noisy.flac": "speech_22k.wav",
  "noisy-24k.flac": "speech_24k.wav",
} as const;

/** A fixture's name. */
export type EvaluationPair = keyof typeof evaluationPairs;

/** Where a pair's files are. */
export function pairPaths(name: EvaluationPair): { readonly reference: string; readonly synthesis: string } {
  return {
    reference: fileURLToPath(new URL(`../fixtures/mel/${evaluationPairs[name]}`, import.meta.url)),
    synthesis: fileURLToPath(new URL(`../fixtures/evaluation/${name}`, import.meta.url)),
  };
}

/** A pair's samples. */
export async function readPair(
  name: EvaluationPair,
): Promise<{ reference: Float32Array; synthesis: Float32Array; sampleRate: number }> {
  const paths = pairPaths(name);
  const { samples: reference, sampleRate } = await readRecording(paths.reference);
  const { samples: synthesis } = await readRecording(paths.synthesis);
  return { reference, synthesis, sampleRate };
}

/** The values of the metrics that the script knows. */
export function goldenMetrics(name: EvaluationPair): Partial<ClipMetrics> {
  const file = fileURLToPath(new URL("../fixtures/evaluation/golden.json", import.meta.url));
  return (JSON.parse(readFileSync(file, "utf8")) as Record<EvaluationPair, Partial<ClipMetrics>>)[name];
}

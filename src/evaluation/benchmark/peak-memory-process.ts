// A process of its own that synthesises one mel and says how much memory it took at most: loading, engine and all.
import type { Mel } from "../../mel/format.js";
import type { SynthesisOptions } from "../../synthesis/settings.js";
import { Vocoder } from "../../node.js";
import type { VocoderOptions } from "../../vocoder.js";

/** What the process is asked to do. */
export interface MemoryTask {
  readonly checkpoint: string;
  readonly vocoder: VocoderOptions;
  readonly synthesis: SynthesisOptions;
  readonly mel: Mel;
}

/** Its answer. */
export type MemoryAnswer = { readonly peakMegabytes: number } | { readonly failure: string };

async function work({ checkpoint, vocoder: options, synthesis, mel }: MemoryTask): Promise<MemoryAnswer> {
  const vocoder = await Vocoder.load(checkpoint, options);
  await vocoder.synthesize(mel, synthesis);
  // in KiB on every system
  return { peakMegabytes: process.resourceUsage().maxRSS / 1024 };
}

if (process.send) {
  process.once("message", (task: MemoryTask) => {
    void work(task)
      .catch((error: unknown): MemoryAnswer => ({ failure: String(error) }))
      .then((answer) => {
        process.send?.(answer, undefined, undefined, () => {
          process.exit(0);
        });
      });
  });
}

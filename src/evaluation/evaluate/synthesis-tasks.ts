// Recordings that a vocoder synthesises again from their mels, as clips to evaluate.
import { melOfRecording, samplesAtRate } from "../../audio/mel-analysis/mel-of-recording.js";
import { readRecording } from "../../audio/recording/read-recording.js";
import type { SynthesisReport } from "../../synthesis/synthesis-report.js";
import type { SynthesisOptions } from "../../synthesis/synthesis-options.js";
import type { Vocoder } from "../../vocoder.js";
import type { NamedClip } from "./clip-pairs.js";
import type { ClipTask } from "./evaluate-clips.js";
import type { MeasureJob } from "./measure-pair.js";

/**
 * A task a recording. One is synthesised at a time, since that takes all cores; those made wait for their measurement in
 * memory.
 *
 * @param onReport is told how each synthesis was made
 */
export function synthesisTasks(
  clips: readonly NamedClip[],
  vocoder: Vocoder,
  options: SynthesisOptions,
  onReport: (report: SynthesisReport) => void,
): ClipTask[] {
  let last: Promise<unknown> = Promise.resolve();
  const { format } = vocoder;
  const synthesise = async (path: string): Promise<MeasureJob> => {
    const recording = await readRecording(path);
    const mel = await melOfRecording(recording, format);
    const { samples, sampleRate, report } = await vocoder.synthesize(mel, options);
    onReport(report);
    return {
      // a mel has whole frames, so the synthesis may end up to one before the recording
      reference: { samples: await samplesAtRate(recording, format.sampleRate), sampleRate },
      synthesis: { samples, sampleRate },
    };
  };
  return clips.map(({ name, path }) => ({
    name,
    prepare: () => {
      const turn = last.then(() => synthesise(path));
      last = turn.catch(() => undefined);
      return turn;
    },
  }));
}

// The shipped voice's answers for the last lesson, as scripts/waveform-lesson.js stores them, and the states between them,
// which are combined here from the sampler's plan. The way from the diffused signal to the waveform is linear, so the plan
// may be run on waveforms.
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { combine, type SamplingPlan } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";

interface Header {
  readonly sampler: string;
  readonly schedule: string;
  readonly sampleRate: number;
  readonly bands: number;
  readonly frames: number;
  readonly samples: number;
  /** Natural logarithms that the bytes 0 and 255 stand for. */
  readonly mel: { readonly floor: number; readonly ceiling: number };
  readonly peaks: readonly number[];
}

/** One process from noise to speech, as waveforms. */
export interface WaveformProcess {
  /** The states z₀ … z_{N−1}, and behind them the result, [N+1] of [samples]. */
  readonly states: readonly Float32Array[];
  /** x̂₀ of each state; the result's is itself, [N+1] of [samples]. */
  readonly estimates: readonly Float32Array[];
}

/** What the lesson shows. */
export interface WaveformLesson {
  readonly sampleRate: number;
  readonly plan: SamplingPlan;
  /** As bytes from quiet to loud, [frames, bands]. */
  readonly mel: Uint8Array;
  readonly frames: number;
  readonly bands: number;
  readonly recording: Float32Array;
  readonly withMel: WaveformProcess;
  readonly withoutMel: WaveformProcess;
}

/** The samples of the µ-law bytes 0 … 255, in −1 … 1. */
const muLawValues = Float64Array.from({ length: 256 }, (_, byte) => {
  const size = Math.abs(byte - 128) / 127;
  return (Math.sign(byte - 128) * Math.expm1(size * Math.log(256))) / 255;
});

/**
 * Reads the file and combines the states.
 *
 * @param breathe awaited after each waveform, so that a page may answer in between
 */
export async function readWaveformLesson(
  bytes: Uint8Array,
  breathe: () => Promise<void>,
): Promise<WaveformLesson> {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
  const { frames, bands, samples, peaks, sampleRate } = header;
  const mel = bytes.subarray(4 + length, 4 + length + frames * bands);
  const first = 4 + length + frames * bands;
  const waveforms: Float32Array[] = [];
  for (const [i, peak] of peaks.entries()) {
    const stored = bytes.subarray(first + i * samples, first + (i + 1) * samples);
    waveforms.push(Float32Array.from(stored, (byte) => peak * muLawValues[byte]));
    await breathe();
  }
  const plan = planFor(header.sampler, scheduleByName(header.schedule));
  const count = plan.steps.length;
  return {
    sampleRate,
    plan,
    mel,
    frames,
    bands,
    recording: waveforms[0],
    withMel: process(plan, waveforms.slice(1, count + 2)),
    withoutMel: process(plan, waveforms.slice(count + 2, 2 * count + 3)),
  };
}

/** @param waveforms the start, and the estimate of each step */
function process({ steps }: SamplingPlan, [start, ...estimates]: Float32Array[]): WaveformProcess {
  const states = [start];
  const nothing = new Float32Array(0);
  for (let step = 0; step + 1 < steps.length; step++) {
    const before = estimates[Math.max(step - 1, 0)];
    states.push(combine(steps[step], states[step], estimates[step], before, nothing));
  }
  const result = estimates[steps.length - 1];
  return { states: [...states, result], estimates: [...estimates, result] };
}

// The networks as stages: mel → conditioning, start → z₀, one stage for each step of the plan, and the waveform.
// Tracks: mel [frames, bands], signals [frames, hop], the conditioning's as its network says.
import { fillNormals, type Seed } from "../diffusion/noise.js";
import { combine, type PlanStep } from "../diffusion/samplers/sampling-plan.js";
import {
  alignedFrame,
  FRAME_ALIGNMENT,
  noReach,
  type Span,
  type Stage,
  type StageInput,
  tiles,
  Track,
  withReach,
} from "./wavefront.js";
import type { FrameRows, Networks } from "./denoiser.js";
import type { StartSignal } from "./start.js";
import { correctionReach, type MelCorrection } from "../mel/consistency.js";
import type { MelFrames } from "../mel/open-mel.js";
import { naturalLog } from "../mel/encoding.js";
import type { Mel } from "../mel/format.js";
import type { Reach } from "../mel/frames.js";

// The tiles of a mel as natural logarithms, of one in memory or of one that stays in its file.

/**
 * A mel in tiles, each [frames, bands].
 *
 * @param tile frames of each, about
 */
export async function* melTiles(mel: Mel | MelFrames, tile: number): AsyncGenerator<Float32Array, void> {
  const { format, frames } = mel;
  for (const { first, end } of tiles({ first: 0, end: frames }, tile)) {
    const values =
      "values" in mel
        ? mel.values.subarray(first * format.bands, end * format.bands)
        : await mel.rows(first, end);
    yield naturalLog({ format, values });
  }
}

// How well the waveform has the mel that it was made from: the mean absolute difference of the two log-mels, taken as
// the waveform comes.

/** Looks at a waveform and its mel, and makes nothing. */
export class MatchStage implements Stage {
  readonly inputs: Stage["inputs"];
  readonly outputs: readonly Track[] = [];
  readonly #correction: MelCorrection;
  readonly #mel: Track;
  readonly #waveform: Track;
  #sum = 0;
  #count = 0;

  constructor(correction: MelCorrection, mel: Track, waveform: Track) {
    const { mel: seen } = correctionReach(correction.format);
    // a mel frame sees as far as a sample is seen by frames, with the sides exchanged
    const reach = { framesBefore: seen.framesAfter + 1, framesAfter: seen.framesBefore + 1 };
    this.inputs = [
      { track: waveform, reach },
      { track: mel, reach: noReach },
    ];
    this.#correction = correction;
    this.#mel = mel;
    this.#waveform = waveform;
  }

  /** The mean of |ln-mel of the waveform − ln-mel given| over all bands and frames so far. */
  get difference(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  run(span: Span, total: number | undefined): void {
    const { hopLength, bands } = this.#correction.format;
    const held = { first: this.#waveform.first, end: this.#waveform.end };
    const samples = {
      samples: this.#waveform.rows(held),
      first: held.first * hopLength,
      total: (total ?? Infinity) * hopLength,
    };
    const target = { values: this.#mel.rows(span), first: span.first, total: total ?? Infinity };
    this.#sum += this.#correction.distance(samples, target, span.first, span.end);
    this.#count += (span.end - span.first) * bands;
  }
}

/** Tracks of rows by name, "mel" among them. */
type FrameTracks = Readonly<Record<string, Track>>;

/** The conditioning of a mel; no stage where the denoiser needs none. */
export function conditioningStage(
  networks: Networks,
  mel: Track,
): { stages: readonly Stage[]; tracks: FrameTracks } {
  const made = Object.entries(networks.conditioning).map(
    ([name, columns]) => [name, new Track(columns, mel.memory)] as const,
  );
  const reach = networks.reach.conditioning;
  const stage: Stage = {
    inputs: [{ track: mel, reach: alignedReach(reach) }],
    outputs: made.map(([, track]) => track),
    run: async (span) => {
      const tile = alignedTile(span, reach, mel);
      const rows = await networks.condition(mel.rows(tile));
      for (const [name, track] of made) track.append(middle(rows[name], track.columns, tile, span));
    },
  };
  return { stages: made.length > 0 ? [stage] : [], tracks: { ...Object.fromEntries(made), mel } };
}

/** z₀. */
export function startStage(
  start: StartSignal,
  mel: Track,
  hopLength: number,
  firstFrame: number,
): Stage & { z: Track } {
  const z = new Track(hopLength, mel.memory);
  return {
    z,
    inputs: [{ track: mel, reach: alignedReach(start.reach) }],
    outputs: [z],
    run: async (span, total = Infinity) => {
      const seen = alignedTile(span, start.reach, mel);
      await start.fill(z.extend((span.end - span.first) * hopLength), (firstFrame + span.first) * hopLength, {
        values: mel.rows(seen),
        first: seen.first,
        total,
      });
    },
  };
}

/** A step of the plan: z and the estimate before it become the next z and estimate. */
export interface StepState {
  readonly z: Track;
  readonly x0: Track | undefined;
}

/** Step `index` of a plan; the x̂₀ of the last one is the result. */
export function stepStage(
  networks: Networks,
  step: PlanStep,
  index: number,
  isLast: boolean,
  state: StepState,
  frames: FrameTracks,
  { seed, firstFrame }: { readonly seed: Seed; readonly firstFrame: number },
): Stage & { state: StepState & { x0: Track } } {
  const reach = networks.reach.denoiser;
  const hopLength = state.z.columns;
  const { z } = state;
  const { memory } = z;
  const next = { z: new Track(hopLength, memory), x0: new Track(hopLength, memory) };
  const previous = step.previousX0 === 0 ? undefined : state.x0;
  const inputs: StageInput[] = [z, ...Object.values(frames)].map((track) => ({
    track,
    reach: alignedReach(reach),
  }));
  if (previous) inputs.push({ track: previous, reach: noReach });
  return {
    state: next,
    inputs,
    outputs: isLast ? [next.x0] : [next.z, next.x0],
    run: async (span) => {
      const tile = alignedTile(span, reach, z);
      const noisy = z.rows(tile);
      const lent = memory.borrow(noisy.length);
      const estimate = lent.subarray(0, noisy.length);
      await networks.estimate(noisy, step.logSnr, rowsOf(frames, tile), estimate);
      const kept = middle(noisy, hopLength, tile, span);
      const x0 = next.x0.extend(kept.length);
      x0.set(middle(estimate, hopLength, tile, span));
      if (!isLast) {
        // the estimate's memory holds the step's noise then
        const fresh = estimate.subarray(0, step.noise === 0 ? 0 : kept.length);
        const start = (firstFrame + span.first) * hopLength;
        if (step.noise !== 0) fillNormals(fresh, { seed, step: index + 1, start });
        combine(step, kept, x0, previous?.rows(span) ?? x0, fresh, next.z.extend(kept.length));
      }
      memory.giveBack(lent);
    },
  };
}

/** The waveform of the diffused signal. */
export function waveformStage(
  networks: Networks,
  diffused: Track,
  frames: FrameTracks,
): Stage & { waveform: Track } {
  const reach: Reach = networks.reach.waveform;
  const waveform = new Track(diffused.columns, diffused.memory);
  return {
    waveform,
    inputs: [diffused, ...Object.values(frames)].map((track) => ({ track, reach: alignedReach(reach) })),
    outputs: [waveform],
    run: async (span) => {
      const tile = alignedTile(span, reach, diffused);
      const signal = await networks.waveform(diffused.rows(tile), rowsOf(frames, tile));
      waveform.append(middle(signal, diffused.columns, tile, span));
    },
  };
}

/** A reach with room for an aligned beginning. */
function alignedReach({ framesBefore, framesAfter }: Reach): Reach {
  return { framesBefore: framesBefore + FRAME_ALIGNMENT - 1, framesAfter };
}

/** What is read for a span: it begins at an aligned frame. */
function alignedTile(span: Span, reach: Reach, track: Track): Span {
  const { first, end } = withReach(span, reach, track);
  return { first: alignedFrame(first), end };
}

function rowsOf(tracks: FrameTracks, span: Span): FrameRows {
  return Object.fromEntries(Object.entries(tracks).map(([name, track]) => [name, track.rows(span)]));
}

/** The rows of a span within those of a tile, as a view. */
function middle(rows: Float32Array, columns: number, tile: Span, { first, end }: Span): Float32Array {
  return rows.subarray((first - tile.first) * columns, (end - tile.first) * columns);
}

/** Shows a diffused signal as a waveform, and makes nothing. @param show is given a copy and its first sample */
export function showingStage(
  networks: Networks,
  diffused: Track,
  frames: FrameTracks,
  show: (samples: Float32Array<ArrayBuffer>, firstSample: number) => void,
): Stage {
  const { waveform: reach } = networks.reach;
  return {
    inputs: [diffused, ...Object.values(frames)].map((track) => ({ track, reach: alignedReach(reach) })),
    outputs: [],
    run: async (span) => {
      const tile = alignedTile(span, reach, diffused);
      const signal = await networks.waveform(diffused.rows(tile), rowsOf(frames, tile));
      show(Float32Array.from(middle(signal, diffused.columns, tile, span)), span.first * diffused.columns);
    },
  };
}

// The calibration of a whole voice: what it is shown, and what it leaves alone.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { openEngine } from "../../src/host/node/engines.js";
import { excitationLayers } from "../../src/models/excitation/shape.js";
import { trunkLayers } from "../../src/models/mask-net/shape.js";
import { NoInt8LayersError } from "../../src/training/calibration.js";
import {
  calibrateVoice,
  corpusClips,
  evenlySpread,
  measureInt8,
  recordingClip,
} from "../../src/training/voice-calibration.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";
import { syntheticCorpus } from "../support/synthetic-corpus.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

const source = syntheticCorpus(3, 40);
let runtime: Engine;
beforeAll(async () => {
  runtime = await openEngine({ engine: "graph", threads: 1 });
});

describe("the clips of a calibration", () => {
  it("are the middles of recordings that are trained on, at their own speed, and of no other", () => {
    const read = new Set<string>();
    const watched: typeof source = {
      ...source,
      utterances: [...source.utterances, { ...source.utterances[0], name: "slowed", speed: 0.8 }],
      readSamples: (utterance, ...rest) => {
        read.add(utterance.name);
        source.readSamples(utterance, ...rest);
      },
    };
    const clips = corpusClips(watched, "training");
    expect([...read]).toEqual(["buzz-0", "buzz-1"]);
    for (const { samples, mel } of clips) expect([samples.length, mel.length]).toEqual([40 * 256, 40 * 80]);
    expect(clips[0].samples.some((value) => value !== 0)).toBe(true);
    read.clear();
    expect(corpusClips(watched, "held-out")).toHaveLength(1);
    expect([...read]).toEqual(["buzz-2"]);
  });

  it("of a recording are four seconds from its middle, samples and mel of the same frames", () => {
    const frames = 1000;
    const samples = Float32Array.from({ length: frames * 256 + 100 }, (_, n) => Math.floor(n / 256));
    const mel = Float32Array.from({ length: frames * 80 }, (_, i) => Math.floor(i / 80));
    const clip = recordingClip(samples, mel, source.format);
    // 4 s are 344.5 frames
    expect([clip.samples.length / 256, clip.mel.length / 80]).toEqual([345, 345]);
    expect([clip.samples[0], clip.mel[0]]).toEqual([327, 327]);
  });

  it("are evenly spread where there are more than are needed", () => {
    expect(evenlySpread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 8]);
    expect(evenlySpread([0, 1], 3)).toEqual([0, 1]);
  });
});

describe("a voice's calibration", () => {
  it("covers the denoiser's layers and the excitation model's, and costs little", async () => {
    const checkpoint = harmonicCheckpoint();
    const clips = corpusClips(source, "training");
    const done: number[] = [];
    const calibration = await calibrateVoice(runtime, checkpoint, clips, {
      onProgress: (count, total) => done.push(count / total),
    });
    // two clips at eight levels, and at three gains
    expect(done).toHaveLength(2 * 8 + 2 * 3);
    expect(done.at(-1)).toBe(1);
    const { denoiser, excitation } = checkpoint.config;
    expect(Object.keys(calibration.quantisation!)).toEqual(trunkLayers(denoiser.shape));
    expect(Object.keys(calibration.excitationQuantisation!)).toEqual(excitationLayers(excitation!));
    const calibrated = { ...checkpoint, config: { ...checkpoint.config, ...calibration } };
    const cost = await measureInt8(runtime, calibrated, corpusClips(source, "held-out"));
    expect(cost.clips).toBe(1);
    // the middles of eighths of −4.5 … 8
    expect(cost.logSnrs[0]).toBeCloseTo(-4.5 + 12.5 / 16, 9);
    cost.float32.forEach((error, level) => {
      expect(cost.int8[level]).not.toBe(error);
      expect(Math.abs(cost.int8[level] / error - 1)).toBeLessThan(0.02);
    });
  });

  it("is the same for the same clips, and ends where its caller says", async () => {
    const checkpoint = randomCheckpoint();
    const clips = corpusClips(source, "training").slice(0, 1);
    const [first, second] = [
      await calibrateVoice(runtime, checkpoint, clips),
      await calibrateVoice(runtime, checkpoint, clips),
    ];
    expect(second).toEqual(first);
    expect(first.excitationQuantisation).toBeUndefined();
    const stopped = calibrateVoice(runtime, checkpoint, clips, {
      beforeRun: () => Promise.reject(new Error("stopped")),
    });
    await expect(stopped).rejects.toThrow("stopped");
  });

  it("is refused for a network without 8-bit layers", async () => {
    const clips = corpusClips(source, "training");
    await expect(calibrateVoice(runtime, waveGradCheckpoint(), clips)).rejects.toThrow(NoInt8LayersError);
  });
});

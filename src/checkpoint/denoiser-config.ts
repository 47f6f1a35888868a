// The denoisers that a checkpoint can hold, each a kind with a shape, as config.json writes them.
import type { EncoderConfig } from "../models/encoder.js";
import { type MaskNetConfig } from "../models/mask-net-config.js";
import { type UpsamplingBlockConfig, type WaveGradConfig, waveGradHop } from "../models/wavegrad-config.js";
import { count, counts, objectOf } from "./config-fields.js";
import { CheckpointError } from "./errors.js";

/** The denoisers' kinds. */
export const denoiserKinds = ["mask-net", "wavegrad"] as const;

/** A denoiser's kind. */
export type DenoiserKind = (typeof denoiserKinds)[number];

/** The default: gates short-time spectra of a whitened waveform. */
export interface MaskNetDenoiser {
  readonly kind: "mask-net";
  readonly shape: MaskNetConfig;
}

/** The published one: works on the waveform itself. */
export interface WaveGradDenoiser {
  readonly kind: "wavegrad";
  readonly shape: WaveGradConfig;
}

/** A denoiser's kind and shape. */
export type DenoiserConfig = MaskNetDenoiser | WaveGradDenoiser;

/** @throws CheckpointError where a field is missing or cannot be */
export function maskNetShape(value: unknown, path: string): MaskNetConfig {
  const fields = objectOf(value, path, "'denoiser.shape'");
  return {
    windowLengths: counts(fields["windowLengths"], path, "windowLengths"),
    channels: count(fields["channels"], path, "channels"),
    expanded: count(fields["expanded"], path, "expanded"),
    dilations: counts(fields["dilations"], path, "dilations"),
    corrections: count(fields["corrections"], path, "corrections", 0),
    levelWidth: count(fields["levelWidth"], path, "levelWidth"),
    encoder: encoderShape(fields["encoder"], path, "encoder", "denoiser.shape.encoder"),
  };
}

/**
 * @param name before its fields' names, for messages
 * @param place of it in config.json
 * @throws CheckpointError where a field is missing or cannot be
 */
export function encoderShape(value: unknown, path: string, name: string, place = name): EncoderConfig {
  const fields = objectOf(value, path, `'${place}'`);
  return {
    channels: count(fields["channels"], path, `${name}.channels`),
    expanded: count(fields["expanded"], path, `${name}.expanded`),
    dilations: counts(fields["dilations"], path, `${name}.dilations`),
  };
}

/**
 * @param hopLength of the mel, which the upsampling factors make
 * @throws CheckpointError where a field is missing or cannot be
 */
export function waveGradShape(value: unknown, hopLength: number, path: string): WaveGradConfig {
  const fields = objectOf(value, path, "'denoiser.shape'");
  const blocks = fields["upsampling"];
  if (!Array.isArray(blocks) || blocks.length === 0) {
    throw new CheckpointError(path, "has no list of blocks for 'upsampling'");
  }
  const upsampling = blocks.map((block, index) => upsamplingBlock(block, index, path));
  const shape: WaveGradConfig = {
    melChannels: count(fields["melChannels"], path, "melChannels"),
    waveChannels: even(count(fields["waveChannels"], path, "waveChannels"), path, "waveChannels"),
    upsampling,
    downsamplingChannels: counts(
      fields["downsamplingChannels"],
      path,
      "downsamplingChannels",
      upsampling.length - 1,
    ).map((channels) => even(channels, path, "downsamplingChannels")),
    downsamplingDilations: counts(fields["downsamplingDilations"], path, "downsamplingDilations"),
  };
  const hop = waveGradHop(shape);
  if (hop !== hopLength) {
    throw new CheckpointError(
      path,
      `has upsampling factors whose product is ${hop}, and its mel's hop is ${hopLength}`,
    );
  }
  return shape;
}

function upsamplingBlock(value: unknown, index: number, path: string): UpsamplingBlockConfig {
  const name = `upsampling.${index}`;
  const block = objectOf(value, path, `'${name}'`);
  const [first, second, third, fourth] = counts(block["dilations"], path, `${name}.dilations`, 4);
  return {
    factor: count(block["factor"], path, `${name}.factor`),
    channels: count(block["channels"], path, `${name}.channels`),
    dilations: [first, second, third, fourth],
  };
}

/** The level's encoding is as many sines as cosines. */
function even(value: number, path: string, name: string): number {
  if (value % 2 === 0) return value;
  throw new CheckpointError(path, `has ${value} for '${name}', which should be even`);
}

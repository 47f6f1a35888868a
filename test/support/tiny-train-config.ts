// Settings of a network that trains in milliseconds a step, for tests of losses and of phases.
import { defaultTrainConfig, type TrainConfig } from "../../src/training/config.js";

export const tinyTrainConfig: TrainConfig = {
  ...defaultTrainConfig,
  windowLengths: [1024],
  channels: 8,
  expanded: 12,
  dilations: [1],
  levelWidth: 8,
  corrections: 0,
  encoderChannels: 8,
  encoderExpanded: 12,
  encoderDilations: [1],
  priorSteps: 4,
  batch: 2,
  cropFrames: 16,
  speeds: [1],
};

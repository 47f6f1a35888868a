// The settings of a WaveGrad's training.
import { baseConfig } from "../../src/training/config.js";

export const waveGradTrainConfig = baseConfig("wavegrad");

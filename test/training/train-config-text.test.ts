import { describe, expect, it } from "vitest";
import { findPreset } from "../../src/mel/presets.js";
import { TrainConfigError } from "../../src/errors.js";
import {
  baseConfig,
  checkFormat,
  defaultTrainConfig,
  lossWeightsOf,
  parseSetting,
  type TrainConfig,
  withSettings,
} from "../../src/training/config.js";
import { waveGradTrainConfig } from "../support/wavegrad-settings.js";

const keys = Object.keys(defaultTrainConfig) as (keyof TrainConfig)[];

/** The settings after one `key=value`. */
function after(setting: string): TrainConfig {
  return withSettings(defaultTrainConfig, parseSetting(setting));
}

describe("settings of a training", () => {
  it("are the default's where nothing else is said, and these pass their own check", () => {
    expect(withSettings(defaultTrainConfig, {})).toEqual(defaultTrainConfig);
    expect(withSettings(defaultTrainConfig, { ...defaultTrainConfig })).toEqual(defaultTrainConfig);
    checkFormat(defaultTrainConfig, findPreset("hifigan-22k-80"));
  });

  it("come from text", () => {
    expect(after("steps=500").steps).toBe(500);
    expect(after(" adamWRate = 2e-3 ").adamWRate).toBe(0.002);
    expect(after("dilations=1, 2,4")["dilations"]).toEqual([1, 2, 4]);
    expect(after("speeds=1").speeds).toEqual([1]);
    expect(after("rateShape=cosine").rateShape).toBe("cosine");
    expect(after("gainLow=-3").gainLow).toBe(-3);
    expect(after("weightDecay=0").weightDecay).toBe(0);
    expect(after("corrections=0")["corrections"]).toBe(0);
    expect(after("losses=noise, stft:0.5").losses).toEqual(["noise", "stft:0.5"]);
    expect(after("lossWeighting=min-snr").lossWeighting).toBe("min-snr");
  });

  it("of losses are their names with what each counts, 1 where nothing is said", () => {
    expect([...lossWeightsOf(["noise", "stft:0.5"])]).toEqual([
      ["noise", 1],
      ["stft", 0.5],
    ]);
  });

  it.each([
    [[]],
    ["noise"],
    [["noise:0"]],
    [["noise:-1"]],
    [["noise:x"]],
    [["noise:"]],
    [[":2"]],
    [["a", "a:2"]],
    [{ noise: 1 }],
  ])("of losses cannot be %j", (losses) => {
    expect(() => withSettings(defaultTrainConfig, { losses })).toThrow(/'losses' takes names/);
  });

  it.each([defaultTrainConfig, waveGradTrainConfig])("take every key's own default as text", (config) => {
    for (const key of keys) {
      expect(withSettings(config, parseSetting(`${key}=${String(config[key])}`))).toEqual(config);
    }
  });

  it("are those of the denoiser that is named", () => {
    expect(baseConfig("wavegrad")).toBe(waveGradTrainConfig);
    expect(baseConfig("mask-net")).toBe(defaultTrainConfig);
    expect(baseConfig(undefined)).toBe(defaultTrainConfig);
    checkFormat(waveGradTrainConfig, findPreset("hifigan-22k-80"));
  });

  it("leave the base as it was", () => {
    const before = structuredClone(defaultTrainConfig);
    withSettings(defaultTrainConfig, { steps: 3, dilations: [1] });
    expect(defaultTrainConfig).toEqual(before);
  });
});

describe("a wrong training setting", () => {
  it.each([
    ["steps", "'steps' is no setting; write it as key=value"],
    ["=5", "'=5' is no setting"],
    ["", "'' is no setting"],
    ["stesp=5", "There is no setting 'stesp'. The settings are denoiser, windowLengths, channels"],
    ["toString=5", "There is no setting 'toString'"],
    ["constructor=5", "There is no setting 'constructor'"],
    ["steps=", "'steps' takes a whole number above 0"],
    ["steps=many", "'steps' takes a whole number above 0"],
    ["steps=1.5", "'steps' takes a whole number above 0, not 1.5"],
    ["steps=0", "'steps' takes a whole number above 0, not 0"],
    ["steps=-1", "'steps' takes a whole number above 0, not -1"],
    ["steps=1,2", "'steps' takes a whole number above 0"],
    ["steps=1e300", "'steps' takes a whole number above 0"],
    ["seed=-1", "'seed' takes a whole number, 0 or more, not -1"],
    ["muonRate=0", "'muonRate' takes a number above 0, not 0"],
    ["muonRate=Infinity", "'muonRate' takes a number above 0"],
    ["lossCorner=-1", "'lossCorner' takes a number, 0 or more, not -1"],
    ["gainLow=loud", "'gainLow' takes a number, not"],
    ["dilations=", "'dilations' takes a list of whole numbers above 0"],
    ["dilations=1,,2", "'dilations' takes a list of whole numbers above 0"],
    ["dilations=1,0", "'dilations' takes a list of whole numbers above 0, not [1,0]"],
    ["speeds=1,-0.8", "'speeds' takes a list of numbers above 0, not [1,-0.8]"],
    ["rateShape=flat", `'rateShape' is cosine or constant-linear, not "flat"`],
    ["rateShape=linear", `'rateShape' is cosine or constant-linear, not "linear"`],
    ["lowestLogSnr=8", "'lowestLogSnr' (8) has to lie below 'highestLogSnr' (8)"],
    ["gainLow=1", "'gainLow' (1) is above 'gainHigh' (0.2)"],
    ["uniformLevels=1.1", "'uniformLevels' is a share of the crops, at most 1, not 1.1"],
    ["speeds=0.8,1.25", "'speeds' has to contain 1"],
  ])("is refused as text: %s", (setting, message) => {
    expect(() => after(setting)).toThrow(TrainConfigError);
    expect(() => after(setting)).toThrow(message);
  });

  it.each([
    [{ steps: "500" }, "'steps' takes a whole number above 0, not \"500\""],
    [{ steps: null }, "'steps' takes a whole number above 0, not null"],
    [{ steps: [500] }, "'steps' takes a whole number above 0, not [500]"],
    [{ steps: true }, "'steps' takes a whole number above 0, not true"],
    [{ dilations: 4 }, "'dilations' takes a list of whole numbers above 0, not 4"],
    [{ dilations: [] }, "'dilations' takes a list of whole numbers above 0, not []"],
    [{ dilations: [1, "2"] }, "'dilations' takes a list of whole numbers above 0"],
    [{ denoiser: "unet" }, `'denoiser' is mask-net or wavegrad, not "unet"`],
    [{ rateShape: 3 }, "'rateShape' is cosine or constant-linear, not 3"],
    [{ step: 3 }, "There is no setting 'step'"],
  ])("is refused from JSON: %j", (changes, message) => {
    expect(() => withSettings(defaultTrainConfig, changes)).toThrow(TrainConfigError);
    expect(() => withSettings(defaultTrainConfig, changes)).toThrow(message);
  });

  it.each(keys)("of a wrong kind is refused by its name: %s", (key) => {
    for (const value of ["x", {}, NaN, undefined]) {
      expect(() => withSettings(defaultTrainConfig, { [key]: value })).toThrow(`'${key}'`);
    }
  });

  it.each([
    ["speeds=1,0.8", "'speeds' has 0.8: copies that are slowed down lack the treble"],
    ["upsamplingFactors=4,4,4,4", "'upsamplingChannels' has 5 values, and 4 'upsamplingFactors' take 4"],
    ["upsamplingDilations=1,2,4,8", "'upsamplingDilations' has 4 values"],
    ["downsamplingChannels=8,8", "'downsamplingChannels' has 2 values, and 5 'upsamplingFactors' take 4"],
    ["waveChannels=31", "are even, for the level's sines and cosines, not 31"],
    ["upsamplingFactors=5,5,3,2,2", "The product of 'upsamplingFactors' (5, 5, 3, 2, 2) is 300"],
  ])("is refused for a wavegrad: %s", (setting, message) => {
    const check = (): void => {
      const config = withSettings(waveGradTrainConfig, parseSetting(setting));
      checkFormat(config, findPreset("hifigan-22k-80"));
    };
    expect(check).toThrow(TrainConfigError);
    expect(check).toThrow(message);
  });

  it.each([
    ["windowLengths=512,64", "has to be the mel format's FFT length, 1024"],
    ["windowLengths=1024,384", "'windowLengths' has 384"],
    ["windowLengths=1024,4", "'windowLengths' has 4"],
  ])("is refused where it does not fit the mel format: %s", (setting, message) => {
    expect(() => {
      checkFormat(after(setting), findPreset("hifigan-22k-80"));
    }).toThrow(message);
  });
});

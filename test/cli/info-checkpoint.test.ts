import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { maskNetMultiplyAdds } from "../../src/models/mask-net/shape.js";
import { randomCheckpoint } from "../support/random-checkpoint.js";
import { runCli } from "../support/run-cli.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-info-"));
const checkpoint = randomCheckpoint();

describe("vocode info of a checkpoint", () => {
  beforeAll(async () => {
    await saveCheckpoint(folder, checkpoint, "");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("says its size, sight, products and training", async () => {
    const { stdout, stderr, code } = await runCli(["info", folder]);
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toMatch(/checkpoint, mask-net, 0\.\d\d M weights in 0\.6 MB/);
    expect(stdout).toContain("format    hifigan-22k-80: 22050 Hz, FFT 1024");
    expect(stdout).toContain("network   windows 1024, 256, 64; 2 blocks of 16/24; 2 mel corrections");
    expect(stdout).toMatch(/sees {6}\d+ ms \(\d+ frames before, \d+ after\) of the noisy waveform/);
    expect(stdout).toContain("levels    log-SNR −4.5 to 8");
    expect(stdout).toContain("trained   3 recordings, 0.50 hours of them, 100 steps, 1.25 audio-hours seen");
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await runCli(["info", "--json", folder]);
    const { mel, denoiser, training } = checkpoint.config;
    const step = (maskNetMultiplyAdds(denoiser.shape, mel) * mel.sampleRate) / mel.hopLength;
    const [found] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(found).toMatchObject({ file: folder, kind: "checkpoint", format: mel, training, remarks: [] });
    expect(found["multiplyAdds"]).toMatchObject({ step });
    const weights = found["weights"] as Record<string, number>;
    const held = Object.values(checkpoint.weights).reduce((sum, { data }) => sum + data.length, 0);
    expect(weights["denoiser"] + weights["encoder"] + weights["prior"]).toBe(held);
    // the encoder sees 5 frames with its first convolution and 7 with its block
    expect(found["receptiveField"]).toMatchObject({ mel: { before: 5, after: 5 } });
  });

  it("says what a WaveGrad is", async () => {
    await saveCheckpoint(folder, waveGradCheckpoint(), "");
    const { stdout, stderr, code } = await runCli(["info", folder]);
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toMatch(/checkpoint, wavegrad, 0\.\d\d M weights in 0\.\d MB/);
    expect(stdout).toContain(
      "network   mel 24, up ×4 16, ×4 16, ×4 8, ×2 4, ×2 4; waveform 4, down 4, 4, 8, 16 channels",
    );
    // 1927 samples to one side and 1904 to the other, 6 frames of the mel: the same for every width
    expect(stdout).toContain(
      "sees      197 ms (8 frames before, 8 after) of the noisy waveform; 151 ms (6 frames before, 6 after) of the mel",
    );
    expect(stdout).toMatch(/computes {2}\d\.\d{3} G multiply-adds a second of audio and step\n/);
    expect(stdout).toContain("levels    log-SNR −5 to 13.8");
  });

  it("ends with code 2 where the folder does not hold what its config says", async () => {
    writeFileSync(join(folder, "model.safetensors"), "no weights");
    const { stderr, code } = await runCli(["info", folder]);
    expect(code).toBe(2);
    expect(stderr).toContain("model.safetensors' is not a safetensors file");
  });
});

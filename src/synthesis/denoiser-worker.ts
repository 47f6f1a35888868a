// A thread of a SplitDenoiser: a denoiser of its own, on one thread, for its part of each tile.
import { parentPort, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import { FastDenoiser } from "./fast-denoiser.js";
import { commands, type DenoiserThreadTask, type PartMemory } from "./part-memory.js";

async function serve(port: MessagePort, task: DenoiserThreadTask): Promise<void> {
  const { checkpoint, precision, cacheFolder, control } = task;
  const denoiser = await FastDenoiser.onOneThread(checkpoint, precision, cacheFolder);
  let memory: PartMemory | undefined;
  const answer = (value: number): void => {
    Atomics.store(control, 0, value);
    Atomics.notify(control, 0);
  };
  answer(commands.idle);
  port.postMessage("ready");
  for (;;) {
    Atomics.wait(control, 0, commands.idle);
    const frames = control[1];
    try {
      if (Atomics.load(control, 0) === commands.memory) {
        memory = (receiveMessageOnPort(port) as { message: PartMemory }).message;
      } else {
        await predict(memory!, frames);
      }
      answer(commands.idle);
    } catch (error) {
      answer(commands.failed);
      throw error;
    }
  }

  async function predict(part: PartMemory, frames: number): Promise<void> {
    const { z, mel, sigma, encoded, logSnr, noise } = part;
    const { bands, hopLength } = checkpoint.config.mel;
    const { channels } = checkpoint.config.denoiser.shape;
    const predicted = await denoiser.noise({
      z: z.subarray(0, frames * hopLength),
      mel: mel.subarray(0, frames * bands),
      sigma: sigma.subarray(0, frames * hopLength),
      // a copy, since onnxruntime takes no shared memory
      encoded: Float32Array.from(encoded.subarray(0, frames * channels)),
      logSnr: logSnr[0],
    });
    noise.set(predicted);
  }
}

const port = parentPort;
port?.once("message", (task: DenoiserThreadTask) => {
  void serve(port, task);
});

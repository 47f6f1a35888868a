// A thread of a SplitDenoiser: a denoiser of its own, on one thread, for its part of each tile. Its trunk is a copy of what
// the caller compiled, so that it holds no weights but the engine's and loads no tensor library.
import { parentPort, receiveMessageOnPort, type MessagePort, workerData } from "node:worker_threads";
import type { MaskNetCheckpointConfig } from "../checkpoint/config.js";
import { openCopy } from "../engine/graph-engine.js";
import { openModel } from "../host/node/sessions.js";
import { FastDenoiser } from "./fast-denoiser.js";
import {
  commands,
  type DenoiserThreadData,
  type DenoiserThreadTask,
  type PartMemory,
} from "./part-memory.js";

const { control } = workerData as DenoiserThreadData;

function answer(value: number): void {
  Atomics.store(control, 0, value);
  Atomics.notify(control, 0);
}

async function open({ config, trunk }: NonNullable<DenoiserThreadTask>): Promise<FastDenoiser> {
  return FastDenoiser.create(config, await openCopy(trunk, openModel));
}

async function serve(
  port: MessagePort,
  denoiser: FastDenoiser,
  { mel, denoiser: { shape } }: MaskNetCheckpointConfig,
): Promise<void> {
  const { bands, hopLength } = mel;
  let memory: PartMemory | undefined;
  /** A copy of `encoded`, since onnxruntime takes no shared memory. */
  let own = new Float32Array(0);
  answer(commands.idle);
  port.postMessage("ready");
  for (;;) {
    Atomics.wait(control, 0, commands.idle);
    const frames = control[1];
    try {
      if (Atomics.load(control, 0) === commands.memory) {
        memory = (receiveMessageOnPort(port) as { message: PartMemory }).message;
      } else {
        await estimate(memory!, frames);
      }
      answer(commands.idle);
    } catch (error) {
      answer(commands.failed);
      throw error;
    }
  }

  async function estimate(part: PartMemory, frames: number): Promise<void> {
    const { z, mel: rows, sigma, encoded, logSnr, x0 } = part;
    const channels = frames * shape.channels;
    if (own.length < channels) own = new Float32Array(channels);
    own.set(encoded.subarray(0, channels));
    const tile = {
      z: z.subarray(0, frames * hopLength),
      mel: rows.subarray(0, frames * bands),
      sigma: sigma.subarray(0, frames * hopLength),
      encoded: own.subarray(0, channels),
      logSnr: logSnr[0],
    };
    await denoiser.estimate(tile, x0.subarray(0, frames * hopLength));
  }
}

const port = parentPort;
// its code is loaded; it may have been told to open already
Atomics.compareExchange(control, 0, commands.starting, commands.idle);
Atomics.notify(control, 0);
port?.once("message", (task: DenoiserThreadTask) => {
  if (!task) {
    port.close();
    return;
  }
  const { config } = task;
  void open(task).then((denoiser) => serve(port, denoiser, config));
});

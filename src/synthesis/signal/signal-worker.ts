// A thread of a SplitSignal: computes its part of each tile. It sleeps on a word of shared memory between commands, which
// takes microseconds where a message takes a tenth of a millisecond.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { MaskNetSignal } from "./mask-net-signal.js";
import { commands, type PartMemory, type SignalWorkerData } from "./part-memory.js";

async function serve({ config, format, port, control }: SignalWorkerData): Promise<void> {
  const path = await MaskNetSignal.create(config, format);
  let memory: PartMemory | undefined;
  Atomics.store(control, 0, commands.idle);
  parentPort?.postMessage("ready");
  for (;;) {
    Atomics.wait(control, 0, commands.idle);
    const frames = control[1];
    switch (Atomics.load(control, 0)) {
      case commands.memory:
        memory = (receiveMessageOnPort(port) as { message: PartMemory }).message;
        break;
      case commands.analyse: {
        const { z, sigma, mel, logSnr, features } = memory!;
        const inputs = {
          z: z.subarray(0, frames * format.hopLength),
          sigma: sigma.subarray(0, frames * format.hopLength),
          mel: mel.subarray(0, frames * format.bands),
          logSnr: logSnr[0],
        };
        features.set(path.analyse(inputs));
        break;
      }
      case commands.synthesise:
        path.output.set(memory!.output.subarray(0, frames * path.outputColumns));
        memory!.estimate.set(path.synthesise());
        break;
      default:
    }
    Atomics.store(control, 0, commands.idle);
    Atomics.notify(control, 0);
  }
}

if (workerData) void serve(workerData as SignalWorkerData);

// Pulses of a pitch that logits say: a composite of the models' whose other form is plain JavaScript in float64.
import { type Tensor } from "@tensorflow/tfjs";
import { pulsesOfLogits } from "../../../../src/models/excitation/graph.js";
import { pulseTrainKernels } from "../../../../src/engine/trace/kernels/pulse-train.js";
import { describeKernels, type KernelCase, numbers } from "./compare.js";

const rate = { hopLength: 256, sampleRate: 22050 };
const OUTPUTS = 206;

/** Logits of a pitch that glides, with the voice that is asked for in each frame. */
function logits(voiced: readonly boolean[]): KernelCase["inputs"][number] {
  const values = voiced.flatMap((isVoiced, frame) =>
    Array.from({ length: OUTPUTS }, (_, i) =>
      i < 200 ? -((i - 70 - 12.3 * Math.sin(frame / 3)) ** 2) / 8 : i === 200 && !isVoiced ? -1 : 1,
    ),
  );
  return numbers([1, voiced.length, OUTPUTS], values);
}

const pattern = (text: string): boolean[] => Array.from(text, (letter) => letter === "v");

const cases: KernelCase[] = [
  ["gaps, and no voice at the ends", "..vvv...vvvvvvv.v.."],
  ["voice throughout", "vvvvvvvv"],
  ["no voice", "....."],
  ["one frame", "v"],
].map(([note, voice]) => ({
  kernel: "PulseTrain",
  note,
  fn: (x: Tensor) => pulsesOfLogits(x, rate),
  inputs: [logits(pattern(voice))],
  gradient: false,
}));

describeKernels("pulses", pulseTrainKernels, [
  ...cases,
  {
    kernel: "PulseTrain",
    note: "random logits, an odd hop",
    fn: (x) => pulsesOfLogits(x, { hopLength: 75, sampleRate: 16000 }),
    inputs: [[1, 30, OUTPUTS]],
    gradient: false,
  },
]);

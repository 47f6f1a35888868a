// The composite "HashNormals" (models/layers/hash-noise.ts): normals of numbers, by 64-bit integers that hold words of 32
// bits. A shift to the right is a division, since ONNX shifts no signed integers.
import type { Recorder, Value } from "../recorder.js";
import { binary, cast, kernel, type TracedKernel, unary } from "./nodes.js";

const WORDS = 2 ** 32;

/** What the hash is made of; the model has the numbers. */
interface HashAttributes {
  readonly offset: number;
  readonly secondWord: number;
  readonly factors: readonly number[];
  readonly shifts: readonly number[];
}

function hash(graph: Recorder, numbers: Value, offset: number, { factors, shifts }: HashAttributes): Value {
  const whole = (operator: string, x: Value, y: number): Value =>
    binary(graph, operator, x, graph.scalar(y, "int32"));
  let x = whole("Mod", whole("Add", numbers, offset), WORDS);
  shifts.forEach((shift, i) => {
    x = binary(graph, "BitwiseXor", x, whole("Div", x, 2 ** shift));
    if (i < factors.length) x = whole("Mod", whole("Mul", x, factors[i]), WORDS);
  });
  return x;
}

/** Kernels of noise. */
export const hashNoiseKernels: readonly TracedKernel[] = [
  kernel<{ numbers: Value }, HashAttributes>("HashNormals", ({ numbers }, graph, attributes) => {
    const { offset, secondWord } = attributes;
    const [radius, angle] = [0, secondWord].map((more) =>
      cast(graph, hash(graph, numbers, offset + more, attributes), "float32"),
    );
    const scaled = (x: Value, factor: number): Value => binary(graph, "Mul", x, graph.scalar(factor));
    const share = scaled(binary(graph, "Add", radius, graph.scalar(0.5)), 1 / WORDS);
    const length = unary(graph, "Sqrt", scaled(unary(graph, "Log", share), -2));
    return binary(graph, "Mul", length, unary(graph, "Cos", scaled(angle, (2 * Math.PI) / WORDS)));
  }),
];

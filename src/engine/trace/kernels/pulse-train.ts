// The composite "PulseTrain" (models/excitation/graph.ts): from the logits of pitch classes to pulses of that pitch. All
// of it in float64: a phase is a sum over the whole signal, and a hundred harmonics magnify its error.
import type { Recorder, Value, ValueType } from "../recorder.js";
import {
  binary,
  cast,
  concat,
  kernel,
  matMul,
  reduce,
  reshape,
  slice,
  type TracedKernel,
  unary,
} from "./nodes.js";

/** What the pitch classes mean and what the pulses are like; the model has the numbers. */
interface PulseTrainAttributes {
  readonly classes: number;
  /** Classes to each side of the likeliest that the pitch is averaged over. */
  readonly neighbours: number;
  /** Hz of class 0. */
  readonly lowestPitch: number;
  readonly stepCents: number;
  readonly hop: number;
  readonly sampleRate: number;
  /** Share of the sample rate up to which there are harmonics. */
  readonly highestHarmonic: number;
  /** Hz where nothing is voiced. */
  readonly unheardPitch: number;
}

interface PulseTrainInputs {
  /** [1, F, classes + 1 + …]: pitch classes, then voiced. */
  readonly logits: Value;
}

const CENTS_PER_OCTAVE = 1200;
const DOUBLE: ValueType = "float64";
/** A pulse is nearer than this, in sin πx: the quotient loses its digits there. */
const NEAREST = 1e-7;

/** Float64 arithmetic of values, and of values and numbers. */
class Doubles {
  constructor(readonly graph: Recorder) {}

  of(x: Value | number): Value {
    return typeof x === "number" ? this.graph.scalar(x, DOUBLE) : x;
  }

  add(a: Value | number, b: Value | number): Value {
    return binary(this.graph, "Add", this.of(a), this.of(b));
  }

  sub(a: Value | number, b: Value | number): Value {
    return binary(this.graph, "Sub", this.of(a), this.of(b));
  }

  mul(a: Value | number, b: Value | number): Value {
    return binary(this.graph, "Mul", this.of(a), this.of(b));
  }

  div(a: Value | number, b: Value | number): Value {
    return binary(this.graph, "Div", this.of(a), this.of(b));
  }

  apply(operator: string, x: Value): Value {
    return unary(this.graph, operator, x);
  }

  where(condition: Value, yes: Value | number, no: Value | number, shape: readonly number[]): Value {
    return this.graph.emit("Where", [condition, this.of(yes), this.of(no)], shape, {}, DOUBLE);
  }
}

/** Sums over an axis, each with or without the element itself. */
function cumulativeSum(graph: Recorder, x: Value, axis: number, exclusive = false): Value {
  const attributes = { exclusive: { int: exclusive ? 1 : 0 } };
  return graph.emit("CumSum", [x, graph.scalar(axis, "int32")], x.shape, attributes, x.type);
}

/** ln of the mean of the classes around the likeliest, weighted by their probabilities, in Hz. [F] */
function logPitch(doubles: Doubles, logits: Value, attributes: PulseTrainAttributes): Value {
  const { graph } = doubles;
  const { classes, neighbours, lowestPitch, stepCents } = attributes;
  const numbers = Array.from({ length: classes }, (_, index) => index);
  const [frames] = logits.shape;
  const best = graph.emit(
    "ArgMax",
    [logits],
    [frames, 1],
    { axis: { int: 1 }, keepdims: { int: 1 } },
    "int32",
  );
  const away = unary(graph, "Abs", binary(graph, "Sub", graph.constant(numbers, [classes], "int32"), best));
  const isNear = binary(graph, "LessOrEqual", away, graph.scalar(neighbours, "int32"), "bool");
  const exact = cast(graph, logits, DOUBLE);
  const largest = reduce(graph, "ReduceMax", exact, [1], true);
  const weights = doubles.where(isNear, doubles.apply("Exp", doubles.sub(exact, largest)), 0, logits.shape);
  const places = doubles.mul(weights, graph.constant(numbers, [classes], DOUBLE));
  const mean = doubles.div(
    reduce(graph, "ReduceSum", places, [1], false),
    reduce(graph, "ReduceSum", weights, [1], false),
  );
  return doubles.add(doubles.mul(mean, (stepCents * Math.LN2) / CENTS_PER_OCTAVE), Math.log(lowestPitch));
}

/**
 * The last voiced value at each frame, the first before it: the k-th voiced frame's value goes to place k of a list, and
 * each frame takes the place that the voiced frames up to it count to. Place 0 takes what is not voiced. [F]
 */
function held(doubles: Doubles, values: Value, isVoiced: Value, fallback: number): Value {
  const { graph } = doubles;
  const [frames] = values.shape;
  const count = cumulativeSum(graph, cast(graph, isVoiced, "int32"), 0);
  const place = graph.emit("Where", [isVoiced, count, graph.scalar(0, "int32")], [frames], {}, "int32");
  const empty = graph.full([frames + 1], fallback, DOUBLE);
  const inputs = [empty, reshape(graph, place, [frames, 1]), values];
  const list = graph.emit("ScatterND", inputs, [frames + 1], {}, DOUBLE);
  const from = binary(graph, "Max", count, graph.scalar(1, "int32"));
  return graph.emit("Gather", [list, from], [frames], { axis: { int: 0 } }, DOUBLE);
}

/** ln F0 of every sample, a line between the frames' centres, constant beyond the first and last. [F] → [F, hop] */
function betweenCentres(doubles: Doubles, values: Value, hop: number): Value {
  const { graph } = doubles;
  const [frames] = values.shape;
  const column = reshape(graph, values, [frames, 1]);
  const rows = (begin: number, size: number): Value => slice(graph, column, [begin, 0], [size, 1]);
  const before = concat(graph, [rows(0, 1), rows(0, frames - 1)], 0);
  const after = concat(graph, [rows(1, frames - 1), rows(frames - 1, 1)], 0);
  const shares = [0, 1, 2].map(() => new Array<number>(hop).fill(0));
  for (let n = 0; n < hop; n++) {
    const share = (n - hop / 2) / hop;
    shares[1][n] = 1 - Math.abs(share);
    shares[share < 0 ? 0 : 2][n] = Math.abs(share);
  }
  const matrix = graph.constant(shares.flat(), [3, hop], DOUBLE);
  return matMul(graph, concat(graph, [before, column, after], 1), matrix);
}

/** Kernels of pulses. */
export const pulseTrainKernels: readonly TracedKernel[] = [
  kernel<PulseTrainInputs, PulseTrainAttributes>("PulseTrain", ({ logits }, graph, attributes) => {
    const { classes, hop, sampleRate, highestHarmonic, unheardPitch } = attributes;
    const frames = logits.shape[1];
    const doubles = new Doubles(graph);
    const columns = (begin: number, size: number): Value =>
      slice(graph, logits, [0, 0, begin], [1, frames, size]);
    const pitchLogits = reshape(graph, columns(0, classes), [frames, classes]);
    const voicedLogit = reshape(graph, columns(classes, 1), [frames]);
    const isVoiced = binary(graph, "Greater", voicedLogit, graph.scalar(0), "bool");
    const pitch = held(doubles, logPitch(doubles, pitchLogits, attributes), isVoiced, Math.log(unheardPitch));
    // cycles a sample, and the phase: that at each frame's start and what comes within the frame
    const step = doubles.apply("Exp", doubles.sub(betweenCentres(doubles, pitch, hop), Math.log(sampleRate)));
    const within = cumulativeSum(graph, step, 1);
    const start = cumulativeSum(graph, slice(graph, within, [0, hop - 1], [frames, 1]), 0, true);
    const cycles = doubles.add(within, doubles.sub(start, doubles.apply("Floor", start)));
    const distance = doubles.sub(cycles, doubles.apply("Round", cycles));
    const sine = (x: Value): Value => doubles.apply("Sin", doubles.mul(x, Math.PI));
    const harmonics = doubles.apply("Floor", doubles.div(highestHarmonic, step));
    const divisor = sine(distance);
    const quotient = doubles.div(
      sine(doubles.mul(doubles.add(doubles.mul(harmonics, 2), 1), distance)),
      divisor,
    );
    const isPulse = binary(graph, "Less", doubles.apply("Abs", divisor), doubles.of(NEAREST), "bool");
    const sum = doubles.where(isPulse, harmonics, doubles.div(doubles.sub(quotient, 1), 2), step.shape);
    const signal = doubles.mul(doubles.mul(doubles.apply("Sqrt", step), 2), sum);
    return reshape(graph, cast(graph, signal, "float32"), [1, frames * hop]);
  }),
];

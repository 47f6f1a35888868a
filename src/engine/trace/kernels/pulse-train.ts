// The composite "PulseTrain" (models/excitation/graph.ts): from the logits of pitch classes to pulses of that pitch. A
// phase is a sum over the whole signal, and a hundred harmonics magnify its error, so it is counted in 64-bit integers,
// 2⁴⁰ a cycle: exact on every device, where graphics processors have no float64. What is not summed is float32.
import type { Recorder, Value } from "../recorder.js";
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
/** A cycle of the phase. */
const CYCLE = 2 ** 40;
/** A pitch class. */
const CLASS = 2 ** 27;
/** Entries of the table of pitches for each class; between them two terms of the exponential series are enough. */
const ENTRIES = 32;
/** Fixed-point scales of the factors between two entries of the table: products with them stay below 2⁶³. */
const [FACTOR, FIRST_ORDER, SECOND_ORDER] = [2 ** 38, 2 ** 73, 2 ** 32];

/** A logit of one, and an exponential of one: products of exponentials with classes stay below 2⁶³ in their sum. */
const [LOGIT, WEIGHT] = [2 ** 36, 2 ** 30];
/** Entries of the table of exponentials for a logit of one, and how far below the largest a logit still counts. */
const [EXPONENTIALS, LEAST_LOGIT] = [1024, 22];

/** Arithmetic of 64-bit integers with numbers. */
class Whole {
  constructor(readonly graph: Recorder) {}

  apply(operator: "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Max", a: Value, b: Value | number): Value {
    return binary(this.graph, operator, a, typeof b === "number" ? this.graph.scalar(b, "int32") : b);
  }

  constant(values: readonly number[], shape: readonly number[]): Value {
    return this.graph.constant(values, shape, "int32");
  }
}

/** Sums over an axis, each with or without the element itself. */
function cumulativeSum(graph: Recorder, x: Value, axis: number, exclusive = false): Value {
  const attributes = { exclusive: { int: exclusive ? 1 : 0 } };
  return graph.emit("CumSum", [x, graph.scalar(axis, "int32")], x.shape, attributes, x.type);
}

/**
 * e to the power of each logit less the frame's largest, `WEIGHT` for one. The mean of classes is a pitch that is summed
 * over the whole signal, and float32's last digit would be heard in its hundredth harmonic after a minute. A table's entry
 * and two terms of the series. [F, classes]
 */
function exponentials(whole: Whole, logits: Value): Value {
  const { graph } = whole;
  // powers of two: no digit of a float32 is lost
  const inWhole = (x: Value): Value => cast(graph, binary(graph, "Mul", x, graph.scalar(LOGIT)), "int32");
  const fixed = inWhole(logits);
  const most = inWhole(reduce(graph, "ReduceMax", logits, [1], true));
  const below = binary(graph, "Sub", most, fixed);
  const cell = LOGIT / EXPONENTIALS;
  const rest = whole.apply("Mod", below, cell);
  // half a unit more, for what the division leaves out
  const entries = Array.from({ length: LEAST_LOGIT * EXPONENTIALS + 1 }, (_, index) =>
    index === LEAST_LOGIT * EXPONENTIALS ? 0 : Math.round(WEIGHT * Math.exp(-index / EXPONENTIALS) + 0.5),
  );
  const last = graph.full(logits.shape, entries.length - 1, "int32");
  const index = graph.emit("Min", [whole.apply("Div", below, cell), last], logits.shape, {}, "int32");
  const table = whole.constant(entries, [entries.length]);
  const entry = graph.emit("Gather", [table, index], logits.shape, { axis: { int: 0 } }, "int32");
  const first = whole.apply("Div", rest, LOGIT / WEIGHT);
  const square = whole.apply("Div", binary(graph, "Mul", rest, rest), (2 * LOGIT ** 2) / WEIGHT);
  const factor = whole.apply("Add", binary(graph, "Sub", square, first), WEIGHT);
  return whole.apply("Div", binary(graph, "Mul", entry, factor), WEIGHT);
}

/** The mean of the classes around the likeliest, weighted by their probabilities. [F, classes] → [F, 1] */
function pitchClass(whole: Whole, logits: Value, { classes, neighbours }: PulseTrainAttributes): Value {
  const { graph } = whole;
  const [frames] = logits.shape;
  const along = { axis: { int: 1 }, keepdims: { int: 1 } };
  const best = whole.apply("Mul", graph.emit("ArgMax", [logits], [frames, 1], along, "int32"), CLASS);
  const numbers = whole.constant(
    Array.from({ length: classes }, (_, index) => index * CLASS),
    [classes],
  );
  const away = binary(graph, "Sub", numbers, best);
  const limit = graph.scalar(neighbours * CLASS, "int32");
  const isNear = binary(graph, "LessOrEqual", unary(graph, "Abs", away), limit, "bool");
  const weights = graph.emit(
    "Where",
    [isNear, exponentials(whole, logits), graph.scalar(0, "int32")],
    logits.shape,
    {},
    "int32",
  );
  const sum = (x: Value): Value => reduce(graph, "ReduceSum", x, [1], true);
  // from the lowest class that counts on: whole numbers are divided downwards, and half a unit more rounds them
  const total = sum(weights);
  const up = whole.apply("Add", away, neighbours * CLASS);
  const moments = binary(graph, "Add", sum(binary(graph, "Mul", weights, up)), whole.apply("Div", total, 2));
  const mean = binary(graph, "Div", moments, total);
  return binary(graph, "Add", best, whole.apply("Sub", mean, neighbours * CLASS));
}

/**
 * The last voiced value at each frame, the first before it: the k-th voiced frame's value goes to place k of a list, and
 * each frame takes the place that the voiced frames up to it count to. Place 0 takes what is not voiced. [F, 1]
 */
function held(whole: Whole, values: Value, isVoiced: Value, fallback: number): Value {
  const { graph } = whole;
  const [frames] = values.shape;
  const count = cumulativeSum(graph, cast(graph, isVoiced, "int32"), 0);
  const zero = graph.scalar(0, "int32");
  const place = graph.emit("Where", [isVoiced, count, zero], [frames, 1], {}, "int32");
  const empty = graph.full([frames + 1, 1], fallback, "int32");
  const list = graph.emit("ScatterND", [empty, place, values], [frames + 1, 1], {}, "int32");
  return graph.emit("GatherND", [list, whole.apply("Max", count, 1)], [frames, 1], {}, "int32");
}

/**
 * The pitch class of each frame's neighbour before it, of itself and of the one after it, the outermost repeated.
 * [F, 1] → [F, 3]
 */
function withNeighbours(graph: Recorder, values: Value): Value {
  const [frames] = values.shape;
  const pads = graph.integers([1, 0, 1, 0]);
  const padded = graph.emit("Pad", [values, pads], [frames + 2, 1], { mode: { text: "edge" } }, "int32");
  const from = (begin: number): Value => slice(graph, padded, [begin, 0], [frames, 1]);
  return concat(graph, [from(0), values, from(2)], 1);
}

/**
 * Cycles a sample at classes that are counted in units of one. The exponential is a table's entry and two terms of its
 * series; the table holds what the units count in whole.
 */
function cyclesOfClass(
  whole: Whole,
  position: Value,
  unit: number,
  { classes, lowestPitch, stepCents, sampleRate }: PulseTrainAttributes,
): Value {
  const { graph } = whole;
  const octaves = stepCents / CENTS_PER_OCTAVE / ENTRIES;
  const entries = Array.from({ length: classes * ENTRIES }, (_, index) => {
    const exact = ((CYCLE * lowestPitch) / sampleRate) * 2 ** (index * octaves);
    // what is left out below, in the mean: halves of units in both divisions, and the series' third term
    const left = 0.5 + exact * (0.5 / FACTOR + (Math.LN2 * octaves) ** 3 / 24);
    return Math.round(exact + left);
  });
  const cell = unit / ENTRIES;
  const rest = whole.apply("Mod", position, cell);
  const table = whole.constant(entries, [entries.length]);
  const indices = whole.apply("Div", position, cell);
  const entry = graph.emit("Gather", [table, indices], position.shape, { axis: { int: 0 } }, "int32");
  const slope = (Math.LN2 * octaves) / cell;
  const [first, second] = [slope * FIRST_ORDER, (slope ** 2 / 2) * FIRST_ORDER * SECOND_ORDER];
  const curved = whole.apply("Div", whole.apply("Mul", rest, Math.round(second)), SECOND_ORDER);
  const steep = whole.apply("Add", curved, Math.round(first));
  const factor = whole.apply("Div", binary(graph, "Mul", rest, steep), FIRST_ORDER / FACTOR);
  const more = whole.apply("Div", binary(graph, "Mul", entry, factor), FACTOR);
  return binary(graph, "Add", entry, more);
}

/**
 * Cycles a sample of every sample: ln F0 is a line between the frames' centres, constant beyond the first and last.
 *
 * @param around pitch classes of each frame and its neighbours [F, 3]
 * @returns [F, hop]
 */
function betweenCentres(whole: Whole, around: Value, attributes: PulseTrainAttributes): Value {
  const { hop } = attributes;
  // in units of half a sample, so that an odd hop has a centre too
  const places = Array.from({ length: hop }, (_, n) => 2 * n - hop);
  const shares = [
    ...places.map((place) => Math.max(0, -place)),
    ...places.map((place) => 2 * hop - Math.abs(place)),
    ...places.map((place) => Math.max(0, place)),
  ];
  const position = matMul(whole.graph, around, whole.constant(shares, [3, hop]));
  return cyclesOfClass(whole, position, CLASS * 2 * hop, attributes);
}

/**
 * √(4f)·Σ cos 2πkφ by the closed form of the sum, √f·(sin (2K+1)πφ / sin πφ − 1).
 *
 * @param cycles φ at each sample [F, hop]
 * @param step f, cycles a sample [F, hop]
 */
function pulsesOf(whole: Whole, cycles: Value, step: Value, highestHarmonic: number): Value {
  const { graph } = whole;
  const { shape } = cycles;
  const scaled = (x: Value, factor: number): Value =>
    binary(graph, "Mul", cast(graph, x, "float32"), graph.scalar(factor));
  const sine = (x: Value): Value => unary(graph, "Sin", scaled(x, Math.PI / CYCLE));
  // that of the nearest pulse
  const ahead = whole.apply("Mod", whole.apply("Add", cycles, CYCLE / 2), CYCLE);
  const distance = whole.apply("Sub", ahead, CYCLE / 2);
  const limit = graph.full(shape, Math.round(highestHarmonic * CYCLE), "int32");
  const odd = whole.apply("Add", whole.apply("Mul", whole.apply("Div", limit, step), 2), 1);
  // the remainder has the sign of what is divided: near a pulse no digit is lost
  const turns = graph.emit(
    "Mod",
    [binary(graph, "Mul", distance, odd), graph.scalar(2 * CYCLE, "int32")],
    shape,
    { fmod: { int: 1 } },
    "int32",
  );
  const quotient = binary(graph, "Div", sine(turns), sine(distance));
  const isPulse = binary(graph, "Equal", distance, graph.scalar(0, "int32"), "bool");
  const sum = graph.emit("Where", [isPulse, cast(graph, odd, "float32"), quotient], shape);
  const root = unary(graph, "Sqrt", scaled(step, 1 / CYCLE));
  return binary(graph, "Mul", binary(graph, "Sub", sum, graph.scalar(1)), root);
}

/** Kernels of pulses. */
export const pulseTrainKernels: readonly TracedKernel[] = [
  kernel<PulseTrainInputs, PulseTrainAttributes>("PulseTrain", ({ logits }, graph, attributes) => {
    const { classes, hop, lowestPitch, stepCents, highestHarmonic, unheardPitch } = attributes;
    const [, frames, outputs] = logits.shape;
    const whole = new Whole(graph);
    const rows = reshape(graph, logits, [frames, outputs]);
    const columns = (begin: number, size: number): Value => slice(graph, rows, [0, begin], [frames, size]);
    const isVoiced = binary(graph, "Greater", columns(classes, 1), graph.scalar(0), "bool");
    const unheard = (CENTS_PER_OCTAVE * Math.log2(unheardPitch / lowestPitch)) / stepCents;
    const pitch = pitchClass(whole, columns(0, classes), attributes);
    const around = withNeighbours(graph, held(whole, pitch, isVoiced, Math.round(unheard * CLASS)));
    const step = betweenCentres(whole, around, attributes);
    // the phase at each frame's start and what comes within the frame
    const within = cumulativeSum(graph, step, 1);
    const start = cumulativeSum(graph, slice(graph, within, [0, hop - 1], [frames, 1]), 0, true);
    const cycles = binary(graph, "Add", within, start);
    return reshape(graph, pulsesOf(whole, cycles, step, highestHarmonic), [1, frames * hop]);
  }),
];

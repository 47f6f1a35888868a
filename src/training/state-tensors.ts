// Tensors of a program's state as the files of a run hold them.
import type { WeightValue } from "../models/weights.js";
import type { TensorValue } from "../runtime/runtime.js";

/** Tensors by name, as weights: all that training holds is float32. */
export function floats(values: Readonly<Record<string, TensorValue>>): Record<string, WeightValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [name, { data: data as Float32Array, shape }]),
  );
}

/** The tensors whose names have a prefix, without it. */
export function partOf(
  tensors: Readonly<Record<string, TensorValue>>,
  prefix: string,
): Record<string, WeightValue> {
  const entries = Object.entries(floats(tensors)).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Tensors with a prefix before their names. */
export function withPrefix<T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));
}

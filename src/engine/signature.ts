// Checks what a run is given against the signature, with one frame count for all of its dimensions.
import { SignatureError } from "../errors.js";
import type { Dimension, Signature, TensorSpec, TensorValue } from "./engine.js";

function dimensionText(dimension: Dimension): string {
  if (typeof dimension === "number") return String(dimension);
  const { times, plus } = dimension;
  return `${times === 1 ? "" : `${times}·`}frames${plus === 0 ? "" : ` + ${plus}`}`;
}

function shapeText(shape: readonly Dimension[]): string {
  return `[${shape.map(dimensionText).join(", ")}]`;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Throws a SignatureError unless the value has as many elements as its shape and the right type. */
function checkContent(name: string, { data, shape }: TensorValue, type: string): void {
  if (data.length !== sizeOf(shape)) {
    throw new SignatureError(
      name,
      `'${name}' has ${data.length} elements, but its shape ${shapeText(shape)} has ${sizeOf(shape)}.`,
    );
  }
  const given = data instanceof Int32Array ? "int32" : "float32";
  if (given !== type) {
    throw new SignatureError(name, `'${name}' is ${given}, but the function was compiled for ${type}.`);
  }
}

function checkInput(
  name: string,
  value: TensorValue,
  spec: TensorSpec,
  frameCount?: number,
): number | undefined {
  checkContent(name, value, spec.type ?? "float32");
  const refuse = (reason: string): never => {
    throw new SignatureError(
      name,
      `'${name}' has shape ${shapeText(value.shape)}, but the function was compiled for ${shapeText(spec.shape)}${reason}.`,
    );
  };
  if (value.shape.length !== spec.shape.length) return refuse("");
  let count = frameCount;
  for (const [axis, dimension] of spec.shape.entries()) {
    const size = value.shape[axis];
    if (typeof dimension === "number") {
      if (size !== dimension) return refuse("");
      continue;
    }
    const implied = (size - dimension.plus) / dimension.times;
    if (!Number.isInteger(implied) || implied < 1) return refuse("");
    if (count !== undefined && implied !== count)
      return refuse(`, and another dimension means ${count} frames`);
    count = implied;
  }
  return count;
}

/**
 * Checks a run's inputs.
 *
 * @throws SignatureError if one is missing, unknown, or of another shape or type
 */
export function checkInputs(signature: Signature, inputs: Readonly<Record<string, TensorValue>>): void {
  const unknown = Object.keys(inputs).find((name) => !(name in signature.inputs));
  if (unknown !== undefined) {
    const known = Object.keys(signature.inputs).join(", ");
    throw new SignatureError(unknown, `The function has no input '${unknown}'; it takes ${known}.`);
  }
  let frameCount: number | undefined;
  for (const [name, spec] of Object.entries(signature.inputs)) {
    const value = inputs[name] as TensorValue | undefined;
    if (!value) throw new SignatureError(name, `The input '${name}' is missing.`);
    frameCount = checkInput(name, value, spec, frameCount);
  }
}

/**
 * Checks the values that results are written to.
 *
 * @param names the function's results
 * @throws SignatureError if one is no result, or of another content than its shape says
 */
export function checkTargets(names: readonly string[], into: Readonly<Record<string, TensorValue>>): void {
  for (const [name, value] of Object.entries(into)) {
    if (!names.includes(name)) {
      throw new SignatureError(name, `The function has no result '${name}'; it gives ${names.join(", ")}.`);
    }
    checkContent(name, value, "float32");
  }
}

/**
 * Checks new values for a part of the state.
 *
 * @throws SignatureError if one is unknown or has another shape or type
 */
export function checkState(signature: Signature, values: Readonly<Record<string, TensorValue>>): void {
  for (const [name, value] of Object.entries(values)) {
    const start = signature.state?.[name];
    if (!start) throw new SignatureError(name, `The function holds no state '${name}'.`);
    checkInput(name, value, {
      shape: start.shape,
      type: start.data instanceof Int32Array ? "int32" : "float32",
    });
  }
}

/**
 * Checks what a signature says about 8-bit layers.
 *
 * @throws SignatureError if a listed weight is unknown or no matrix, or a number is out of range
 */
export function checkQuantised({ quantised = {}, observed = [], weights = {} }: Signature): void {
  for (const name of [...Object.keys(quantised), ...observed]) {
    const weight = weights[name] as TensorValue | undefined;
    if (!weight)
      throw new SignatureError(name, `No weight is called '${name}', so no layer can be 8-bit by it.`);
    if (weight.shape.length !== 2 || weight.data instanceof Int32Array) {
      throw new SignatureError(
        name,
        `'${name}' has shape ${shapeText(weight.shape)}, not [inputs, outputs].`,
      );
    }
  }
  for (const [name, { scale, zeroPoint }] of Object.entries(quantised)) {
    if (!(scale > 0 && Number.isFinite(scale))) {
      throw new SignatureError(name, `The input of '${name}' has the scale ${scale}, which is not above 0.`);
    }
    if (!(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= 255)) {
      throw new SignatureError(
        name,
        `The input of '${name}' has the zero point ${zeroPoint}; it is a whole number from 0 to 255.`,
      );
    }
  }
}

/** The name under which a graph returns a state tensor's next value. */
export function nextStateName(name: string): string {
  return `next.${name}`;
}

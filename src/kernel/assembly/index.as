// The signal path of mask-net around its trunk, in WebAssembly SIMD: what signal-memory.ts lays out and mask-net-signal.ts
// calls. Four neighbouring frames are a group. All pointers are bytes; strides of rows are bytes too.
import { add, lanesToRows, logarithm, mul, rowsToLanes, storeTransposed } from "./lanes";
import { Bank, bandGains, exponentials, residualOfGroup, spreadGains } from "./mel";
import { gainCoefficients, Mdct } from "./mdct";
import { forwardGroup, inverseGroup, Transform } from "./short-time";

/** Rows of all groups to lanes: [4·groups, count] → [groups][count][4]. */
export function toLanes(rows: usize, stride: usize, count: i32, groups: i32, lanes: usize): void {
  for (let group = 0; group < groups; group++) {
    rowsToLanes(rows, stride, count, lanes);
    rows += 4 * stride;
    lanes += <usize>count << 4;
  }
}

/** target ← 1/values, 0 where they are 0, `count` of them, a multiple of 4. */
export function reciprocals(values: usize, target: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  while (values < end) {
    const x = v128.load(values);
    const inverse = f32x4.div(f32x4.splat(1), x);
    v128.store(target, v128.and(inverse, f32x4.ne(x, f32x4.splat(0))));
    values += 16;
    target += 16;
  }
}

/** target ← factor·a + b, `count` of them, a multiple of 4. */
export function addScaled(target: usize, a: usize, factor: f32, b: usize, count: i32): void {
  const end = a + (<usize>count << 2);
  const by = f32x4.splat(factor);
  while (a < end) {
    v128.store(target, add(mul(by, v128.load(a)), v128.load(b)));
    target += 16;
    a += 16;
    b += 16;
  }
}

/** Puts gains on a signal's MDCT coefficients; see gainCoefficients. */
export function colour(mdct: Mdct, signal: usize, gains: usize, result: usize): void {
  gainCoefficients(mdct, signal, gains, result);
}

/** Row of a transform's frame: sub-frames of one mel frame lie side by side. */
@inline
function rowOf(t: Transform, rows: usize, stride: usize, frame: i32): usize {
  return rows + <usize>(frame / t.subFrames) * stride + (<usize>((frame % t.subFrames) * t.bins) << 2);
}

/**
 * Spectra of a signal, kept, and their log powers ½·ln(scale·|Z|² + floor).
 *
 * @param signal the first frame's first sample
 * @param rows the transform's first column of the features
 */
export function analyse(t: Transform, signal: usize, rows: usize, stride: usize, scale: f32, floor: f32): void {
  const hop = <usize>t.size << 1;
  const spectrumBytes = <usize>t.bins << 5;
  let spectrum = t.spectra;
  for (let group = 0; group < t.groups; group++) {
    forwardGroup(t, signal, spectrum);
    logPowers(t, spectrum, group << 2, rows, stride, scale, floor);
    spectrum += spectrumBytes;
    signal += 4 * hop;
  }
}

function logPowers(
  t: Transform, spectrum: usize, frame: i32, rows: usize, stride: usize, scale: f32, floor: f32,
): void {
  let p0 = rowOf(t, rows, stride, frame);
  let p1 = rowOf(t, rows, stride, frame + 1);
  let p2 = rowOf(t, rows, stride, frame + 2);
  let p3 = rowOf(t, rows, stride, frame + 3);
  const factor = f32x4.splat(scale);
  const least = f32x4.splat(floor);
  const end = spectrum + (<usize>t.size << 5);
  while (spectrum < end) {
    storeTransposed(
      logPower(spectrum, factor, least), logPower(spectrum + 32, factor, least),
      logPower(spectrum + 64, factor, least), logPower(spectrum + 96, factor, least),
      p0, p1, p2, p3,
    );
    spectrum += 128;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  }
  const last = logPower(spectrum, factor, least);
  v128.store_lane<f32>(p0, last, 0);
  v128.store_lane<f32>(p1, last, 1);
  v128.store_lane<f32>(p2, last, 2);
  v128.store_lane<f32>(p3, last, 3);
}

@inline
function logPower(p: usize, scale: v128, floor: v128): v128 {
  const r = v128.load(p);
  const i = v128.load(p, 16);
  return mul(f32x4.splat(0.5), logarithm(add(mul(scale, add(mul(r, r), mul(i, i))), floor)));
}

/**
 * The mel residual of a signal.
 *
 * @param spectrum room for a group's spectra
 * @param mel c, [groups][bands][4]
 * @param residual [groups][bands][4]
 * @param rows the residual's first column of the features
 */
export function melResidual(
  t: Transform, bank: Bank, signal: usize, spectrum: usize, mel: usize, residual: usize,
  rows: usize, stride: usize, sharpness: f32, limit: f32,
): void {
  const hop = <usize>t.size << 1;
  const bandBytes = <usize>bank.bands << 4;
  for (let group = 0; group < t.groups; group++) {
    forwardGroup(t, signal, spectrum);
    residualOfGroup(bank, spectrum, mel, residual, Infinity, sharpness, limit);
    lanesToRows(residual, bank.bands, rows, stride);
    signal += 4 * hop;
    mel += bandBytes;
    residual += bandBytes;
    rows += 4 * stride;
  }
}

/**
 * Adds a transform's masked spectra to a signal.
 *
 * @param constants, slopes its first columns A and B of the output
 * @param features its first column of the features
 * @param bank null for all transforms but the first, whose mask the bands' gains join
 * @param gains, gainSlopes first columns G and H of the output
 * @param signal the first frame's first sample
 */
export function mask(
  t: Transform, constants: usize, slopes: usize, stride: usize, features: usize, featureStride: usize,
  masks: usize, bank: Bank | null, gains: usize, gainSlopes: usize, residual: usize, signal: usize,
): void {
  const hop = <usize>t.size << 1;
  let spectrum = t.spectra;
  const slopesBehind = slopes - constants;
  for (let group = 0; group < t.groups; group++) {
    masksOfGroup(t, group << 2, constants, slopesBehind, stride, features, featureStride, masks);
    if (bank) {
      bandGains(bank, gains, gainSlopes, stride, residual);
      spreadGains(bank, masks, true);
      gains += 4 * stride;
      gainSlopes += 4 * stride;
      residual += <usize>bank.bands << 4;
    }
    inverseGroup(t, spectrum, masks, signal);
    spectrum += <usize>t.bins << 5;
    signal += 4 * hop;
  }
}

/** A + B·feature, rows to lanes. */
function masksOfGroup(
  t: Transform, frame: i32, constants: usize, slopesBehind: usize, stride: usize,
  features: usize, featureStride: usize, masks: usize,
): void {
  let a0 = rowOf(t, constants, stride, frame);
  let a1 = rowOf(t, constants, stride, frame + 1);
  let a2 = rowOf(t, constants, stride, frame + 2);
  let a3 = rowOf(t, constants, stride, frame + 3);
  let f0 = rowOf(t, features, featureStride, frame);
  let f1 = rowOf(t, features, featureStride, frame + 1);
  let f2 = rowOf(t, features, featureStride, frame + 2);
  let f3 = rowOf(t, features, featureStride, frame + 3);
  const end = masks + (<usize>t.size << 4);
  while (masks < end) {
    storeTransposed(
      maskOf(a0, slopesBehind, f0), maskOf(a1, slopesBehind, f1),
      maskOf(a2, slopesBehind, f2), maskOf(a3, slopesBehind, f3),
      masks, masks + 16, masks + 32, masks + 48,
    );
    a0 += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    f0 += 16;
    f1 += 16;
    f2 += 16;
    f3 += 16;
    masks += 64;
  }
  store<f32>(masks, load<f32>(a0) + load<f32>(a0 + slopesBehind) * load<f32>(f0));
  store<f32>(masks, load<f32>(a1) + load<f32>(a1 + slopesBehind) * load<f32>(f1), 4);
  store<f32>(masks, load<f32>(a2) + load<f32>(a2 + slopesBehind) * load<f32>(f2), 8);
  store<f32>(masks, load<f32>(a3) + load<f32>(a3 + slopesBehind) * load<f32>(f3), 12);
}

@inline
function maskOf(constant: usize, slopesBehind: usize, feature: usize): v128 {
  return add(v128.load(constant), mul(v128.load(constant + slopesBehind), v128.load(feature)));
}

/**
 * Adds one mel correction of a signal to another.
 *
 * @param spectrum, residual, masks room for a group's
 * @param change what is added to, from the first frame's first sample
 */
export function correct(
  t: Transform, bank: Bank, signal: usize, spectrum: usize, mel: usize, residual: usize, masks: usize,
  gains: usize, gainSlopes: usize, stride: usize, change: usize, limit: f32, sharpness: f32, outerLimit: f32,
): void {
  const hop = <usize>t.size << 1;
  for (let group = 0; group < t.groups; group++) {
    forwardGroup(t, signal, spectrum);
    residualOfGroup(bank, spectrum, mel, residual, limit, sharpness, outerLimit);
    bandGains(bank, gains, gainSlopes, stride, residual);
    spreadGains(bank, masks, false);
    inverseGroup(t, spectrum, masks, change);
    signal += 4 * hop;
    change += 4 * hop;
    mel += <usize>bank.bands << 4;
    gains += 4 * stride;
    gainSlopes += 4 * stride;
  }
}

/**
 * Adds a signal, its frames' bins multiplied by exp(exponent·clip(mel − ln-mel, ±limit)) spread from the bands, to
 * another: one act of mel consistency.
 *
 * @param groups how many to take, from the given places on
 * @param spectrum, masks room for a group's
 * @param mel [groups][bands][4]
 * @param target what is added to, from the first frame's first sample
 * @param from, to which of the frames count; the others add nothing
 */
export function approach(
  t: Transform, bank: Bank, groups: i32, signal: usize, spectrum: usize, mel: usize, masks: usize, target: usize,
  limit: f32, exponent: f32, from: i32, to: i32,
): void {
  const hop = <usize>t.size << 1;
  for (let group = 0; group < groups; group++) {
    forwardGroup(t, signal, spectrum);
    residualOfGroup(bank, spectrum, mel, bank.gains, limit, -exponent, Infinity);
    spreadGains(bank, masks, false);
    const frames = i32x4.add(i32x4.splat(group << 2), i32x4(0, 1, 2, 3));
    const counts = v128.andnot(i32x4.lt_s(frames, i32x4.splat(to)), i32x4.lt_s(frames, i32x4.splat(from)));
    exponentials(bank, masks, counts);
    inverseGroup(t, spectrum, masks, target);
    signal += 4 * hop;
    target += 4 * hop;
    mel += <usize>bank.bands << 4;
  }
}

/** How far the log-mel of each frame of a signal lies above the given one: [groups][bands][4]. */
export function melDistance(
  t: Transform, bank: Bank, groups: i32, signal: usize, spectrum: usize, mel: usize, distances: usize,
): void {
  const hop = <usize>t.size << 1;
  for (let group = 0; group < groups; group++) {
    forwardGroup(t, signal, spectrum);
    residualOfGroup(bank, spectrum, mel, distances, Infinity, 1, Infinity);
    signal += 4 * hop;
    mel += <usize>bank.bands << 4;
    distances += <usize>bank.bands << 4;
  }
}

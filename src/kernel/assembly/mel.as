// The log-mel of four frames' spectra, and gains of bands spread over the bins.
import { add, clip, exponential, logarithm, mul, sub } from "./lanes";

/** The filter bank; written by the caller, fields of 4 bytes each. */
@unmanaged
export class Bank {
  bands: i32;
  bins: i32;
  floor: f32;
  magnitudeEpsilon: f32;
  /** First bin and number of bins of each band, [bands][2] int32. */
  rows: usize;
  /** Weights of the bands, one after another. */
  weights: usize;
  /** For each bin the place of a band in [bands][4], in bytes, its weight and the next band's: [bins][3]. */
  spread: usize;
  /** Magnitudes or gains of a group, [bins][4]. */
  work: usize;
  /** Gains of a group's bands, [bands+1][4], the last of them 0. */
  gains: usize;
}

/**
 * How far a group's log-mel lies above the given one, clipped and weighted for the network:
 * clip(sharpness·clip(ln-mel − c, ±limit), ±outerLimit).
 *
 * @param mel c, [bands][4]
 * @param residual [bands][4]
 */
export function residualOfGroup(
  bank: Bank, spectrum: usize, mel: usize, residual: usize,
  limit: f32, sharpness: f32, outerLimit: f32,
): void {
  const work = bank.work;
  const end = work + (<usize>bank.bins << 4);
  const epsilon = f32x4.splat(bank.magnitudeEpsilon);
  for (let p = work; p < end; p += 16) {
    const r = v128.load(spectrum);
    const i = v128.load(spectrum, 16);
    v128.store(p, f32x4.sqrt(add(add(mul(r, r), mul(i, i)), epsilon)));
    spectrum += 32;
  }
  let rows = bank.rows;
  let weights = bank.weights;
  const floor = f32x4.splat(bank.floor);
  for (let band = 0; band < bank.bands; band++) {
    let p = work + (load<i32>(rows) << 4);
    const last = weights + (load<i32>(rows, 4) << 2);
    let sum = f32x4.splat(0);
    while (weights < last) {
      sum = add(sum, mul(v128.load32_splat(weights), v128.load(p)));
      weights += 4;
      p += 16;
    }
    const distance = sub(logarithm(f32x4.pmax(sum, floor)), v128.load(mel));
    const weighted = mul(clip(distance, f32x4.splat(limit)), f32x4.splat(sharpness));
    v128.store(residual, clip(weighted, f32x4.splat(outerLimit)));
    rows += 8;
    mel += 16;
    residual += 16;
  }
}

/** bank.gains ← G + H·ρ, from rows of the network's output. @param residual ρ, [bands][4] */
export function bandGains(bank: Bank, constant: usize, slope: usize, stride: usize, residual: usize): void {
  let p = bank.gains;
  const end = p + (<usize>bank.bands << 4);
  while (p < end) {
    const a = v128.load(constant);
    const b = v128.load(constant + stride);
    const c = v128.load(constant + 2 * stride);
    const d = v128.load(constant + 3 * stride);
    const e = v128.load(slope);
    const f = v128.load(slope + stride);
    const g = v128.load(slope + 2 * stride);
    const h = v128.load(slope + 3 * stride);
    const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const ef0 = v128.shuffle<f32>(e, f, 0, 4, 1, 5);
    const ef1 = v128.shuffle<f32>(e, f, 2, 6, 3, 7);
    const gh0 = v128.shuffle<f32>(g, h, 0, 4, 1, 5);
    const gh1 = v128.shuffle<f32>(g, h, 2, 6, 3, 7);
    put(p, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5), v128.shuffle<f32>(ef0, gh0, 0, 1, 4, 5), residual);
    put(p + 16, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7), v128.shuffle<f32>(ef0, gh0, 2, 3, 6, 7), residual + 16);
    put(p + 32, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5), v128.shuffle<f32>(ef1, gh1, 0, 1, 4, 5), residual + 32);
    put(p + 48, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7), v128.shuffle<f32>(ef1, gh1, 2, 3, 6, 7), residual + 48);
    p += 64;
    residual += 64;
    constant += 16;
    slope += 16;
  }
}

@inline
function put(p: usize, constant: v128, slope: v128, residual: usize): void {
  v128.store(p, add(constant, mul(slope, v128.load(residual))));
}

/** Adds the bands' gains, spread over the bins, to the gains [bins][4], or sets them. */
export function spreadGains(bank: Bank, target: usize, adding: bool): void {
  const gains = bank.gains;
  let p = bank.spread;
  const end = target + (<usize>bank.bins << 4);
  while (target < end) {
    const band = gains + load<i32>(p);
    const gain = add(
      mul(v128.load32_splat(p, 4), v128.load(band)),
      mul(v128.load32_splat(p, 8), v128.load(band, 16)),
    );
    v128.store(target, adding ? add(gain, v128.load(target)) : gain);
    p += 12;
    target += 16;
  }
}

/** Log gains of a group's bins → gains, 0 in frames that are none of the signal's. @param frames all bits set where one is */
export function exponentials(bank: Bank, gains: usize, frames: v128): void {
  const end = gains + (<usize>bank.bins << 4);
  while (gains < end) {
    v128.store(gains, v128.and(frames, exponential(v128.load(gains))));
    gains += 16;
  }
}

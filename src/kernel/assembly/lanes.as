// The arithmetic of four frames at once: lane l of each vector belongs to frame l of a group, so that nothing below ever
// shuffles but the transpositions between rows (a frame's values side by side) and lanes [values][4].

@inline
export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

@inline
export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

@inline
export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

@inline
export function clip(x: v128, limit: v128): v128 {
  return f32x4.pmax(f32x4.neg(limit), f32x4.pmin(limit, x));
}

/** Stores the transpose of the rows a, b, c, d. */
@inline
export function storeTransposed(
  a: v128, b: v128, c: v128, d: v128,
  p0: usize, p1: usize, p2: usize, p3: usize,
): void {
  const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const lowOther = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const highOther = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(p0, v128.shuffle<f32>(low, lowOther, 0, 1, 4, 5));
  v128.store(p1, v128.shuffle<f32>(low, lowOther, 2, 3, 6, 7));
  v128.store(p2, v128.shuffle<f32>(high, highOther, 0, 1, 4, 5));
  v128.store(p3, v128.shuffle<f32>(high, highOther, 2, 3, 6, 7));
}

/**
 * Natural logarithm of positive normal numbers, to 5e−7: x = 2^e·m with m in [√½, √2), ln m = (m−1)·polynomial(m−1),
 * fitted to the smallest largest error.
 */
@inline
export function logarithm(x: v128): v128 {
  const exponent = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const m = sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1));
  let p = mul(m, f32x4.splat(0.12210976332426071));
  p = mul(m, sub(p, f32x4.splat(0.18782727420330048)));
  p = mul(m, add(p, f32x4.splat(0.20454755425453186)));
  p = mul(m, sub(p, f32x4.splat(0.24896793067455292)));
  p = mul(m, add(p, f32x4.splat(0.33316028118133545)));
  p = mul(m, sub(p, f32x4.splat(0.5000140070915222)));
  p = mul(m, add(p, f32x4.splat(1.0000008344650269)));
  return add(p, mul(f32x4.convert_i32x4_s(exponent), f32x4.splat(0.6931471805599453)));
}

/** e^x for |x| below 80, to 3e−7 of it: 2^k·e^r with |r| ≤ ½·ln 2, e^r by its series. */
@inline
export function exponential(x: v128): v128 {
  const k = f32x4.nearest(mul(x, f32x4.splat(1.4426950408889634)));
  const r = sub(x, mul(k, f32x4.splat(0.6931471805599453)));
  let p = add(mul(r, f32x4.splat(0.001388888888888889)), f32x4.splat(0.008333333333333333));
  p = add(mul(r, p), f32x4.splat(0.041666666666666664));
  p = add(mul(r, p), f32x4.splat(0.16666666666666666));
  p = add(mul(r, p), f32x4.splat(0.5));
  p = add(mul(r, p), f32x4.splat(1));
  p = add(mul(r, p), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return mul(p, power);
}

/** Rows to lanes: `count` values, a multiple of 4, of each of four rows. */
export function rowsToLanes(rows: usize, stride: usize, count: i32, lanes: usize): void {
  const end = rows + (<usize>count << 2);
  while (rows < end) {
    storeTransposed(
      v128.load(rows), v128.load(rows + stride), v128.load(rows + 2 * stride), v128.load(rows + 3 * stride),
      lanes, lanes + 16, lanes + 32, lanes + 48,
    );
    rows += 16;
    lanes += 64;
  }
}

/** Lanes to rows. */
export function lanesToRows(lanes: usize, count: i32, rows: usize, stride: usize): void {
  const end = rows + (<usize>count << 2);
  while (rows < end) {
    storeTransposed(
      v128.load(lanes), v128.load(lanes, 16), v128.load(lanes, 32), v128.load(lanes, 48),
      rows, rows + stride, rows + 2 * stride, rows + 3 * stride,
    );
    rows += 16;
    lanes += 64;
  }
}

/** Four overlapping frames of a signal as lanes, times a window. */
export function windowToLanes(signal: usize, hop: usize, window: usize, count: i32, lanes: usize): void {
  const end = signal + (<usize>count << 2);
  while (signal < end) {
    const w = v128.load(window);
    storeTransposed(
      mul(w, v128.load(signal)), mul(w, v128.load(signal + hop)),
      mul(w, v128.load(signal + 2 * hop)), mul(w, v128.load(signal + 3 * hop)),
      lanes, lanes + 16, lanes + 32, lanes + 48,
    );
    signal += 16;
    window += 16;
    lanes += 64;
  }
}

// MDCT, gains and MDCT⁻¹ of four frames at once: σ or 1/σ put on a signal. Each MDCT of N coefficients folds its 2N samples
// to N (Princen, Johnson & Bradley 1987) and is a DCT-IV of those: a complex transform of N/2 between two turns by
// exp(−iπ(8n+1)/(8N)).
import { forwardFft, inverseFft } from "./fft";
import { add, mul, storeTransposed, sub, windowToLanes } from "./lanes";

/** The constants; written by the caller, fields of 4 bytes each. */
@unmanaged
export class Mdct {
  /** N/2 */
  size: i32;
  groups: i32;
  /** The sine window [2N]. */
  window: usize;
  /** The same with all scales [2N]. */
  windowBack: usize;
  twiddles: usize;
  /** Where frequency k lies, in bytes, [N/2] int32. */
  places: usize;
  /** exp(−iπ(8n+1)/(8N)) [N/2] */
  turns: usize;
  /** A group's frames, [2N][4]. */
  work: usize;
  /** [N/2][re, im][4] */
  folded: usize;
}

/**
 * @param signal the first frame's first sample, continued beyond its ends as closed ends demand
 * @param gains of each coefficient, [groups][N][4]
 * @param result is added to, from its first frame's first sample
 */
export function gainCoefficients(t: Mdct, signal: usize, gains: usize, result: usize): void {
  const hop = <usize>t.size << 3;
  for (let group = 0; group < t.groups; group++) {
    windowToLanes(signal, hop, t.window, t.size << 2, t.work);
    fold(t);
    forwardFft(t.folded, t.size, t.twiddles);
    applyGains(t, gains);
    inverseFft(t.folded, t.size, t.twiddles);
    unfold(t);
    addFrames(t.work, t.windowBack, hop, result);
    signal += 4 * hop;
    result += 4 * hop;
    gains += 4 * hop;
  }
}

/** Turns r + i·im by the turn at `turns` and stores it. */
@inline
function turn(p: usize, r: v128, i: v128, turns: usize): void {
  const wr = v128.load32_splat(turns);
  const wi = v128.load32_splat(turns, 4);
  v128.store(p, sub(mul(r, wr), mul(i, wi)));
  v128.store(p, add(mul(r, wi), mul(i, wr)), 16);
}

/** Quarters a, b, c, d of a frame to (−c reversed − d, a − b reversed), paired up from both ends and turned. */
function fold(t: Mdct): void {
  // a quarter has N/2 samples of 16 bytes
  const quarter = <usize>t.size << 4;
  const a = t.work;
  const target = t.folded;
  const b = a + quarter;
  const c = b + quarter;
  const d = c + quarter;
  let turns = t.turns;
  // even samples 2n of −c reversed − d, odd ones from the end of a − b reversed
  let out = target;
  for (let n: usize = 0; n < quarter; n += 32) {
    const r = f32x4.neg(add(v128.load(d - 16 - n), v128.load(d + n)));
    const i = sub(v128.load(b - 16 - n), v128.load(b + n));
    turn(out, r, i, turns);
    out += 32;
    turns += 8;
  }
  for (let n: usize = 0; n < quarter; n += 32) {
    const r = sub(v128.load(a + n), v128.load(c - 16 - n));
    const i = f32x4.neg(add(v128.load(c + n), v128.load(d + quarter - 16 - n)));
    turn(out, r, i, turns);
    out += 32;
    turns += 8;
  }
}

/** Ends the forward DCT-IV, multiplies and begins the next, real and imaginary parts exchanged for the inverse FFT. */
function applyGains(t: Mdct, gains: usize): void {
  const folded = t.folded;
  const size = t.size;
  let places = t.places;
  let turns = t.turns;
  let gainsFrom = gains + (<usize>size << 5) - 16;
  const end = places + (<usize>size << 2);
  while (places < end) {
    const p = folded + load<i32>(places);
    const wr = v128.load32_splat(turns);
    const wi = v128.load32_splat(turns, 4);
    const r = v128.load(p);
    const i = v128.load(p, 16);
    const even = mul(sub(mul(r, wr), mul(i, wi)), v128.load(gains));
    // the coefficient N−1−2k is minus this
    const odd = mul(add(mul(r, wi), mul(i, wr)), v128.load(gainsFrom));
    v128.store(p, add(mul(even, wr), mul(odd, wi)), 16);
    v128.store(p, sub(mul(even, wi), mul(odd, wr)));
    places += 4;
    turns += 8;
    gains += 32;
    gainsFrom -= 32;
  }
}

/** Ends the backward DCT-IV, its result u, and unfolds it: (second half of u, −reversed, −first half reversed, −first). */
function unfold(t: Mdct): void {
  const quarter = <usize>t.size << 4;
  const a = t.work;
  const b = a + quarter;
  const c = b + quarter;
  const d = c + quarter;
  let turns = t.turns;
  let from = t.folded;
  // u[2n] in the first half, u[N−1−2n] in the second
  for (let n: usize = 0; n < quarter; n += 32) {
    const wr = v128.load32_splat(turns);
    const wi = v128.load32_splat(turns, 4);
    const i = v128.load(from);
    const r = v128.load(from, 16);
    const even = sub(mul(i, wi), mul(r, wr)); // −u[2n]
    const odd = add(mul(r, wi), mul(i, wr)); // −u[N−1−2n]
    v128.store(d + n, even);
    v128.store(d - 16 - n, even);
    v128.store(b + n, odd);
    v128.store(b - 16 - n, f32x4.neg(odd));
    from += 32;
    turns += 8;
  }
  // now u[2n] is in the second half
  for (let n: usize = 0; n < quarter; n += 32) {
    const wr = v128.load32_splat(turns);
    const wi = v128.load32_splat(turns, 4);
    const i = v128.load(from);
    const r = v128.load(from, 16);
    const even = sub(mul(r, wr), mul(i, wi)); // u[2n]
    const odd = add(mul(r, wi), mul(i, wr)); // −u[N−1−2n]
    v128.store(a + n, even);
    v128.store(c - 16 - n, f32x4.neg(even));
    v128.store(c + n, odd);
    v128.store(d + quarter - 16 - n, odd);
    from += 32;
    turns += 8;
  }
}

/** Overlap-adds four frames of two hops each. @param hop in bytes */
function addFrames(frames: usize, window: usize, hop: usize, signal: usize): void {
  const end = signal + hop;
  while (signal < end) {
    for (let m: usize = 0; m < 2; m++) {
      const p = frames + 4 * m * hop;
      const w = v128.load(window + m * hop);
      storeTransposed(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48), p, p + 16, p + 32, p + 48);
      v128.store(p, mul(w, v128.load(p)));
      v128.store(p, mul(w, v128.load(p, 16)), 16);
      v128.store(p, mul(w, v128.load(p, 32)), 32);
      v128.store(p, mul(w, v128.load(p, 48)), 48);
    }
    const b = frames + 4 * hop;
    let s = signal;
    v128.store(s, add(v128.load(s), v128.load(frames)));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(frames, 16), v128.load(b))));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(frames, 32), v128.load(b, 16))));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(frames, 48), v128.load(b, 32))));
    s += hop;
    v128.store(s, add(v128.load(s), v128.load(b, 48)));
    signal += 16;
    window += 16;
    frames += 64;
  }
}

// Complex Fourier transforms of four frames, in place: radix 4, decimation in frequency, with a radix-8 end (Cooley & Tukey
// 1965). The spectrum lies in digit-reversed order; the inverse takes it in that order. Data: [size][re, im][4].
//
// Twiddles, pass after pass (lengths size, size/4 …, above 8 or equal to 4): for each j < length/4 the real and
// imaginary parts of w, w², w³ with w = exp(−2πi·j/length).
import { add, mul, sub } from "./lanes";

const HALF_ROOT: f32 = 0.7071067811865476;

/** In natural order → spectrum in digit-reversed order. */
export function forwardFft(data: usize, size: i32, twiddles: usize): void {
  let length = size;
  while (length > 8 || length == 4) {
    forwardPass(data, size, length, twiddles);
    twiddles += 6 * length;
    length >>= 2;
  }
  if (length == 8) {
    const end = data + (<usize>size << 5);
    for (; data < end; data += 256) ends(data, 0, 16);
  }
}

/** Spectrum in digit-reversed order → natural order, not scaled. */
export function inverseFft(data: usize, size: i32, twiddles: usize): void {
  let length = size;
  while (length > 8 || length == 4) {
    twiddles += 6 * length;
    length >>= 2;
  }
  if (length == 8) {
    const end = data + (<usize>size << 5);
    // the inverse transform is the forward one with real and imaginary parts exchanged
    for (let p = data; p < end; p += 256) ends(p, 16, 0);
  }
  while (length < size) {
    length <<= 2;
    twiddles -= 6 * length;
    inversePass(data, size, length, twiddles);
  }
}

function forwardPass(data: usize, size: i32, length: i32, twiddles: usize): void {
  const quarter = <usize>length << 3;
  const block = <usize>length << 5;
  const end = data + (<usize>size << 5);
  for (const first = data + quarter; data < first; data += 32) {
    for (let p0 = data; p0 < end; p0 += block) {
      const p1 = p0 + quarter;
      const p2 = p1 + quarter;
      const p3 = p2 + quarter;
      const sumR = add(v128.load(p0), v128.load(p2));
      const sumI = add(v128.load(p0, 16), v128.load(p2, 16));
      const differenceR = sub(v128.load(p0), v128.load(p2));
      const differenceI = sub(v128.load(p0, 16), v128.load(p2, 16));
      const oddSumR = add(v128.load(p1), v128.load(p3));
      const oddSumI = add(v128.load(p1, 16), v128.load(p3, 16));
      const oddR = sub(v128.load(p1), v128.load(p3));
      const oddI = sub(v128.load(p1, 16), v128.load(p3, 16));
      v128.store(p0, add(sumR, oddSumR));
      v128.store(p0, add(sumI, oddSumI), 16);
      turned(p1, add(differenceR, oddI), sub(differenceI, oddR), twiddles);
      turned(p2, sub(sumR, oddSumR), sub(sumI, oddSumI), twiddles + 8);
      turned(p3, sub(differenceR, oddI), add(differenceI, oddR), twiddles + 16);
    }
    twiddles += 24;
  }
}

/** Stores r + i·im times a twiddle. */
@inline
function turned(p: usize, r: v128, i: v128, twiddle: usize): void {
  const wr = v128.load32_splat(twiddle);
  const wi = v128.load32_splat(twiddle, 4);
  v128.store(p, sub(mul(r, wr), mul(i, wi)));
  v128.store(p, add(mul(r, wi), mul(i, wr)), 16);
}

function inversePass(data: usize, size: i32, length: i32, twiddles: usize): void {
  const quarter = <usize>length << 3;
  const block = <usize>length << 5;
  const end = data + (<usize>size << 5);
  for (const first = data + quarter; data < first; data += 32) {
    for (let p0 = data; p0 < end; p0 += block) {
      const p1 = p0 + quarter;
      const p2 = p1 + quarter;
      const p3 = p2 + quarter;
      const w1r = v128.load32_splat(twiddles);
      const w1i = v128.load32_splat(twiddles, 4);
      const w2r = v128.load32_splat(twiddles, 8);
      const w2i = v128.load32_splat(twiddles, 12);
      const w3r = v128.load32_splat(twiddles, 16);
      const w3i = v128.load32_splat(twiddles, 20);
      const r1 = add(mul(v128.load(p1), w1r), mul(v128.load(p1, 16), w1i));
      const i1 = sub(mul(v128.load(p1, 16), w1r), mul(v128.load(p1), w1i));
      const r2 = add(mul(v128.load(p2), w2r), mul(v128.load(p2, 16), w2i));
      const i2 = sub(mul(v128.load(p2, 16), w2r), mul(v128.load(p2), w2i));
      const r3 = add(mul(v128.load(p3), w3r), mul(v128.load(p3, 16), w3i));
      const i3 = sub(mul(v128.load(p3, 16), w3r), mul(v128.load(p3), w3i));
      const sumR = add(v128.load(p0), r2);
      const sumI = add(v128.load(p0, 16), i2);
      const differenceR = sub(v128.load(p0), r2);
      const differenceI = sub(v128.load(p0, 16), i2);
      const oddSumR = add(r1, r3);
      const oddSumI = add(i1, i3);
      const oddR = sub(r1, r3);
      const oddI = sub(i1, i3);
      v128.store(p0, add(sumR, oddSumR));
      v128.store(p0, add(sumI, oddSumI), 16);
      v128.store(p1, sub(differenceR, oddI));
      v128.store(p1, add(differenceI, oddR), 16);
      v128.store(p2, sub(sumR, oddSumR));
      v128.store(p2, sub(sumI, oddSumI), 16);
      v128.store(p3, add(differenceR, oddI));
      v128.store(p3, sub(differenceI, oddR), 16);
    }
    twiddles += 24;
  }
}

/** A transform of 8 in natural order at both ends; re and im are the places of the two parts. */
@inline
function ends(p: usize, re: usize, im: usize): void {
  const half = f32x4.splat(HALF_ROOT);
  const e0r = add(v128.load(p + re), v128.load(p + re + 128));
  const e0i = add(v128.load(p + im), v128.load(p + im + 128));
  const o0r = sub(v128.load(p + re), v128.load(p + re + 128));
  const o0i = sub(v128.load(p + im), v128.load(p + im + 128));
  const e1r = add(v128.load(p + re + 32), v128.load(p + re + 160));
  const e1i = add(v128.load(p + im + 32), v128.load(p + im + 160));
  const d1r = sub(v128.load(p + re + 32), v128.load(p + re + 160));
  const d1i = sub(v128.load(p + im + 32), v128.load(p + im + 160));
  const e2r = add(v128.load(p + re + 64), v128.load(p + re + 192));
  const e2i = add(v128.load(p + im + 64), v128.load(p + im + 192));
  // times −i
  const o2i = sub(v128.load(p + re + 192), v128.load(p + re + 64));
  const o2r = sub(v128.load(p + im + 64), v128.load(p + im + 192));
  const e3r = add(v128.load(p + re + 96), v128.load(p + re + 224));
  const e3i = add(v128.load(p + im + 96), v128.load(p + im + 224));
  const d3r = sub(v128.load(p + re + 96), v128.load(p + re + 224));
  const d3i = sub(v128.load(p + im + 96), v128.load(p + im + 224));
  fourth(p, re, im, e0r, e0i, e1r, e1i, e2r, e2i, e3r, e3i);
  // times exp(−iπ/4) and exp(−3iπ/4)
  const o1r = mul(half, add(d1r, d1i));
  const o1i = mul(half, sub(d1i, d1r));
  const o3r = mul(half, sub(d3i, d3r));
  const o3i = mul(f32x4.splat(-HALF_ROOT), add(d3r, d3i));
  fourth(p + 32, re, im, o0r, o0i, o1r, o1i, o2r, o2i, o3r, o3i);
}

/** Stores the transform of 4 values at every second place. */
@inline
function fourth(
  p: usize, re: usize, im: usize,
  r0: v128, i0: v128, r1: v128, i1: v128, r2: v128, i2: v128, r3: v128, i3: v128,
): void {
  const sumR = add(r0, r2);
  const sumI = add(i0, i2);
  const differenceR = sub(r0, r2);
  const differenceI = sub(i0, i2);
  const oddSumR = add(r1, r3);
  const oddSumI = add(i1, i3);
  const oddR = sub(r1, r3);
  const oddI = sub(i1, i3);
  v128.store(p + re, add(sumR, oddSumR));
  v128.store(p + im, add(sumI, oddSumI));
  v128.store(p + re + 64, add(differenceR, oddI));
  v128.store(p + im + 64, sub(differenceI, oddR));
  v128.store(p + re + 128, sub(sumR, oddSumR));
  v128.store(p + im + 128, sub(sumI, oddSumI));
  v128.store(p + re + 192, sub(differenceR, oddI));
  v128.store(p + im + 192, add(differenceI, oddR));
}

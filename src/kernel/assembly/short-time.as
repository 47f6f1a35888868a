// Short-time Fourier transforms with hop N/4, four frames at once. A real frame of N samples is a complex one of N/2,
// x[2n] + i·x[2n+1]; its spectrum is put together from bins k and N/2−k. Spectra: [bins][re, im][4].
import { forwardFft, inverseFft } from "./fft";
import { add, mul, storeTransposed, sub, windowToLanes } from "./lanes";

/** A transform's constants; written by the caller, fields of 4 bytes each. */
@unmanaged
export class Transform {
  /** N/2 */
  size: i32;
  bins: i32;
  /** Groups of four frames. */
  groups: i32;
  /** Frames of this transform a mel frame. */
  subFrames: i32;
  /** Half the window, [N]: the real transform's sums count twice. */
  window: usize;
  /** The window on the way back with all scales, [N]. */
  windowBack: usize;
  twiddles: usize;
  /** Where bin k of the complex transform lies, in bytes, [N/2] int32. */
  places: usize;
  /** −i·exp(−2πi·k/N), real and imaginary part, [N/4+1]. */
  turns: usize;
  /** Spectra of all groups. */
  spectra: usize;
  /** A group's frames, [N][4]. */
  work: usize;
}

/** A group's frames → spectra. @param signal the group's first sample */
export function forwardGroup(t: Transform, signal: usize, spectrum: usize): void {
  const size = t.size;
  const work = t.work;
  windowToLanes(signal, <usize>size << 1, t.window, size << 1, work);
  forwardFft(work, size, t.twiddles);
  const last = spectrum + (<usize>size << 5);
  const r = v128.load(work);
  const i = v128.load(work, 16);
  v128.store(spectrum, mul(f32x4.splat(2), add(r, i)));
  v128.store(spectrum, f32x4.splat(0), 16);
  v128.store(last, mul(f32x4.splat(2), sub(r, i)));
  v128.store(last, f32x4.splat(0), 16);
  let places = t.places;
  let mirrored = places + (<usize>size << 2);
  let turns = t.turns;
  let from = last;
  const middle = spectrum + (<usize>size << 4);
  while (spectrum < middle) {
    spectrum += 32;
    from -= 32;
    places += 4;
    mirrored -= 4;
    turns += 8;
    const a = work + load<i32>(places);
    const b = work + load<i32>(mirrored);
    const er = add(v128.load(a), v128.load(b));
    const ei = sub(v128.load(a, 16), v128.load(b, 16));
    const dr = sub(v128.load(a), v128.load(b));
    const di = add(v128.load(a, 16), v128.load(b, 16));
    const wr = v128.load32_splat(turns);
    const wi = v128.load32_splat(turns, 4);
    const or = sub(mul(dr, wr), mul(di, wi));
    const oi = add(mul(dr, wi), mul(di, wr));
    v128.store(spectrum, add(er, or));
    v128.store(spectrum, add(ei, oi), 16);
    v128.store(from, sub(er, or));
    v128.store(from, sub(oi, ei), 16);
  }
}

/**
 * A group's spectra times real gains → frames, windowed and added to a signal.
 *
 * @param gains [bins][4]
 * @param signal the group's first sample
 */
export function inverseGroup(t: Transform, spectrum: usize, gains: usize, signal: usize): void {
  const size = t.size;
  const work = t.work;
  let from = spectrum + (<usize>size << 5);
  let gainsFrom = gains + (<usize>size << 4);
  const first = mul(v128.load(spectrum), v128.load(gains));
  const last = mul(v128.load(from), v128.load(gainsFrom));
  v128.store(work, add(first, last));
  v128.store(work, sub(first, last), 16);
  let places = t.places;
  let mirrored = places + (<usize>size << 2);
  let turns = t.turns;
  const middle = spectrum + (<usize>size << 4);
  while (spectrum < middle) {
    spectrum += 32;
    from -= 32;
    gains += 16;
    gainsFrom -= 16;
    places += 4;
    mirrored -= 4;
    turns += 8;
    const gain = v128.load(gains);
    const gainFrom = v128.load(gainsFrom);
    const ar = mul(v128.load(spectrum), gain);
    const ai = mul(v128.load(spectrum, 16), gain);
    const br = mul(v128.load(from), gainFrom);
    const bi = mul(v128.load(from, 16), gainFrom);
    const er = add(ar, br);
    const ei = sub(ai, bi);
    const dr = sub(ar, br);
    const di = add(ai, bi);
    const wr = v128.load32_splat(turns);
    const wi = v128.load32_splat(turns, 4);
    const or = add(mul(dr, wr), mul(di, wi));
    const oi = sub(mul(di, wr), mul(dr, wi));
    const a = work + load<i32>(places);
    const b = work + load<i32>(mirrored);
    v128.store(b, sub(er, or));
    v128.store(b, sub(oi, ei), 16);
    v128.store(a, add(er, or));
    v128.store(a, add(ei, oi), 16);
  }
  inverseFft(work, size, t.twiddles);
  addFrames(work, t.windowBack, <usize>size << 1, signal);
}

/** Overlap-adds four frames of four hops each: seven hops of the signal. @param hop in bytes */
function addFrames(frames: usize, window: usize, hop: usize, signal: usize): void {
  const end = signal + hop;
  while (signal < end) {
    // the four hops of the frames, four samples each: transposed in place, then row l of hop m goes to hop l+m
    for (let m: usize = 0; m < 4; m++) {
      const p = frames + 4 * m * hop;
      const w = v128.load(window + m * hop);
      storeTransposed(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48), p, p + 16, p + 32, p + 48);
      v128.store(p, mul(w, v128.load(p)));
      v128.store(p, mul(w, v128.load(p, 16)), 16);
      v128.store(p, mul(w, v128.load(p, 32)), 32);
      v128.store(p, mul(w, v128.load(p, 48)), 48);
    }
    const q = 4 * hop;
    const a = frames;
    const b = a + q;
    const c = b + q;
    const d = c + q;
    let s = signal;
    v128.store(s, add(v128.load(s), v128.load(a)));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(a, 16), v128.load(b))));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(a, 32), add(v128.load(b, 16), v128.load(c)))));
    s += hop;
    v128.store(
      s,
      add(v128.load(s), add(add(v128.load(a, 48), v128.load(b, 32)), add(v128.load(c, 16), v128.load(d)))),
    );
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(b, 48), add(v128.load(c, 32), v128.load(d, 16)))));
    s += hop;
    v128.store(s, add(v128.load(s), add(v128.load(c, 48), v128.load(d, 32))));
    s += hop;
    v128.store(s, add(v128.load(s), v128.load(d, 48)));
    signal += 16;
    window += 16;
    frames += 64;
  }
}

/**
 * What training does to a band of rows while it is in the cache: activates a raw output, computes the gradient of a raw
 * output, masks gradients, and sums over channels. All take rows × channels numbers with a pitch, process channels up to
 * the next multiple of 8, and ignore what lies past the last channel.
 *
 * Most of the input is not in the cache, so they read memory in order: pixel by pixel, or four rows side by side, which
 * load the numbers of a channel once. Going down the columns of channels takes three times as long.
 */
import { fma } from "./generated/arithmetic";

/** Bytes of a vector of channels, rounded up to a multiple of 16 channels. */
// @ts-ignore: decorator
@inline
export function vectorBytes(channels: i32): usize { return <usize>((channels + 15) & ~15) * 4; }

/** With more channels, four rows of two tensors are more streams than the processor prefetches. */
const fewChannels: i32 = 32;

/** to = min(max(z, slope · z), high) with z = scale · from + shift. */
export function activate(from: usize, fromBytes: usize, to: usize, toBytes: usize, rows: i32, channels: i32, norm: usize, activation: usize): void {
  if (channels <= fewChannels) for (; rows >= 4; rows -= 4) {
    activateRows(true, from, fromBytes, to, toBytes, channels, norm, activation);
    from += 4 * fromBytes; to += 4 * toBytes;
  }
  for (; rows > 0; rows--) {
    activateRows(false, from, fromBytes, to, toBytes, channels, norm, activation);
    from += fromBytes; to += toBytes;
  }
}

/** Four rows, or one. */
// @ts-ignore: decorator
@inline
function activateRows(four: bool, x: usize, fromBytes: usize, y: usize, toBytes: usize, channels: i32, norm: usize, activation: usize): void {
  const slope = v128.load_splat<f32>(activation), high = v128.load_splat<f32>(activation, 4);
  const vector = vectorBytes(channels), end = norm + <usize>((channels + 7) & ~7) * 4;
  do {
    const a0 = v128.load(norm), a1 = v128.load(norm, 16), b0 = v128.load(norm + vector), b1 = v128.load(norm + vector, 16);
    activateEight(x, y, a0, a1, b0, b1, slope, high);
    if (four) {
      activateEight(x + fromBytes, y + toBytes, a0, a1, b0, b1, slope, high);
      activateEight(x + 2 * fromBytes, y + 2 * toBytes, a0, a1, b0, b1, slope, high);
      activateEight(x + 3 * fromBytes, y + 3 * toBytes, a0, a1, b0, b1, slope, high);
    }
    x += 32; y += 32; norm += 32;
  } while (norm != end);
}

// @ts-ignore: decorator
@inline
function activateEight(x: usize, y: usize, a0: v128, a1: v128, b0: v128, b1: v128, slope: v128, high: v128): void {
  const z0 = fma(v128.load(x), a0, b0), z1 = fma(v128.load(x, 16), a1, b1);
  const p0 = f32x4.pmin(f32x4.pmax(z0, f32x4.mul(slope, z0)), high), p1 = f32x4.pmin(f32x4.pmax(z1, f32x4.mul(slope, z1)), high);
  v128.store(y, p1, 16);
  v128.store(y, p0);
}

/** The gradient of a raw output: to = gradientFactor · g + rawFactor · raw + constant. */
export function rawGradient(g: usize, raw: usize, fromBytes: usize, to: usize, toBytes: usize, rows: i32, channels: i32, norm: usize): void {
  if (channels <= fewChannels) for (; rows >= 4; rows -= 4) {
    gradientRows(true, g, raw, fromBytes, to, toBytes, channels, norm);
    g += 4 * fromBytes; raw += 4 * fromBytes; to += 4 * toBytes;
  }
  for (; rows > 0; rows--) {
    gradientRows(false, g, raw, fromBytes, to, toBytes, channels, norm);
    g += fromBytes; raw += fromBytes; to += toBytes;
  }
}

/** Four rows, or one. */
// @ts-ignore: decorator
@inline
function gradientRows(four: bool, x: usize, y: usize, fromBytes: usize, o: usize, toBytes: usize, channels: i32, norm: usize): void {
  const vector = vectorBytes(channels);
  let p = norm + 4 * vector;
  const end = p + <usize>((channels + 7) & ~7) * 4;
  do {
    const q = p + vector, r = q + vector;
    const p0 = v128.load(p), p1 = v128.load(p, 16), q0 = v128.load(q), q1 = v128.load(q, 16), r0 = v128.load(r), r1 = v128.load(r, 16);
    gradientEight(x, y, o, p0, p1, q0, q1, r0, r1);
    if (four) {
      gradientEight(x + fromBytes, y + fromBytes, o + toBytes, p0, p1, q0, q1, r0, r1);
      gradientEight(x + 2 * fromBytes, y + 2 * fromBytes, o + 2 * toBytes, p0, p1, q0, q1, r0, r1);
      gradientEight(x + 3 * fromBytes, y + 3 * fromBytes, o + 3 * toBytes, p0, p1, q0, q1, r0, r1);
    }
    x += 32; y += 32; o += 32; p += 32;
  } while (p != end);
}

// @ts-ignore: decorator
@inline
function gradientEight(x: usize, y: usize, o: usize, p0: v128, p1: v128, q0: v128, q1: v128, r0: v128, r1: v128): void {
  const s0 = fma(v128.load(x), p0, fma(v128.load(y), q0, r0)), s1 = fma(v128.load(x, 16), p1, fma(v128.load(y, 16), q1, r1));
  v128.store(o, s1, 16);
  v128.store(o, s0);
}

/** Bytes of a block of rows whose sums are made in registers, and its least number of rows; longer blocks span too many pages. */
const blockBytes: i32 = 8192;
const leastRows: i32 = 16;

/**
 * Sums and sums of squares of a raw output, [2][vector], over all rows; overwrites what was there. Adds three rows at a
 * time, because each addition waits for the one before, and goes down the columns, because the caller has just written
 * the rows.
 */
export function statistics(raw: usize, rawBytes: usize, rows: i32, channels: i32, partials: usize): void {
  const vector = vectorBytes(channels), block = max(leastRows, blockBytes / <i32>rawBytes);
  memory.fill(partials, 0, 2 * vector);
  for (; rows > 0; rows -= block) {
    const count = min(rows, block);
    for (let c = 0; c < channels; c += 8) {
      let x = raw + <usize>c * 4, r = count;
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), t0 = f32x4.splat(0), t1 = f32x4.splat(0);
      let s2 = f32x4.splat(0), s3 = f32x4.splat(0), t2 = f32x4.splat(0), t3 = f32x4.splat(0);
      let s4 = f32x4.splat(0), s5 = f32x4.splat(0), t4 = f32x4.splat(0), t5 = f32x4.splat(0);
      for (; r >= 3; r -= 3) {
        const v0 = v128.load(x), v1 = v128.load(x, 16);
        s0 = f32x4.add(s0, v0); s1 = f32x4.add(s1, v1);
        t0 = fma(v0, v0, t0); t1 = fma(v1, v1, t1);
        x += rawBytes;
        const v2 = v128.load(x), v3 = v128.load(x, 16);
        s2 = f32x4.add(s2, v2); s3 = f32x4.add(s3, v3);
        t2 = fma(v2, v2, t2); t3 = fma(v3, v3, t3);
        x += rawBytes;
        const v4 = v128.load(x), v5 = v128.load(x, 16);
        s4 = f32x4.add(s4, v4); s5 = f32x4.add(s5, v5);
        t4 = fma(v4, v4, t4); t5 = fma(v5, v5, t5);
        x += rawBytes;
      }
      s0 = f32x4.add(f32x4.add(s0, s2), s4); s1 = f32x4.add(f32x4.add(s1, s3), s5);
      t0 = f32x4.add(f32x4.add(t0, t2), t4); t1 = f32x4.add(f32x4.add(t1, t3), t5);
      for (; r > 0; r--) {
        const v0 = v128.load(x), v1 = v128.load(x, 16);
        s0 = f32x4.add(s0, v0); s1 = f32x4.add(s1, v1);
        t0 = fma(v0, v0, t0); t1 = fma(v1, v1, t1);
        x += rawBytes;
      }
      addTo(partials + <usize>c * 4, s0, s1);
      addTo(partials + vector + <usize>c * 4, t0, t1);
    }
    raw += rawBytes * block;
  }
}

/**
 * Multiplies g in place by the activation's derivative at z = scale · raw + shift, and writes its sums Σ g and Σ g · x̂
 * with x̂ = (raw − mean) / deviation, [2][vector]; overwrites what was there.
 */
export function mask(g: usize, raw: usize, pitchBytes: usize, rows: i32, channels: i32, norm: usize, activation: usize, partials: usize): void {
  const vector = vectorBytes(channels), products = partials + vector;
  memory.fill(partials, 0, 2 * vector);
  for (; rows >= 4; rows -= 4) {
    maskRows(true, g, raw, pitchBytes, channels, norm, activation, partials);
    g += 4 * pitchBytes; raw += 4 * pitchBytes;
  }
  for (; rows > 0; rows--) {
    maskRows(false, g, raw, pitchBytes, channels, norm, activation, partials);
    g += pitchBytes; raw += pitchBytes;
  }
  // So far the second sums are of g · (raw − mean).
  for (let c = 0; c < channels; c += 8) {
    const i = norm + 3 * vector + <usize>c * 4, to = products + <usize>c * 4;
    const t0 = f32x4.mul(v128.load(to), v128.load(i)), t1 = f32x4.mul(v128.load(to, 16), v128.load(i, 16));
    v128.store(to, t1, 16);
    v128.store(to, t0);
  }
}

/** Four rows, or one. */
// @ts-ignore: decorator
@inline
function maskRows(four: bool, g: usize, raw: usize, pitchBytes: usize, channels: i32, norm: usize, activation: usize, partials: usize): void {
  const slope = v128.load_splat<f32>(activation), high = v128.load_splat<f32>(activation, 4);
  const vector = vectorBytes(channels), end = norm + <usize>((channels + 7) & ~7) * 4;
  do {
    const a0 = v128.load(norm), a1 = v128.load(norm, 16), b0 = v128.load(norm + vector), b1 = v128.load(norm + vector, 16);
    const m0 = v128.load(norm + 2 * vector), m1 = v128.load(norm + 2 * vector, 16);
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), t0 = f32x4.splat(0), t1 = f32x4.splat(0);
    let x = raw, o = g;
    const v0 = v128.load(x), v1 = v128.load(x, 16);
    const d0 = masked(v128.load(o), fma(v0, a0, b0), slope, high), d1 = masked(v128.load(o, 16), fma(v1, a1, b1), slope, high);
    s0 = f32x4.add(s0, d0); s1 = f32x4.add(s1, d1);
    t0 = fma(d0, f32x4.sub(v0, m0), t0); t1 = fma(d1, f32x4.sub(v1, m1), t1);
    v128.store(o, d1, 16);
    v128.store(o, d0);
    if (four) {
      x += pitchBytes; o += pitchBytes;
      const v2 = v128.load(x), v3 = v128.load(x, 16);
      const d2 = masked(v128.load(o), fma(v2, a0, b0), slope, high), d3 = masked(v128.load(o, 16), fma(v3, a1, b1), slope, high);
      s0 = f32x4.add(s0, d2); s1 = f32x4.add(s1, d3);
      t0 = fma(d2, f32x4.sub(v2, m0), t0); t1 = fma(d3, f32x4.sub(v3, m1), t1);
      v128.store(o, d3, 16);
      v128.store(o, d2);
      x += pitchBytes; o += pitchBytes;
      const v4 = v128.load(x), v5 = v128.load(x, 16);
      const d4 = masked(v128.load(o), fma(v4, a0, b0), slope, high), d5 = masked(v128.load(o, 16), fma(v5, a1, b1), slope, high);
      s0 = f32x4.add(s0, d4); s1 = f32x4.add(s1, d5);
      t0 = fma(d4, f32x4.sub(v4, m0), t0); t1 = fma(d5, f32x4.sub(v5, m1), t1);
      v128.store(o, d5, 16);
      v128.store(o, d4);
      x += pitchBytes; o += pitchBytes;
      const v6 = v128.load(x), v7 = v128.load(x, 16);
      const d6 = masked(v128.load(o), fma(v6, a0, b0), slope, high), d7 = masked(v128.load(o, 16), fma(v7, a1, b1), slope, high);
      s0 = f32x4.add(s0, d6); s1 = f32x4.add(s1, d7);
      t0 = fma(d6, f32x4.sub(v6, m0), t0); t1 = fma(d7, f32x4.sub(v7, m1), t1);
      v128.store(o, d7, 16);
      v128.store(o, d6);
    }
    addTo(partials, s0, s1);
    addTo(partials + vector, t0, t1);
    g += 32; raw += 32; norm += 32; partials += 32;
  } while (norm != end);
}

/** g times the derivative of the activation at z. */
// @ts-ignore: decorator
@inline
function masked(g: v128, z: v128, slope: v128, high: v128): v128 {
  return v128.and(v128.bitselect(g, f32x4.mul(g, slope), f32x4.gt(z, f32x4.splat(0))), f32x4.lt(z, high));
}

// @ts-ignore: decorator
@inline
function addTo(to: usize, a: v128, b: v128): void {
  const s = f32x4.add(v128.load(to), a), t = f32x4.add(v128.load(to, 16), b);
  v128.store(to, t, 16);
  v128.store(to, s);
}

/**
 * The losses and their gradients, four classes at a time; threads divide the pictures. Rows are padded to whole vectors;
 * lanes past the classes are masked.
 */
import { exponential } from "./softmax";
import { shareStart } from "./team";

export function crossEntropy(
  thread: i32, threads: i32, pictures: i32, input: usize, targets: usize, factors: usize, gradient: usize, losses: usize,
  classes: i32, pitch: i32, adds: i32,
): void {
  const weight = load<f32>(factors), temperature = load<f32>(factors, 4);
  const inverse = f32x4.splat(1 / temperature), factor = f32x4.splat(weight / temperature);
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const row = <usize>(picture * pitch) * 4, logits = input + row, wanted = targets + row, to = gradient + row;
    let most = f32x4.splat(-Infinity), targetSums = f32x4.splat(0);
    for (let k = 0; k < classes; k += 4) {
      const held = lanesOf(k, classes);
      most = f32x4.max(most, v128.bitselect(v128.load(logits + <usize>k * 4), f32x4.splat(-Infinity), held));
      targetSums = f32x4.add(targetSums, v128.and(v128.load(wanted + <usize>k * 4), held));
    }
    const largest = f32x4.splat(max(
      max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    ));
    let sums = f32x4.splat(0);
    for (let k = 0; k < classes; k += 4) {
      const exponent = f32x4.mul(f32x4.sub(v128.load(logits + <usize>k * 4), largest), inverse);
      sums = f32x4.add(sums, v128.and(exponential(exponent), lanesOf(k, classes)));
    }
    const sum = sumOf(sums), log = f32x4.splat(<f32>logarithm(<f64>sum));
    const share = f32x4.splat(sumOf(targetSums) / sum);
    let loss = f32x4.splat(0);
    for (let k = 0; k < classes; k += 4) {
      const held = lanesOf(k, classes), o = to + <usize>k * 4;
      const target = v128.load(wanted + <usize>k * 4);
      const exponent = f32x4.mul(f32x4.sub(v128.load(logits + <usize>k * 4), largest), inverse);
      loss = f32x4.add(loss, v128.and(f32x4.mul(target, f32x4.sub(log, exponent)), held));
      const own = f32x4.mul(factor, f32x4.sub(f32x4.mul(share, exponential(exponent)), target));
      v128.store(o, v128.and(adds ? f32x4.add(v128.load(o), own) : own, held));
    }
    finish(losses + <usize>picture * 4, weight * sumOf(loss), adds, to, classes, pitch);
  }
}

export function squaredError(
  thread: i32, threads: i32, pictures: i32, input: usize, targets: usize, factors: usize, gradient: usize, losses: usize,
  classes: i32, pitch: i32, adds: i32,
): void {
  const weight = load<f32>(factors), factor = f32x4.splat(2 * weight);
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const row = <usize>(picture * pitch) * 4, to = gradient + row;
    let loss = f32x4.splat(0);
    for (let k = 0; k < classes; k += 4) {
      const at = row + <usize>k * 4, o = gradient + at;
      const held = lanesOf(k, classes);
      const difference = v128.and(f32x4.sub(v128.load(input + at), v128.load(targets + at)), held);
      loss = f32x4.add(loss, f32x4.mul(difference, difference));
      const own = f32x4.mul(factor, difference);
      v128.store(o, adds ? v128.and(f32x4.add(v128.load(o), own), held) : own);
    }
    finish(losses + <usize>picture * 4, weight * sumOf(loss), adds, to, classes, pitch);
  }
}

/** Writes the loss of a picture, and zeros after the last vector of its gradient. */
function finish(to: usize, loss: f32, adds: i32, gradient: usize, classes: i32, pitch: i32): void {
  store<f32>(to, adds ? load<f32>(to) + loss : loss);
  for (let k = (classes + 3) & ~3; k < pitch; k++) store<f32>(gradient + <usize>k * 4, 0);
}

/** A mask of the lanes of classes `k` to `k` + 3 that exist. */
// @ts-ignore: decorator
@inline
function lanesOf(k: i32, classes: i32): v128 { return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(classes - k)); }

// @ts-ignore: decorator
@inline
function sumOf(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/**
 * The natural logarithm of a number of at least 1: the exponent times ln 2, and for the mantissa m in √½…√2 the series of
 * 2 · artanh((m − 1) / (m + 1)) to the fifteenth power (error below 1e-13). NaN and infinity are returned unchanged.
 */
function logarithm(x: f64): f64 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<i64>(x);
  let exponent = <f64>((bits >> 52) - 1023), m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) { m *= 0.5; exponent += 1; }
  const s = (m - 1) / (m + 1), t = s * s;
  let series: f64 = 0;
  for (let k = 15; k > 0; k -= 2) series = series * t + 1 / <f64>k;
  return exponent * 0.6931471805599453 + 2 * s * series;
}

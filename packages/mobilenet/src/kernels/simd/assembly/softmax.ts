/** Softmax over the classes of each picture. Rows are padded to whole vectors; what lies past the classes is ignored. */
import { fma } from "./generated/arithmetic";
import { shareStart } from "./team";

export function softmax(thread: i32, threads: i32, pictures: i32, input: usize, output: usize, classes: i32, inputPitch: i32, outputPitch: i32): void {
  const whole = classes & ~3;
  const first = shareStart(pictures, thread, threads), last = shareStart(pictures, thread + 1, threads);
  input += <usize>(first * inputPitch) * 4;
  output += <usize>(first * outputPitch) * 4;
  for (let picture = first; picture < last; picture++) {
    let most = f32x4.splat(-Infinity);
    for (let k = 0; k < whole; k += 4) most = f32x4.max(most, v128.load(input + <usize>k * 4));
    let largest = max(max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)), max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)));
    for (let k = whole; k < classes; k++) largest = max(largest, load<f32>(input + <usize>k * 4));

    const shift = f32x4.splat(largest);
    let sums = f32x4.splat(0);
    for (let k = 0; k < whole; k += 4) {
      const e = exponential(f32x4.sub(v128.load(input + <usize>k * 4), shift));
      v128.store(output + <usize>k * 4, e);
      sums = f32x4.add(sums, e);
    }
    let sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3);
    for (let k = whole; k < classes; k++) {
      const e = f32x4.extract_lane(exponential(f32x4.splat(load<f32>(input + <usize>k * 4) - largest)), 0);
      store<f32>(output + <usize>k * 4, e);
      sum += e;
    }

    const share: f32 = 1 / sum, shares = f32x4.splat(share);
    for (let k = 0; k < whole; k += 4) v128.store(output + <usize>k * 4, f32x4.mul(v128.load(output + <usize>k * 4), shares));
    for (let k = whole; k < classes; k++) store<f32>(output + <usize>k * 4, load<f32>(output + <usize>k * 4) * share);
    input += <usize>inputPitch * 4;
    output += <usize>outputPitch * 4;
  }
}

/**
 * e^x for x ≤ 0: x = n·ln 2 + r with |r| ≤ ln 2 / 2 (ln 2 in two parts, so that r is exact), the power series of r to the
 * sixth power (error about 1e-7), and n added to the exponent's bits. Below −87 the result is practically 0.
 */
export function exponential(x: v128): v128 {
  x = f32x4.max(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = fma(n, f32x4.splat(-0.693359375), x);
  r = fma(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.0 / 720);
  p = fma(p, r, f32x4.splat(1.0 / 120));
  p = fma(p, r, f32x4.splat(1.0 / 24));
  p = fma(p, r, f32x4.splat(1.0 / 6));
  p = fma(p, r, f32x4.splat(0.5));
  p = fma(p, r, f32x4.splat(1));
  p = fma(p, r, f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23));
}

/** The sigmoid of each number, scaled and shifted, four at a time; a picture's row is padded to whole vectors. */
import { shareStart } from "./team";
import { exponential } from "./softmax";

export function sigmoid(
  thread: i32, threads: i32, pictures: i32, input: usize, factors: usize, output: usize,
  channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const a = v128.load_splat<f32>(factors), b = v128.load_splat<f32>(factors, 4), c0 = v128.load_splat<f32>(factors, 8);
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const from = input + <usize>(picture * inputPitch) * 4, to = output + <usize>(picture * outputPitch) * 4;
    for (let c = 0; c < channels; c += 4) {
      const x = f32x4.mul(v128.load(from + <usize>c * 4), a);
      // e^−|x| never overflows: σ(x) is 1 / (1 + e), or e / (1 + e) below 0.
      const e = exponential(f32x4.neg(f32x4.abs(x)));
      const above = v128.bitselect(e, one, f32x4.lt(x, zero));
      v128.store(to + <usize>c * 4, f32x4.add(f32x4.mul(f32x4.div(above, f32x4.add(one, e)), b), c0));
    }
  }
}

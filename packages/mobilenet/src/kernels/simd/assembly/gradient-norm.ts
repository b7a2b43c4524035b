/**
 * Sums of squares of gradients, slice by slice: 512 numbers at a time in float32, in 32 parallel sums, which are then
 * added in float64. Threads divide the slices.
 */
import { fma } from "./generated/arithmetic";
import { shareStart } from "./team";

const runBytes: usize = 2048;

export function gradientNorm(thread: i32, threads: i32, pictures: i32, gradients: usize, sums: usize, length: i32, slices: i32): void {
  const last = shareStart(slices, thread + 1, threads);
  for (let slice = shareStart(slices, thread, threads); slice < last; slice++) {
    const end = gradients + <usize>shareStart(length >> 4, slice + 1, slices) * 64;
    let p = gradients + <usize>shareStart(length >> 4, slice, slices) * 64;
    let sum: f64 = 0;
    while (p < end) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      let s4 = f32x4.splat(0), s5 = f32x4.splat(0), s6 = f32x4.splat(0), s7 = f32x4.splat(0);
      const runEnd = min(end, p + runBytes);
      for (; p + 128 <= runEnd; p += 128) {
        const g0 = v128.load(p), g1 = v128.load(p, 16), g2 = v128.load(p, 32), g3 = v128.load(p, 48);
        const g4 = v128.load(p, 64), g5 = v128.load(p, 80), g6 = v128.load(p, 96), g7 = v128.load(p, 112);
        s0 = fma(g0, g0, s0); s1 = fma(g1, g1, s1); s2 = fma(g2, g2, s2); s3 = fma(g3, g3, s3);
        s4 = fma(g4, g4, s4); s5 = fma(g5, g5, s5); s6 = fma(g6, g6, s6); s7 = fma(g7, g7, s7);
      }
      if (p < runEnd) {
        const g0 = v128.load(p), g1 = v128.load(p, 16), g2 = v128.load(p, 32), g3 = v128.load(p, 48);
        s0 = fma(g0, g0, s0); s1 = fma(g1, g1, s1); s2 = fma(g2, g2, s2); s3 = fma(g3, g3, s3);
        p += 64;
      }
      s0 = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7)));
      sum += <f64>f32x4.extract_lane(s0, 0) + <f64>f32x4.extract_lane(s0, 1) + <f64>f32x4.extract_lane(s0, 2) + <f64>f32x4.extract_lane(s0, 3);
    }
    store<f32>(sums + <usize>slice * 4, <f32>sum);
  }
}

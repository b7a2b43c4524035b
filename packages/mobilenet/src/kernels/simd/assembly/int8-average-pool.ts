/** Global average pooling in integers: eight channels at a time, over all pixels. */
import { shareStart } from "./team";

export function int8AveragePool(
  thread: i32, threads: i32, pictures: i32, input: usize, rescale: usize, bounds: usize, output: usize,
  rows: i32, channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const inputBytes = <usize>inputPitch * 2;
  const groups = (channels + 7) >> 3;
  const first = shareStart(groups, thread, threads) << 4, last = shareStart(groups, thread + 1, threads) << 4;
  for (let picture = 0; picture < pictures; picture++) {
    for (let c = first; c < last; c += 16) {
      let a = i32x4.splat(0), b = i32x4.splat(0), p = input + <usize>c;
      for (let r = 0; r < rows; r++) {
        a = i32x4.add(a, v128.load_ext<i16>(p));
        b = i32x4.add(b, v128.load_ext<i16>(p, 8));
        p += inputBytes;
      }
      v128.store(output + <usize>c, i16x8.narrow_i32x4_s(mean(a, rows, rescale, bounds), mean(b, rows, rescale, bounds)));
    }
    input += inputBytes * rows;
    output += <usize>outputPitch * 2;
  }
}

function mean(sums: v128, rows: i32, rescale: usize, bounds: usize): v128 {
  const product = f32x4.mul(f32x4.convert_i32x4_s(sums), v128.load_splat<f32>(rescale));
  const x = f32x4.div(product, f32x4.splat(<f32>rows));
  const within = f32x4.pmin(f32x4.pmax(v128.load_splat<f32>(bounds), x), v128.load_splat<f32>(bounds, 4));
  return i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(within, v128.load_splat<f32>(rescale, 4))));
}

/** Words to floats, four at a time. */
import { shareStart } from "./team";

export function dequantize(
  thread: i32, threads: i32, pictures: i32, input: usize, scale: usize, output: usize,
  channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const scales = v128.load_splat<f32>(scale);
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const from = input + <usize>(picture * inputPitch) * 2, to = output + <usize>(picture * outputPitch) * 4;
    for (let c = 0; c < channels; c += 4)
      v128.store(to + <usize>c * 4, f32x4.mul(f32x4.convert_i32x4_s(v128.load_ext<i16>(from + <usize>c * 2)), scales));
  }
}

/** Leaky ReLU in place, four channels at a time; the padding of pixels may change too. */
import { shareStart } from "./team";

export function leakyRelu(thread: i32, threads: i32, pictures: i32, values: usize, slope: usize, rows: i32, channels: i32, pitch: i32): void {
  const s = v128.load_splat<f32>(slope), zero = f32x4.splat(0);
  const last = shareStart(pictures * rows, thread + 1, threads);
  for (let r = shareStart(pictures * rows, thread, threads); r < last; r++) {
    for (let c = 0; c < channels; c += 4) {
      const p = values + <usize>(r * pitch + c) * 4, x = v128.load(p);
      v128.store(p, v128.bitselect(x, f32x4.mul(x, s), f32x4.gt(x, zero)));
    }
  }
}

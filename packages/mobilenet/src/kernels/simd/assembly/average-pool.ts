/** Global average pooling: eight channels at a time, over all pixels. */
import { shareStart } from "./team";

export function averagePool(thread: i32, threads: i32, pictures: i32, input: usize, output: usize, rows: i32, channels: i32, inputPitch: i32, outputPitch: i32): void {
  const share = f32x4.splat(1.0 / <f32>rows);
  const inputBytes = <usize>inputPitch * 4;
  const groups = (channels + 7) >> 3;
  const first = shareStart(groups, thread, threads) << 3, last = shareStart(groups, thread + 1, threads) << 3;
  for (let picture = 0; picture < pictures; picture++) {
    for (let c = first; c < last; c += 8) {
      let a = f32x4.splat(0), b = f32x4.splat(0), p = input + <usize>c * 4;
      for (let r = 0; r < rows; r++) {
        a = f32x4.add(a, v128.load(p));
        b = f32x4.add(b, v128.load(p, 16));
        p += inputBytes;
      }
      const o = output + <usize>c * 4;
      v128.store(o, f32x4.mul(a, share));
      v128.store(o, f32x4.mul(b, share), 16);
    }
    input += inputBytes * rows;
    output += <usize>outputPitch * 4;
  }
}

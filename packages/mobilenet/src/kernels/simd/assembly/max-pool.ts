/** Global max pooling: eight channels at a time, over all pixels. */
import { shareStart } from "./team";

export function maxPool(thread: i32, threads: i32, pictures: i32, input: usize, output: usize, rows: i32, channels: i32, inputPitch: i32, outputPitch: i32): void {
  const inputBytes = <usize>inputPitch * 4;
  const groups = (channels + 7) >> 3;
  const first = shareStart(groups, thread, threads) << 3, last = shareStart(groups, thread + 1, threads) << 3;
  for (let picture = 0; picture < pictures; picture++) {
    for (let c = first; c < last; c += 8) {
      let p = input + <usize>c * 4, a = v128.load(p), b = v128.load(p, 16);
      for (let r = 1; r < rows; r++) {
        p += inputBytes;
        a = f32x4.pmax(a, v128.load(p));
        b = f32x4.pmax(b, v128.load(p, 16));
      }
      const o = output + <usize>c * 4;
      v128.store(o, a);
      v128.store(o, b, 16);
    }
    input += inputBytes * rows;
    output += <usize>outputPitch * 4;
  }
}

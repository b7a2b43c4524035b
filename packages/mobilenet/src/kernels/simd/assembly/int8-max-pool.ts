/** Global max pooling of words: eight channels at a time, over all pixels. */
import { shareStart } from "./team";

export function int8MaxPool(
  thread: i32, threads: i32, pictures: i32, input: usize, output: usize,
  rows: i32, channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const inputBytes = <usize>inputPitch * 2;
  const groups = (channels + 7) >> 3;
  const first = shareStart(groups, thread, threads) << 4, last = shareStart(groups, thread + 1, threads) << 4;
  for (let picture = 0; picture < pictures; picture++) {
    for (let c = first; c < last; c += 16) {
      let p = input + <usize>c, most = v128.load(p);
      for (let r = 1; r < rows; r++) {
        p += inputBytes;
        most = i16x8.max_s(most, v128.load(p));
      }
      v128.store(output + <usize>c, most);
    }
    input += inputBytes * rows;
    output += <usize>outputPitch * 2;
  }
}

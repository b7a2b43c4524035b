/** A table's word for each word. */
import { shareStart } from "./team";

export function int8Lookup(
  thread: i32, threads: i32, pictures: i32, input: usize, table: usize, output: usize,
  rows: i32, channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const last = shareStart(pictures * rows, thread + 1, threads);
  for (let row = shareStart(pictures * rows, thread, threads); row < last; row++) {
    const from = input + <usize>(row * inputPitch) * 2, to = output + <usize>(row * outputPitch) * 2;
    for (let c = 0; c < channels; c++)
      store<i16>(to + <usize>c * 2, load<i16>(table + <usize>(load<i16>(from + <usize>c * 2) + 256) * 2));
  }
}

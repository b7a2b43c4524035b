/** A table's word for each word. */
import { shareStart } from "./team";

export function int8Lookup(
  thread: i32, threads: i32, pictures: i32, input: usize, table: usize, output: usize,
  channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const from = input + <usize>(picture * inputPitch) * 2, to = output + <usize>(picture * outputPitch) * 2;
    for (let c = 0; c < channels; c++)
      store<i16>(to + <usize>c * 2, load<i16>(table + <usize>(load<i16>(from + <usize>c * 2) + 256) * 2));
  }
}

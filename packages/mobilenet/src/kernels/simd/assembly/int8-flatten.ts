/** Pixels of words as one row. Eight words at a time, but never past a pixel's last: what follows may be another thread's. */
import { shareStart } from "./team";

export function int8Flatten(
  thread: i32, threads: i32, pictures: i32, input: usize, output: usize,
  rows: i32, channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const whole = channels & ~7;
  const last = shareStart(pictures * rows, thread + 1, threads);
  for (let i = shareStart(pictures * rows, thread, threads); i < last; i++) {
    const from = input + <usize>(i * inputPitch) * 2;
    const to = output + <usize>((i / rows) * outputPitch + (i % rows) * channels) * 2;
    for (let c = 0; c < whole; c += 8) v128.store(to + <usize>c * 2, v128.load(from + <usize>c * 2));
    for (let c = whole; c < channels; c++) store<i16>(to + <usize>c * 2, load<i16>(from + <usize>c * 2));
  }
}

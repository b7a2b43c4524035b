/** Pixels as one row. Four numbers at a time, but never past a pixel's last: what follows may be another thread's. */
import { shareStart } from "./team";

export function flatten(thread: i32, threads: i32, pictures: i32, input: usize, output: usize, rows: i32, channels: i32, inputPitch: i32, outputPitch: i32): void {
  const whole = channels & ~3;
  const last = shareStart(pictures * rows, thread + 1, threads);
  for (let i = shareStart(pictures * rows, thread, threads); i < last; i++) {
    const from = input + <usize>(i * inputPitch) * 4;
    const to = output + <usize>((i / rows) * outputPitch + (i % rows) * channels) * 4;
    for (let c = 0; c < whole; c += 4) v128.store(to + <usize>c * 4, v128.load(from + <usize>c * 4));
    for (let c = whole; c < channels; c++) store<f32>(to + <usize>c * 4, load<f32>(from + <usize>c * 4));
  }
}

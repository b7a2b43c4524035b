/** Sums the slices of gradients, and transposes weights for the backward pass. */
import { shareStart } from "./team";

export function sumSlices(
  thread: i32, threads: i32, pictures: i32, weightSlices: usize, weightGradient: usize, length: i32, slices: i32,
): void {
  const blocks = (length + 15) >> 4, sliceBytes = <usize>length * 4;
  const end = min(length, shareStart(blocks, thread + 1, threads) << 4);
  let i = shareStart(blocks, thread, threads) << 4;
  for (; i + 16 <= end; i += 16) {
    const to = weightGradient + <usize>i * 4;
    let from = weightSlices + <usize>i * 4;
    let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
    for (let s = 0; s < slices; s++) {
      s0 = f32x4.add(s0, v128.load(from)); s1 = f32x4.add(s1, v128.load(from, 16));
      s2 = f32x4.add(s2, v128.load(from, 32)); s3 = f32x4.add(s3, v128.load(from, 48));
      from += sliceBytes;
    }
    v128.store(to, s3, 48); v128.store(to, s2, 32);
    v128.store(to, s1, 16); v128.store(to, s0);
  }
  for (; i < end; i++) {
    const to = weightGradient + <usize>i * 4;
    let from = weightSlices + <usize>i * 4, sum = load<f32>(to);
    for (let s = 0; s < slices; s++) {
      sum += load<f32>(from);
      from += sliceBytes;
    }
    store<f32>(to, sum);
  }
}

export function transpose(
  thread: i32, threads: i32, pictures: i32, weights: usize, transposed: usize, inputChannels: i32, outputChannels: i32,
): void {
  const panels = (inputChannels + 15) >> 4, fromPanel = <usize>inputChannels * 64, toPanel = <usize>outputChannels * 64;
  for (let p = shareStart(panels, thread, threads), last = shareStart(panels, thread + 1, threads); p < last; p++) {
    const height = min(16, inputChannels - (p << 4));
    for (let o = 0; o < outputChannels; o += 16) {
      const width = min(16, outputChannels - o);
      const from = weights + fromPanel * (o >> 4) + <usize>(p << 10), to = transposed + toPanel * p + <usize>o * 64;
      if (width == 16 && height == 16) {
        for (let i: usize = 0; i < 16; i += 4)
          for (let j: usize = 0; j < 16; j += 4) transpose4(from + i * 64 + j * 4, to + j * 64 + i * 4);
      } else {
        for (let j = 0; j < width; j++)
          for (let i = 0; i < 16; i++)
            store<f32>(to + <usize>(j * 64 + i * 4), i < height ? load<f32>(from + <usize>(i * 64 + j * 4)) : 0);
      }
    }
  }
}

/** Transposes four rows of four numbers, 64 bytes apart. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, to: usize): void {
  const a = v128.load(from), b = v128.load(from, 64), c = v128.load(from, 128), d = v128.load(from, 192);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab0, cd0, 0, 2));
  v128.store(to, v128.shuffle<f64>(ab0, cd0, 1, 3), 64);
  v128.store(to, v128.shuffle<f64>(ab1, cd1, 0, 2), 128);
  v128.store(to, v128.shuffle<f64>(ab1, cd1, 1, 3), 192);
}

/** Global average pooling of an activated input, forward and backward. */
import { mask, vectorBytes } from "./bands";
import { fma } from "./generated/arithmetic";
import { shareStart } from "./team";

/** Eight channels at a time, over all pixels; threads divide the channels of all pictures. */
export function trainAveragePool(
  thread: i32, threads: i32, pictures: i32, input: usize, inputNorm: usize, activation: usize, output: usize,
  rows: i32, channels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const share = f32x4.splat(1.0 / <f32>rows), vector = vectorBytes(channels);
  const slope = v128.load_splat<f32>(activation), high = v128.load_splat<f32>(activation, 4);
  const inputBytes = <usize>inputPitch * 4;
  const groups = (channels + 7) >> 3, last = shareStart(pictures * groups, thread + 1, threads);
  for (let i = shareStart(pictures * groups, thread, threads); i < last; i++) {
    const picture = i / groups, at = <usize>(i - picture * groups) * 32;
    const a0 = v128.load(inputNorm + at), a1 = v128.load(inputNorm + at, 16);
    const b0 = v128.load(inputNorm + vector + at), b1 = v128.load(inputNorm + vector + at, 16);
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), x = input + inputBytes * (picture * rows) + at;
    for (let r = 0; r < rows; r++) {
      const z0 = fma(v128.load(x), a0, b0), z1 = fma(v128.load(x, 16), a1, b1);
      s0 = f32x4.add(s0, f32x4.pmin(f32x4.pmax(z0, f32x4.mul(slope, z0)), high));
      s1 = f32x4.add(s1, f32x4.pmin(f32x4.pmax(z1, f32x4.mul(slope, z1)), high));
      x += inputBytes;
    }
    const o = output + <usize>(picture * outputPitch) * 4 + at;
    s0 = f32x4.mul(s0, share); s1 = f32x4.mul(s1, share);
    v128.store(o, s1, 16);
    v128.store(o, s0);
  }
}

/** Band by band: each pixel's share of the gradient, then the mask and its sums while the band is in the cache. */
export function averagePoolBackward(
  thread: i32, threads: i32, pictures: i32, gradient: usize, input: usize, inputNorm: usize, activation: usize,
  inputGradient: usize, partials: usize, rows: i32, channels: i32, gradientPitch: i32, inputPitch: i32, bandRows: i32,
): void {
  const share = f32x4.splat(1.0 / <f32>rows), pitchBytes = <usize>inputPitch * 4;
  const all = pictures * rows, bands = (all + bandRows - 1) / bandRows;
  const last = shareStart(bands, thread + 1, threads);
  for (let band = shareStart(bands, thread, threads); band < last; band++) {
    const first = band * bandRows, end = min(all, first + bandRows);
    for (let r = first; r < end; r++) {
      let from = gradient + <usize>(r / rows * gradientPitch) * 4, to = inputGradient + pitchBytes * r;
      for (let c = 0; c < channels; c += 8) {
        const g0 = f32x4.mul(v128.load(from), share), g1 = f32x4.mul(v128.load(from, 16), share);
        v128.store(to, g1, 16);
        v128.store(to, g0);
        from += 32; to += 32;
      }
    }
    mask(inputGradient + pitchBytes * first, input + pitchBytes * first, pitchBytes, end - first, channels, inputNorm, activation, partials + vectorBytes(channels) * (2 * band));
  }
}

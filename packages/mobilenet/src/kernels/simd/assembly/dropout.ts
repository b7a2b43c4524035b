/** Dropout in place, four channels at a time, with the same hashes as reference/dropout.ts, bit for bit. */
import { shareStart } from "./team";

export function dropout(thread: i32, threads: i32, pictures: i32, values: usize, settings: usize, keep: usize, channels: i32, pitch: i32): void {
  const seed = i32x4.splat(load<i32>(settings)), share = v128.load_splat<f32>(keep);
  const factor = f32x4.div(f32x4.splat(1), share);
  const last = shareStart(pictures, thread + 1, threads);
  for (let picture = shareStart(pictures, thread, threads); picture < last; picture++) {
    const ofPicture = mixed(v128.xor(mixed(v128.xor(seed, i32x4.splat(0x9e3779b9))), i32x4.splat(load<i32>(settings, 4) + picture)));
    for (let c = 0; c < channels; c += 4) {
      const channel = i32x4.add(i32x4.splat(c), i32x4(0, 1, 2, 3));
      const bits = i32x4.shr_u(mixed(v128.xor(ofPicture, channel)), 8);
      const chance = f32x4.mul(f32x4.convert_i32x4_u(bits), f32x4.splat(1.0 / 16777216));
      const p = values + <usize>(picture * pitch + c) * 4;
      v128.store(p, f32x4.mul(v128.load(p), v128.and(factor, f32x4.lt(chance, share))));
    }
  }
}

// @ts-ignore: decorator
@inline
function mixed(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/**
 * From sums to words, four at a time: times the multipliers, within the bounds, rounded to the nearest, halves to even.
 * 1.5 · 2^23 is added for that: the whole number then stands in the lowest bits of the float, above those of 1.5 · 2^23
 * itself, which are taken away as an integer. It is loaded with the bounds: as a literal V8 would build it anew at every
 * use.
 *
 * Multiplying by 31 bits in 64-bit integers was measured, as TensorFlow Lite's own kernels do it: at 128 bits a pointwise
 * layer of 32 input channels takes half as long again, one of 512 a twentieth more, and the 256-bit pass joins nothing
 * of such a tile.
 */
// @ts-ignore: decorator
@inline
export function requantize(sums: v128, multipliers: v128, low: v128, high: v128, rounding: v128): v128 {
  return rounded(f32x4.mul(sums, multipliers), low, high, rounding);
}

/** In fixed point: rounded after the first multiplier, and again after the second. It costs a tile three instructions a vector. */
// @ts-ignore: decorator
@inline
export function requantizeTwice(sums: v128, multipliers: v128, steps: v128, low: v128, high: v128, rounding: v128): v128 {
  const once = f32x4.sub(f32x4.add(f32x4.mul(sums, multipliers), rounding), rounding);
  return rounded(f32x4.mul(once, steps), low, high, rounding);
}

// @ts-ignore: decorator
@inline
export function rounded(x: v128, low: v128, high: v128, rounding: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(low, x), high), rounding), rounding);
}

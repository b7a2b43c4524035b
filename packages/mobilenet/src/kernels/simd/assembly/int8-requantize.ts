/**
 * Sums to words, four at a time: multiplies, clamps to the bounds, and rounds to the nearest, halves to even. To round,
 * 1.5 · 2^23 is added, which leaves the whole number in the lowest bits of the float; then the bits of 1.5 · 2^23 itself
 * are subtracted as an integer. The constant is loaded with the bounds, because V8 would rebuild a literal at every use.
 *
 * Multiplying by 31 bits in 64-bit integers, as TensorFlow Lite's own kernels do, was measured: at 128 bits a pointwise
 * layer of 32 input channels takes half as long again, and one of 512 a twentieth more; the 256-bit pass joins nothing in
 * such a tile.
 */
// @ts-ignore: decorator
@inline
export function requantize(sums: v128, multipliers: v128, low: v128, high: v128, rounding: v128): v128 {
  return rounded(f32x4.mul(sums, multipliers), low, high, rounding);
}

/** Fixed point: rounds after the first multiplier and again after the second, which costs three more instructions per vector. */
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

/** Half precision and bfloat16 widened to float32: both ways are exact, every value of either is a float32. */
import type { Tensor } from "./tensor.ts";

export type FloatTensor = Extract<Tensor, { dtype: "F32" | "F16" | "BF16" }>;

/** Value of the lowest bit of a half's fraction, for each of its 32 exponents; subnormal ones share the first normal's. */
const halfSteps = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/**
 * The numbers of a float tensor as float32: the tensor's own array where it is F32.
 *
 * @example
 * float32Of({ dtype: "BF16", shape: [1], data: Uint16Array.of(0x3fc0) }) // 1.5
 */
export function float32Of(tensor: FloatTensor): Float32Array {
	switch (tensor.dtype) {
		case "F32":
			return tensor.data;
		case "F16":
			return Float32Array.from(tensor.data, fromHalf);
		case "BF16":
			return new Float32Array(Uint32Array.from(tensor.data, (bits) => bits << 16).buffer);
	}
}

export function isFloat(tensor: Tensor): tensor is FloatTensor {
	return tensor.dtype === "F32" || tensor.dtype === "F16" || tensor.dtype === "BF16";
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
function fromHalf(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 1023;
	if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
	return sign * (exponent ? fraction + 1024 : fraction) * halfSteps[exponent]!;
}

/** A tensor: numbers of one type and their shape. Its data is in row-major order: the last axis varies fastest. */

export type DType = keyof TensorData;

export interface TensorData {
	F32: Float32Array;
	/** IEEE half precision, its bits. */
	F16: Uint16Array;
	/** bfloat16, its bits. */
	BF16: Uint16Array;
	I8: Int8Array;
	U8: Uint8Array;
	I32: Int32Array;
}

/** The array of each type's numbers, from the widest on. */
export const arrays: { readonly [D in DType]: ArrayOf<TensorData[D]> } = {
	F32: Float32Array,
	I32: Int32Array,
	BF16: Uint16Array,
	F16: Uint16Array,
	I8: Int8Array,
	U8: Uint8Array,
};

export interface ArrayOf<A> {
	readonly BYTES_PER_ELEMENT: number;
	new (length: number): A;
	new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

export type Tensor = {
	[D in DType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: TensorData[D] };
}[DType];

export type Float32Tensor = Extract<Tensor, { dtype: "F32" }>;
export type Int32Tensor = Extract<Tensor, { dtype: "I32" }>;

/**
 * A tensor of float32. A Float32Array becomes its data as it is; other numbers are rounded into a new one.
 *
 * @param shape default: one axis
 * @example
 * float32([1, 2, 3, 4], [2, 2])
 */
export function float32(
	values: ArrayLike<number>,
	shape: readonly number[] = [values.length],
): Float32Tensor {
	return { dtype: "F32", shape, data: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/** A tensor of 32-bit integers; as `float32`, it shares an Int32Array. */
export function int32(values: ArrayLike<number>, shape: readonly number[] = [values.length]): Int32Tensor {
	return { dtype: "I32", shape, data: values instanceof Int32Array ? values : Int32Array.from(values) };
}

/** A tensor of float32 that holds one number everywhere. */
export function filled(shape: readonly number[], value: number): Float32Tensor {
	return float32(new Float32Array(sizeOf(shape)).fill(value), shape);
}

/** Numbers in a shape. */
export function sizeOf(shape: readonly number[]): number {
	return shape.reduce((product, n) => product * n, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
	return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** Weights as the peers want them: frameworks differ in the order of a tensor's axes. */

/**
 * The same numbers with the axes in another order.
 *
 * @param axes for each axis of the result, which one of `shape` it is
 * @example
 * permute(weights, [o, i, h, w], [2, 3, 1, 0]) // OIHW → HWIO
 */
export function permute<Numbers extends Float32Array | Int8Array>(
	data: Numbers,
	shape: readonly number[],
	axes: readonly number[],
): Numbers {
	const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
	const result = data.slice() as Numbers;
	let to = 0;
	const fill = (depth: number, from: number): void => {
		if (depth === axes.length) {
			result[to++] = data[from]!;
			return;
		}
		const axis = axes[depth]!;
		for (let i = 0; i < shape[axis]!; i++) fill(depth + 1, from + i * strides[axis]!);
	};
	fill(0, 0);
	return result;
}

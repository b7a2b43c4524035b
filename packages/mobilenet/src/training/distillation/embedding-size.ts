/**
 * How large a teacher's embeddings are. Divided by their mean square, the squared difference is the share of them that a
 * student misses: 1 where it says nothing, 0 where it says each, so that usual learning rates suit it whatever the number
 * and the size of the features.
 */
import type { Teacher } from "./teacher.ts";

export interface EmbeddingSize {
	/** Of each feature. */
	readonly mean: Float32Array;
	/** Mean squared length; 1 where all are 0. */
	readonly square: number;
}

/** Pictures that are asked about. */
export const mostForSize = 1024;
/** Pictures that are asked about at a time. */
const batch = 32;

/**
 * Mean and mean square of what a teacher says of some pictures: of the first thousand, where there are more.
 *
 * @param teacher one that knows its answers by number, as `cachedTeacher` makes it, those of these pictures among them
 * @example
 * const { square } = embeddingSize(teacher, indices);
 * train({ model, training, distillation: { teacher, name, hardWeight: 0, softWeight: 1 / square } });
 */
export function embeddingSize(
	{ outputs, targets }: Pick<Teacher, "outputs" | "targets">,
	indices: Int32Array,
): EmbeddingSize {
	const asked = indices.subarray(0, mostForSize);
	const rows = new Float32Array(batch * outputs);
	const sums = new Float64Array(outputs);
	let squares = 0;
	for (let first = 0; first < asked.length; first += batch) {
		const some = asked.subarray(first, first + batch);
		targets({ count: some.length, indices: some }, rows, outputs);
		for (let i = 0; i < some.length * outputs; i++) {
			const value = rows[i]!;
			sums[i % outputs]! += value;
			squares += value * value;
		}
	}
	const count = Math.max(1, asked.length);
	return { mean: Float32Array.from(sums, (sum) => sum / count), square: squares / count || 1 };
}

/**
 * The size of a teacher's embeddings. Divided by their mean square, the squared difference is the share that a student
 * misses: 1 if it always answers 0, 0 if it answers exactly. Usual learning rates then work whatever the number and size
 * of the features.
 */
import type { Teacher } from "./teacher.ts";

export interface EmbeddingSize {
	/** The mean of each feature. */
	readonly mean: Float32Array;
	/** Mean squared length; 1 if all are 0. */
	readonly square: number;
}

/** At most this many pictures are used. */
export const mostForSize = 1024;
/** Pictures per call of the teacher. */
const batch = 32;

/**
 * Mean and mean square of a teacher's answers to pictures, of which at most the first 1024 are used.
 *
 * @param teacher has kept its answers to these pictures, as from `cachedTeacher`
 * @example
 * const { square } = embeddingSize(teacher, indices);
 * train({ model, training, distillation: { teacher, name, hardWeight: 0, softWeight: 1 / square } });
 */
export function embeddingSize(
	{ outputs, targets }: Pick<Teacher, "outputs" | "targets">,
	indices: Int32Array,
): EmbeddingSize {
	const used = indices.subarray(0, mostForSize);
	const rows = new Float32Array(batch * outputs);
	const sums = new Float64Array(outputs);
	let squares = 0;
	for (let first = 0; first < used.length; first += batch) {
		const some = used.subarray(first, first + batch);
		targets({ count: some.length, indices: some }, rows, outputs);
		for (let i = 0; i < some.length * outputs; i++) {
			const value = rows[i]!;
			sums[i % outputs]! += value;
			squares += value * value;
		}
	}
	const count = Math.max(1, used.length);
	return { mean: Float32Array.from(sums, (sum) => sum / count), square: squares / count || 1 };
}

/** The size of embeddings, by hand. */
import { expect, it } from "vitest";
import { embeddingSize, mostForSize } from "./embedding-size.ts";

/** Picture n's embedding is (n, 2). */
const numbers = {
	outputs: 2,
	targets: (
		{ count, indices }: { count: number; indices: Int32Array },
		into: Float32Array,
		pitch: number,
	) => {
		for (let n = 0; n < count; n++) into.set([indices[n]!, 2], n * pitch);
	},
};

it("is the mean and the mean square of the teacher's answers", () => {
	const { mean, square } = embeddingSize(numbers, Int32Array.of(1, 5));
	expect([...mean]).toEqual([3, 2]);
	expect(square).toBe((1 + 4 + 25 + 4) / 2);
});

it("adds up batches, and uses only the first 1024 pictures", () => {
	const count = mostForSize;
	const indices = Int32Array.from({ length: count + 50 }, (_, i) => i);
	const { mean, square } = embeddingSize(numbers, indices);
	expect([...mean]).toEqual([(count - 1) / 2, 2]);
	// The sum of the first squares is n(n + 1)(2n + 1)/6.
	expect(square).toBeCloseTo(((count - 1) * (2 * count - 1)) / 6 + 4, 6);
});

it("is 1 where there is nothing to be measured by", () => {
	expect(embeddingSize(numbers, Int32Array.of()).square).toBe(1);
});

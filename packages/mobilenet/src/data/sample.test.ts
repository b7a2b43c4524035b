import fc from "fast-check";
import { expect, it } from "vitest";
import { sample } from "./sample.ts";

const items = fc.uniqueArray(fc.integer(), { maxLength: 40 });

it("takes as many as are asked for, each once, and all where there are no more", () => {
	fc.assert(
		fc.property(items, fc.nat(60), fc.nat(), (list, count, seed) => {
			const taken = sample(list, count, { seed });
			expect(taken.length).toBe(Math.min(count, list.length));
			expect(new Set(taken).size).toBe(taken.length);
			for (const item of taken) expect(list).toContain(item);
		}),
	);
});

it("takes the same again for the same seed, and others for another", () => {
	const list = Array.from({ length: 1000 }, (_, i) => i);
	expect(sample(list, 10, { seed: 3 })).toEqual(sample(list, 10, { seed: 3 }));
	expect(sample(list, 10, { seed: 3 })).not.toEqual(sample(list, 10, { seed: 4 }));
});

it("takes each as often as any other", () => {
	const counts = new Int32Array(5);
	for (let seed = 0; seed < 2000; seed++) for (const i of sample([0, 1, 2, 3, 4], 2, { seed })) counts[i]!++;
	// 800 are expected of each, with a deviation of 22.
	for (const count of counts) expect(Math.abs(count - 800)).toBeLessThan(110);
});

it.each([-1, 1.5, Number.NaN])("refuses to take %d", (count) => {
	expect(() => sample([1], count)).toThrow(/must be a whole number of at least 0, not/);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { softTargets } from "./teacher.ts";

describe("soft targets", () => {
	it("are the softmax of logits by the temperature", () => {
		const logits = Float32Array.of(0, Math.log(9), Math.log(16), 0);
		const into = new Float32Array(4);
		softTargets(logits, 1, into, { classes: 2 });
		for (const [i, p] of [0.1, 0.9, 16 / 17, 1 / 17].entries()) expect(into[i]).toBeCloseTo(p, 6);
		softTargets(logits, 2, into, { classes: 2 });
		for (const [i, p] of [0.25, 0.75, 0.8, 0.2].entries()) expect(into[i]).toBeCloseTo(p, 6);
	});

	it("add up to 1 whatever the logits, and leave what lies between rows", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 4 }),
				fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
				fc.double({ min: 0.1, max: 100, noNaN: true }),
				(rows, numbers, temperature) => {
					const classes = numbers.length;
					const logits = Float32Array.from({ length: rows * classes }, (_, i) => numbers[(i * 7) % classes]!);
					const into = new Float32Array(rows * (classes + 3)).fill(-1);
					softTargets(logits, temperature, into, { classes, pitch: classes + 3 });
					for (let row = 0; row < rows; row++) {
						const own = [...into.subarray(row * (classes + 3), (row + 1) * (classes + 3))];
						expect(own.slice(0, classes).reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 5);
						expect(own.slice(classes)).toEqual([-1, -1, -1]);
					}
				},
			),
		);
	});
});

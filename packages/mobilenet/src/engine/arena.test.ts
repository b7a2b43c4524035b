import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layOut } from "./arena.ts";

describe("layOut", () => {
	it("gives a chain as much memory as its largest pair of neighbors", () => {
		const sizes = [100, 400, 200, 300, 50];
		const chain = sizes.map((bytes, i) => ({ bytes, from: i, to: i + 1 }));
		expect(layOut(chain, 1).size).toBe(600);
	});

	it("never lets buffers that live at the same time overlap", () => {
		const buffer = fc
			.record({ bytes: fc.integer({ min: 1, max: 1000 }), from: fc.nat(20), life: fc.nat(5) })
			.map(({ bytes, from, life }) => ({ bytes, from, to: from + life }));
		fc.assert(
			fc.property(fc.array(buffer, { maxLength: 20 }), (buffers) => {
				const { offsets, size } = layOut(buffers, 64);
				for (const [i, a] of buffers.entries()) {
					expect(offsets[i]! % 64).toBe(0);
					expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(size);
					for (const [j, b] of buffers.entries()) {
						if (i === j || a.to < b.from || b.to < a.from) continue;
						expect(offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!).toBe(true);
					}
				}
			}),
		);
	});
});

/** The cache: what goes in comes out, and never more than fits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCache, fromCache, toCache } from "./cache.ts";
import { datasetOf } from "./memory.ts";

const datasetOfSize = (count: number) =>
	datasetOf({
		pictures: Array.from({ length: count }, () => ({
			data: new Uint8Array(1),
			width: 1,
			height: 1,
			channels: 1,
		})),
	});

describe("a cache", () => {
	it("returns what was added, as long as there is room", () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.record({ width: fc.integer({ min: 1, max: 30 }), height: fc.integer({ min: 1, max: 30 }) }),
				),
				fc.integer({ min: 0, max: 20_000 }),
				(sizes, bytes) => {
					const cache = createCache({ bytes });
					const table = cache.tableOf(datasetOfSize(sizes.length), "form");
					const data = sizes.map(({ width, height }, i) => new Uint8Array(width * height * 3).fill(i + 1));
					for (const [i, size] of sizes.entries()) toCache(table, i, { ...size, channels: 3 }, [data[i]!]);
					for (const [i, size] of sizes.entries()) {
						const found = fromCache(table, i);
						if (found) expect(found).toEqual({ ...size, channels: 3, data: data[i] });
					}
					expect(cache.used()).toBeLessThanOrEqual(bytes);
					if (data.reduce((sum, one) => sum + one.length + 64, 0) <= bytes)
						expect(sizes.every((_, i) => fromCache(table, i))).toBe(true);
				},
			),
		);
	});

	it("separates data sets and forms, and keeps the first version of a picture", () => {
		const cache = createCache({ bytes: 10_000 });
		const [one, other] = [datasetOfSize(2), datasetOfSize(2)];
		expect(cache.tableOf(one, "form")).toBe(cache.tableOf(one, "form"));
		const size = { width: 1, height: 1, channels: 1 };
		toCache(cache.tableOf(one, "form"), 1, size, [Uint8Array.of(5)]);
		toCache(cache.tableOf(one, "form"), 1, size, [Uint8Array.of(6)]);
		expect([...fromCache(cache.tableOf(one, "form"), 1)!.data]).toEqual([5]);
		expect(fromCache(cache.tableOf(one, "other form"), 1)).toBeUndefined();
		expect(fromCache(cache.tableOf(other, "form"), 1)).toBeUndefined();
	});

	it("refuses an invalid number of bytes", () => {
		expect(() => createCache({ bytes: -1 })).toThrow(
			"the bytes of a cache must be a whole number of at least 0, not -1.",
		);
	});
});

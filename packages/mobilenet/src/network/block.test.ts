import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reduction, separableCost, standardCost } from "./block.ts";

const block = fc.record({
	kernel: fc.constantFrom(1, 3, 5),
	inputChannels: fc.integer({ min: 1, max: 1024 }),
	outputChannels: fc.integer({ min: 1, max: 1024 }),
	size: fc.integer({ min: 1, max: 112 }),
	alpha: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
	rho: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
});

// One layer of 14×14, 512 channels in and out: the paper's Table 3 starts from it.
const layer = { inputChannels: 512, outputChannels: 512, size: 14 };

describe("cost of one block", () => {
	test("standard: Dk·Dk·M·N·Df·Df", () => {
		expect(standardCost(layer)).toEqual({
			multAdds: 3 * 3 * 512 * 512 * 14 * 14,
			weights: 3 * 3 * 512 * 512,
		});
	});

	test("separable: Dk·Dk·M·Df·Df + M·N·Df·Df", () => {
		expect(separableCost(layer)).toEqual({
			multAdds: 3 * 3 * 512 * 14 * 14 + 512 * 512 * 14 * 14,
			weights: 3 * 3 * 512 + 512 * 512,
		});
	});

	test("α scales both channel counts, ρ the size", () => {
		expect(separableCost({ ...layer, alpha: 0.5, rho: 0.5 })).toEqual({
			multAdds: 3 * 3 * 256 * 7 * 7 + 256 * 256 * 7 * 7,
			weights: 3 * 3 * 256 + 256 * 256,
		});
	});
});

describe("reduction", () => {
	test("is 1/N + 1/Dk²", () => {
		expect(reduction({ outputChannels: 512 })).toBeCloseTo(1 / 512 + 1 / 9, 15);
		expect(reduction({ kernel: 5, outputChannels: 64, alpha: 0.5 })).toBeCloseTo(1 / 32 + 1 / 25, 15);
	});

	test("is the ratio of the two costs, of multiply-adds and of weights, for any block, α and ρ", () => {
		fc.assert(
			fc.property(block, (any) => {
				const separable = separableCost(any);
				const standard = standardCost(any);
				expect(separable.multAdds / standard.multAdds / reduction(any)).toBeCloseTo(1, 9);
				expect(separable.weights / standard.weights / reduction(any)).toBeCloseTo(1, 9);
			}),
		);
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { separableCost, standardCost } from "./block.ts";
import { configure } from "./configuration.ts";
import { type CostConvention, cost } from "./cost.ts";

describe("cost", () => {
	test("of a layer is its block's formula", () => {
		const { layers } = cost(configure());
		const [depthwise, pointwise] = layers.filter(({ name }) => name.startsWith("blocks.7."));
		const separable = separableCost({ inputChannels: 512, outputChannels: 512, size: 14 });
		expect((depthwise?.multAdds ?? 0) + (pointwise?.multAdds ?? 0)).toBe(separable.multAdds);
		expect((depthwise?.weights ?? 0) + (pointwise?.weights ?? 0)).toBe(separable.weights);
	});

	test("adds up over layers and kinds, by both conventions, for any network", () => {
		const any = fc.record({
			alpha: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
			size: fc.integer({ min: 32, max: 320 }),
			inputChannels: fc.constantFrom(1, 3, 4),
			padding: fc.constantFrom("same" as const, "symmetric" as const),
			lastBlock: fc.constantFrom("stride1" as const, "stride2" as const),
			head: fc.boolean(),
		});
		fc.assert(
			fc.property(any, fc.constantFrom<CostConvention>("paper", "torchinfo"), (options, convention) => {
				const whole = cost(configure(options), { convention });
				for (const field of ["multAdds", "weights", "parameters"] as const) {
					expect(whole.layers.reduce((sum, layer) => sum + layer[field], 0)).toBe(whole[field]);
					expect(whole.kinds.reduce((sum, kind) => sum + kind[field], 0)).toBe(whole[field]);
				}
				expect(whole.kinds.reduce((sum, kind) => sum + kind.multAddsShare, 0)).toBeCloseTo(1, 9);
				expect(whole.kinds.reduce((sum, kind) => sum + kind.weightsShare, 0)).toBeCloseTo(1, 9);
				expect(whole.flops).toBe(2 * cost(configure(options)).multAdds);
				expect(whole.activations.peak).toBeLessThanOrEqual(
					whole.activations.sum + 4 * options.inputChannels * options.size ** 2,
				);
			}),
		);
	});

	test("torchinfo counts every parameter of batch norms and the classifier's bias once more", () => {
		const configuration = configure({ alpha: 0.3, size: 100 });
		const paper = cost(configuration);
		const torchinfo = cost(configuration, { convention: "torchinfo" });
		expect(torchinfo.multAdds - paper.multAdds).toBe(paper.parameters - paper.weights);
		expect(torchinfo.parameters).toBe(paper.parameters);
	});

	test("of the standard network is that of its blocks as standard convolutions", () => {
		// Shallow at 224 pixels: (inputs, outputs, size) of the eight blocks, from the paper's Table 1.
		const blocks = [
			[32, 64, 112],
			[64, 128, 56],
			[128, 128, 56],
			[128, 256, 28],
			[256, 256, 28],
			[256, 512, 14],
			[512, 1024, 7],
			[1024, 1024, 7],
		] as const;
		const { standard } = cost(configure({ depth: "shallow", classes: 1000 }));
		const ends = 3 * 3 * 3 * 32 * 112 * 112 + 1024 * 1000;
		const inside = blocks.map(([inputChannels, outputChannels, size]) =>
			standardCost({ inputChannels, outputChannels, size }),
		);
		expect(standard.multAdds).toBe(inside.reduce((sum, block) => sum + block.multAdds, ends));
	});

	test("is the paper's share of the standard network's", () => {
		// Table 4: 569 and 4866 million multiply-adds.
		expect(cost(configure({ classes: 1000 })).reduction).toBeCloseTo(569 / 4866, 3);
	});

	test("counts activations: all outputs, and the most that are needed at once", () => {
		// Smallest picture and width: 8 channels until 64·α passes 8, α = 1/8: 8, 8, 16, 16, 32, 32, 64 …, 128, 128.
		const { activations, layers } = cost(
			configure({ alpha: 1 / 8, size: 32, classes: 10, inputChannels: 1 }),
		);
		const outputs = [
			8 * 16 * 16,
			...[8 * 16 * 16, 8 * 16 * 16],
			...[8 * 8 * 8, 16 * 8 * 8],
			...[16 * 8 * 8, 16 * 8 * 8],
			...[16 * 4 * 4, 32 * 4 * 4],
			...[32 * 4 * 4, 32 * 4 * 4],
			...[32 * 2 * 2, 64 * 2 * 2],
			...Array.from({ length: 10 }, () => 64 * 2 * 2),
			...[64, 128],
			...[128, 128],
			128,
			10,
		];
		expect(layers.map(({ activationBytes }) => activationBytes)).toEqual(outputs.map((n) => 4 * n));
		expect(activations).toEqual({
			sum: 4 * outputs.reduce((sum, n) => sum + n, 0),
			peak: 4 * 2 * 8 * 16 * 16,
			peakLayer: "blocks.0.depthwise",
		});
	});

	test("refuses an unknown convention", () => {
		const options = { convention: "thop" as CostConvention };
		expect(() => cost(configure(), options)).toThrow(
			/^convention must be "paper" or "torchinfo", not "thop"\.$/,
		);
	});
});

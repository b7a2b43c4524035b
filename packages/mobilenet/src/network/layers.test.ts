import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configure } from "./configuration.ts";
import { isConvolution, type Layer, layers, separableBlock, weightCount, width } from "./layers.ts";

/** How many times a filter fits on a padded row, found by trying every position. */
function places({ inputSize, padding, kernel, stride }: Layer): number {
	let count = 0;
	for (let at = -padding.before; at + kernel <= inputSize + padding.after; at += stride) count++;
	return count;
}

const anyConfiguration = fc
	.record({
		preset: fc.constantFrom("tf" as const, "torch" as const, "tutorial" as const),
		alpha: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
		size: fc.integer({ min: 32, max: 320 }),
		inputChannels: fc.constantFrom(1, 3, 4),
		classes: fc.integer({ min: 1, max: 1001 }),
		depth: fc.constantFrom("full" as const, "shallow" as const),
		padding: fc.constantFrom("same" as const, "symmetric" as const),
		lastBlock: fc.constantFrom("stride1" as const, "stride2" as const),
		channelRounding: fc.constantFrom("floor" as const, "divisible8" as const),
		head: fc.boolean(),
	})
	.map(configure);

describe("layers", () => {
	// The table of the paper (Howard and others 2017, Table 1): type and stride, input size.
	test("are those of the paper's Table 1", () => {
		const rows = layers(configure({ preset: "tutorial" })).map((layer) => {
			const { kind, stride, inputSize, inputChannels, outputChannels } = layer;
			return [kind, stride, inputSize, inputChannels, outputChannels];
		});
		const five = Array.from({ length: 5 }, () => [
			["depthwise", 1, 14, 512, 512],
			["pointwise", 1, 14, 512, 512],
		]);
		expect(rows).toEqual([
			["convolution", 2, 224, 3, 32],
			["depthwise", 1, 112, 32, 32],
			["pointwise", 1, 112, 32, 64],
			["depthwise", 2, 112, 64, 64],
			["pointwise", 1, 56, 64, 128],
			["depthwise", 1, 56, 128, 128],
			["pointwise", 1, 56, 128, 128],
			["depthwise", 2, 56, 128, 128],
			["pointwise", 1, 28, 128, 256],
			["depthwise", 1, 28, 256, 256],
			["pointwise", 1, 28, 256, 256],
			["depthwise", 2, 28, 256, 256],
			["pointwise", 1, 14, 256, 512],
			...five.flat(),
			["depthwise", 2, 14, 512, 512],
			["pointwise", 1, 7, 512, 1024],
			["depthwise", 2, 7, 1024, 1024],
			["pointwise", 1, 7, 1024, 1024],
			["pool", 1, 7, 1024, 1024],
			["dense", 1, 1, 1024, 1000],
		]);
	});

	// The column "Filter Shape" of the same table (height × width × inputs × outputs, of a depthwise layer × channels),
	// in the order of a convolution's weights: outputs, inputs of one output, height, width.
	test("have the filters of the paper's Table 1, and names that begin alike", () => {
		const rows = layers(configure({ preset: "tutorial" })).map((layer) => [
			layer.tensorPrefix,
			...layer.weightShape,
		]);
		const block = (n: number, inputs: number, outputs: number) => [
			[`blocks.${n}.depthwise.conv`, inputs, 1, 3, 3],
			[`blocks.${n}.pointwise.conv`, outputs, inputs, 1, 1],
		];
		expect(rows).toEqual([
			["stem.conv", 32, 3, 3, 3],
			...block(0, 32, 64),
			...block(1, 64, 128),
			...block(2, 128, 128),
			...block(3, 128, 256),
			...block(4, 256, 256),
			...block(5, 256, 512),
			...[6, 7, 8, 9, 10].flatMap((n) => block(n, 512, 512)),
			...block(11, 512, 1024),
			...block(12, 1024, 1024),
			[undefined],
			["classifier", 1000, 1024],
		]);
	});

	test("hold as many weights as their filters have numbers; the pool none", () => {
		const counts = layers(configure({ alpha: 0.5, inputChannels: 1, classes: 7 })).map(weightCount);
		// 3·3·1·16, 3·3·16, 16·32; 512·7.
		expect(counts.slice(0, 3)).toEqual([144, 144, 512]);
		expect(counts.slice(-2)).toEqual([0, 3584]);
	});

	test("the shallow network lacks the five 14×14×512 blocks", () => {
		const full = layers(configure());
		const shallow = layers(configure({ depth: "shallow" }));
		expect(full.length - shallow.length).toBe(10);
		expect(shallow.filter(({ kind }) => kind === "depthwise").map((layer) => layer.outputChannels)).toEqual([
			32, 64, 128, 128, 256, 256, 512, 1024,
		]);
		expect(shallow.map((layer) => layer.name).slice(-4)).toEqual([
			"blocks.7.depthwise",
			"blocks.7.pointwise",
			"pool",
			"classifier",
		]);
	});

	test("without a head the network ends with the pool", () => {
		expect(layers(configure({ head: false })).at(-1)?.name).toBe("pool");
	});

	test("chain: each takes what the one before gives, from the picture to the classes", () => {
		fc.assert(
			fc.property(anyConfiguration, (configuration) => {
				const table = layers(configuration);
				const [stem] = table;
				expect(stem).toMatchObject({
					inputSize: configuration.size,
					inputChannels: configuration.inputChannels,
				});
				for (const [i, layer] of table.entries()) {
					const next = table[i + 1];
					expect(layer.outputSize).toBe(places(layer));
					if (layer.kind === "depthwise" || layer.kind === "pool")
						expect(layer.outputChannels).toBe(layer.inputChannels);
					if (next)
						expect([next.inputSize, next.inputChannels]).toEqual([layer.outputSize, layer.outputChannels]);
				}
				const last = table.at(-1);
				expect(last?.outputSize).toBe(1);
				if (configuration.head) expect(last?.outputChannels).toBe(configuration.classes);
				expect(new Set(table.map((layer) => layer.name)).size).toBe(table.length);
			}),
		);
	});

	test("`same` pads as little as ⌈size / stride⌉ positions need, the odd pixel after the picture", () => {
		fc.assert(
			fc.property(anyConfiguration, (configuration) => {
				for (const layer of layers(configuration).filter(isConvolution)) {
					const { inputSize, outputSize, kernel, stride, padding } = layer;
					const wide = padding.before === 4;
					if (wide || configuration.padding === "symmetric") {
						expect(padding.after).toBe(padding.before);
						continue;
					}
					expect(outputSize).toBe(Math.ceil(inputSize / stride));
					expect([0, 1]).toContain(padding.after - padding.before);
					const total = padding.before + padding.after;
					// One zero less would lose the last position, unless there is no zero to take away.
					if (total > 0)
						expect(Math.floor((inputSize + total - 1 - kernel) / stride) + 1).toBeLessThan(outputSize);
				}
			}),
		);
	});

	test("the last block's stride of 2 with a padding of 4 keeps 7×7, and only the depthwise layer has it", () => {
		const table = layers(configure({ lastBlock: "stride2" }));
		expect(table.find(({ name }) => name === "blocks.12.depthwise")).toMatchObject({
			stride: 2,
			padding: { before: 4, after: 4 },
			inputSize: 7,
			outputSize: 7,
		});
		expect(table.filter(({ padding }) => padding.before === 4)).toHaveLength(1);
	});
});

describe("separableBlock", () => {
	test("is a filter per channel, then a mixture of the channels", () => {
		const [depthwise, pointwise] = separableBlock({
			name: "block",
			inputChannels: 64,
			outputChannels: 128,
			inputSize: 112,
			stride: 2,
			padding: { before: 0, after: 1 },
		});
		expect(depthwise).toMatchObject({
			name: "block.depthwise",
			kernel: 3,
			outputChannels: 64,
			outputSize: 56,
		});
		expect(pointwise).toMatchObject({
			name: "block.pointwise",
			kernel: 1,
			inputChannels: 64,
			outputChannels: 128,
			inputSize: 56,
			outputSize: 56,
		});
	});
});

describe("width", () => {
	test.each([
		[32, 1, 32],
		[32, 0.75, 24],
		[32, 0.35, 11],
		[32, 0.1, 8],
		[1024, 0.1, 102],
		[1024, 1.5, 1536],
	])("floor: %d channels at α %d are %d", (channels, alpha, expected) => {
		expect(width(channels, { alpha, channelRounding: "floor" })).toBe(expected);
	});

	// 32 · 0.35 = 11.2: 8 is below 90 % of it, so 16. 64 · 0.35 = 22.4: 24. 32 · 0.3 = 9.6: 8 is below 8.64, so 16.
	test.each([
		[32, 0.35, 16],
		[64, 0.35, 24],
		[32, 0.3, 16],
		[32, 0.1, 8],
		[32, 1.25, 40],
	])("divisible8: %d channels at α %d are %d", (channels, alpha, expected) => {
		expect(width(channels, { alpha, channelRounding: "divisible8" })).toBe(expected);
	});

	test("divisible8 gives multiples of 8 within 10 % below and half a step above, never under 8", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 8, max: 1024 }),
				fc.double({ min: 0.1, max: 1.5, noNaN: true }),
				(c, alpha) => {
					const channels = width(c, { alpha, channelRounding: "divisible8" });
					expect(channels % 8).toBe(0);
					expect(channels).toBeGreaterThanOrEqual(Math.max(8, 0.9 * c * alpha));
					expect(channels).toBeLessThanOrEqual(Math.max(8, c * alpha + 8));
				},
			),
		);
	});
});

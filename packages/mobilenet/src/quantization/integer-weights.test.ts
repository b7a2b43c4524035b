import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { separableBlock } from "../network/layers.ts";
import { quantizeBias, quantizeWeights } from "./integer-weights.ts";

const block = (inputChannels: number, outputChannels: number) =>
	separableBlock({
		name: "blocks.0",
		inputChannels,
		outputChannels,
		inputSize: 4,
		stride: 1,
		padding: { before: 1, after: 1 },
	});
const input = { scale: 6 / 255, zeroPoint: -128 };
const output = input;
const number = fc.float({ min: -10, max: 10, noNaN: true });

describe("weights of a pointwise layer", () => {
	it("that are whole multiples of their scale come back as they were", () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 6, maxLength: 6 }),
				fc.integer({ min: -8, max: 2 }),
				(multiples, exponent) => {
					// Every channel reaches its largest code, so that its scale is the power of two.
					const codes = [127, ...multiples.slice(0, 3), -127, ...multiples.slice(3)];
					const [, layer] = block(4, 2);
					const weights = Float32Array.from(codes, (code) => code * 2 ** exponent);
					const result = quantizeWeights(layer, weights, [0, 0], input, output);
					expect([...result.weights]).toEqual(codes);
					expect([...result.scales]).toEqual([2 ** exponent, 2 ** exponent]);
				},
			),
		);
	});

	it("are off by half a step of their channel at the most", () => {
		fc.assert(
			fc.property(fc.array(number, { minLength: 24, maxLength: 24 }), (numbers) => {
				const [, layer] = block(8, 3);
				const { weights, scales } = quantizeWeights(
					layer,
					Float32Array.from(numbers),
					[0, 0, 0],
					input,
					output,
				);
				for (const [i, weight] of numbers.entries()) {
					const scale = scales[Math.floor(i / 8)]!;
					expect(Math.abs(weights[i]! * scale - weight)).toBeLessThanOrEqual(scale * (0.5 + 1e-4));
				}
			}),
		);
	});

	it("are never −128, and alike for a weight and its opposite", () => {
		fc.assert(
			fc.property(fc.array(number, { minLength: 4, maxLength: 4 }), (numbers) => {
				const [, layer] = block(4, 2);
				const both = Float32Array.from([...numbers, ...numbers.map((x) => -x)]);
				const { weights } = quantizeWeights(layer, both, [0, 0], input, output);
				expect([...weights.subarray(4)].map((code) => 0 - code)).toEqual(
					[...weights.subarray(0, 4)].map((c) => c + 0),
				);
				expect(Math.min(...weights)).toBeGreaterThanOrEqual(-127);
			}),
		);
	});
});

describe("weights of a depthwise layer", () => {
	/** (1 − ρ) Σ error² + ρ (Σ error)² with ρ = ½, as integer-weights.ts says. */
	const harm = (filter: readonly number[], codes: readonly number[], scale: number): number => {
		const errors = filter.map((weight, i) => codes[i]! * scale - weight);
		const sum = errors.reduce((a, b) => a + b, 0);
		return 0.5 * errors.reduce((a, b) => a + b ** 2, 0) + 0.5 * sum ** 2;
	};

	it("do no more harm than those of the least scale, and cut nothing off", () => {
		fc.assert(
			fc.property(fc.array(number, { minLength: 9, maxLength: 9 }), (numbers) => {
				const filter = [...Float32Array.from(numbers)];
				const largest = Math.max(...filter.map(Math.abs));
				fc.pre(largest > 0.1);
				const [layer] = block(1, 1);
				const { weights, scales } = quantizeWeights(layer, Float32Array.from(filter), [0], input, output);
				const least = Math.fround(largest / 127);
				const plain = filter.map((weight) => Math.round(weight / least));
				const [before, after] = [harm(filter, plain, least), harm(filter, [...weights], scales[0]!)];
				expect(after).toBeLessThanOrEqual(before * (1 + 1e-6) + 1e-12);
				expect(scales[0]! * 127).toBeGreaterThanOrEqual(largest * (1 - 1e-6));
			}),
		);
	});

	it("mostly do less than half the harm", () => {
		const { normal } = random(1);
		const gains = Array.from({ length: 200 }, () => {
			const filter = [...Float32Array.from({ length: 9 }, normal)];
			const [layer] = block(1, 1);
			const { weights, scales } = quantizeWeights(layer, Float32Array.from(filter), [0], input, output);
			const least = Math.fround(Math.max(...filter.map(Math.abs)) / 127);
			const plain = filter.map((weight) => Math.round(weight / least));
			return harm(filter, [...weights], scales[0]!) / harm(filter, plain, least);
		});
		expect(gains.sort((a, b) => a - b)[100]).toBeLessThan(0.5);
	});
});

describe("a bias", () => {
	it("has the scale of the input times that of the weights", () => {
		const bias = quantizeBias([1, -2, 0.3], { scale: 0.5, zeroPoint: 0 }, Float32Array.of(0.25, 0.5, 1));
		expect([...bias]).toEqual([8, -8, 1]);
	});

	it("fits 32 bits with all products, whatever the weights", () => {
		const [, layer] = block(4, 3);
		const weights = Float32Array.of(0, 0, 0, 0, 1e-12, 0, 0, -1e-12, 1, 1, 1, 1);
		const bias = [3, -5, 1];
		const result = quantizeWeights(layer, weights, bias, input, output);
		for (const [c, b] of bias.entries()) {
			expect(Math.abs(result.bias[c]!)).toBeLessThanOrEqual(2 ** 30);
			const step = input.scale * result.scales[c]!;
			expect(Math.abs(result.bias[c]! * step - b)).toBeLessThanOrEqual(step * (0.5 + 1e-4));
		}
	});

	it("of a channel that is all 0 still has a scale", () => {
		const [layer] = block(1, 1);
		const result = quantizeWeights(layer, new Float32Array(9), [0], input, output);
		expect([...result.weights]).toEqual(new Array(9).fill(0));
		expect(result.scales[0]).toBeGreaterThan(0);
		expect(result.bias[0]).toBe(0);
	});
});

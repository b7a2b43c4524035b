import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, random } from "../base/random.ts";
import { loadBuild } from "../kernels/load.ts";
import { configure } from "../network/configuration.ts";
import { type Layer, layers } from "../network/layers.ts";
import { initialize } from "../weights/initialize.ts";
import type { Codes } from "../weights/parts.ts";
import { correctedBias } from "./bias-correction.ts";
import { toCode } from "./codes.ts";
import { integerLayer } from "./integer-layer.ts";
import type { IntegerWeights } from "./integer-weights.ts";

const { loaded } = await loadBuild();
/** Odd widths, odd sizes, and a layer of every kind. */
const model = initialize(configure({ alpha: 0.3, size: 45, classes: 7 }), { seed: 1 });
const table = layers(model.configuration);
const kinds = [
	"stem",
	"blocks.0.depthwise",
	"blocks.1.depthwise",
	"blocks.5.pointwise",
	"pool",
	"classifier",
];
const layerOf = (name: string): Layer => table.find((layer) => layer.name === name)!;

const whole = ({ uniform }: Random, least: number, most: number): number =>
	least + Math.floor(uniform() * (most - least + 1));
const codesOf = (numbers: Random, count: number): Int8Array =>
	Int8Array.from({ length: count }, () => whole(numbers, -128, 127));
const inputsOf = ({ inputSize, inputChannels }: Layer): number => inputSize ** 2 * inputChannels;
function weightsOf(layer: Layer, numbers: Random): IntegerWeights {
	const { kind, kernel, inputChannels, outputChannels } = layer;
	const taps = kernel ** 2 * (kind === "depthwise" ? 1 : inputChannels);
	return {
		weights: Int8Array.from({ length: taps * outputChannels }, () => whole(numbers, -127, 127)),
		scales: Float32Array.from({ length: outputChannels }, () => 2e-3 * (0.5 + numbers.uniform())),
		bias: Int32Array.from({ length: outputChannels }, () => whole(numbers, -20_000, 20_000)),
	};
}

/** Sums of every place and channel, by the definition of a convolution. */
function sumsOf(layer: Layer, weights: ArrayLike<number>, words: ArrayLike<number>): Float64Array {
	const { kind, kernel, stride, padding, inputSize, outputSize, inputChannels, outputChannels } = layer;
	const sums = new Float64Array(outputSize ** 2 * outputChannels);
	for (let y = 0; y < outputSize; y++)
		for (let x = 0; x < outputSize; x++)
			for (let o = 0; o < outputChannels; o++) {
				let sum = 0;
				for (let ky = 0; ky < kernel; ky++)
					for (let kx = 0; kx < kernel; kx++) {
						const [row, column] = [y * stride + ky - padding.before, x * stride + kx - padding.before];
						if (row < 0 || column < 0 || row >= inputSize || column >= inputSize) continue;
						const pixel = (row * inputSize + column) * inputChannels;
						const tap = ky * kernel + kx;
						if (kind === "pool") sum += words[pixel + o]! / kernel ** 2;
						else if (kind === "depthwise") sum += words[pixel + o]! * weights[o * kernel ** 2 + tap]!;
						else
							for (let i = 0; i < inputChannels; i++)
								sum += words[pixel + i]! * weights[(o * inputChannels + i) * kernel ** 2 + tap]!;
					}
				sums[(y * outputSize + x) * outputChannels + o] = sum;
			}
	return sums;
}

describe.each(kinds)("%s in integers", (name) => {
	const layer = layerOf(name);

	it("gives the codes of the definition", () => {
		fc.assert(
			fc.property(fc.nat(1000), fc.integer({ min: -128, max: 127 }), (seed, zeroPoint) => {
				const numbers = random(seed);
				const input: Codes = { scale: 0.02, zeroPoint };
				const output: Codes = layer.kind === "pool" ? input : { scale: 6 / 255, zeroPoint: -128 };
				const integers = layer.kind === "pool" ? undefined : weightsOf(layer, numbers);
				const codes = codesOf(numbers, inputsOf(layer));
				const got = integerLayer(layer, { integers, input, output }, model, loaded)(codes);

				const words = Array.from(codes, (code) => code - zeroPoint);
				const sums = sumsOf(layer, integers?.weights ?? [], words);
				const channels = layer.outputChannels;
				const isBounded = layer.kind !== "pool" && layer.kind !== "dense";
				for (const [i, code] of got.entries()) {
					const scale = integers?.scales[i % channels] ?? 1;
					const sum = (sums[i]! + (integers?.bias[i % channels] ?? 0)) * input.scale * scale;
					const exact = isBounded ? Math.min(Math.max(sum, 0), 6) : sum;
					// The nearest code, or either of two that are as near.
					expect([toCode(exact - 1e-5, output), toCode(exact + 1e-5, output)]).toContain(code);
				}
			}),
			{ numRuns: 3 },
		);
	});

	if (layer.kind === "pool") return;

	it("has the mean of the real layer once its bias is corrected, whatever was wrong with weights and inputs", () => {
		const numbers = random(5);
		const codes: Codes = { scale: 0.02, zeroPoint: -100 };
		const { outputChannels: channels } = layer;
		const integers = weightsOf(layer, numbers);
		const pictures = Array.from({ length: 3 }, () => codesOf(numbers, inputsOf(layer)));
		// Real weights and inputs that are off from what the integers stand for, the inputs by another error each picture.
		const perChannel = integers.weights.length / channels;
		const weights = Float32Array.from(
			integers.weights,
			(weight, i) => weight * integers.scales[Math.floor(i / perChannel)]! + 0.05 * numbers.normal() + 0.03,
		);
		const reals = pictures.map((picture) =>
			Float32Array.from(
				picture,
				(code) => codes.scale * (code - codes.zeroPoint) + 0.1 * numbers.normal() + 0.2,
			),
		);
		const bias = Float32Array.from({ length: channels }, () => numbers.normal());
		const inputMean = reals[0]!.map(
			(_, i) => reals.reduce((sum, picture) => sum + picture[i]!, 0) / reals.length,
		);

		const corrected = correctedBias(
			layer,
			{ weight: weights, bias, inputMean },
			integers,
			{ pictures, codes },
			model,
			loaded,
		);
		const mean = (sums: readonly Float64Array[], c: number): number => {
			const own = sums.flatMap((all) => [...all.filter((_, i) => i % channels === c)]);
			return own.reduce((total, x) => total + x, 0) / own.length;
		};
		const expected = reals.map((picture) => sumsOf(layer, weights, picture));
		const actual = pictures.map((picture) =>
			sumsOf(
				layer,
				integers.weights,
				Array.from(picture, (code) => code - codes.zeroPoint),
			),
		);
		for (let c = 0; c < channels; c++) {
			const real = mean(expected, c) + bias[c]!;
			const integer = mean(actual, c) * codes.scale * integers.scales[c]! + corrected[c]!;
			expect(Math.abs(integer - real)).toBeLessThan(1e-3);
			// There was something to correct.
			if (c === 0) expect(Math.abs(corrected[c]! - bias[c]!)).toBeGreaterThan(0.02);
		}
	});
});

import { describe, expect, test } from "vitest";
import { chainFor, refusal } from "../../../test/support/chain.ts";
import { made } from "../../../test/support/models.ts";
import { configure } from "../../network/configuration.ts";
import type { PreprocessingOptions } from "../../weights/preprocessing.ts";
import type { Chain, ChainLayer } from "./chain.ts";
import { chainOf } from "./chain-of.ts";
import { recognize } from "./recognize.ts";

const small = configure({ alpha: 0.25, size: 32, classes: 2 });

const affine = (factor: number | readonly number[], offset: number | readonly number[] = 0): ChainLayer => ({
	kind: "affine",
	name: "arithmetic",
	factor: [factor].flat(),
	offset: [offset].flat(),
});

function behind(...leading: readonly ChainLayer[]): Chain {
	const chain = chainFor(small);
	return { ...chain, layers: [...leading, ...chain.layers] };
}

function read(chain: Chain, preprocessing?: PreprocessingOptions) {
	const model = recognize(chain, { preprocessing });
	const { mean, std } = model.preprocessing;
	return { mean, std, assumed: model.source.assumed.filter((field) => field === "mean" || field === "std") };
}

const all = (value: number) => [value, value, value];
const both = ["mean", "std"];

describe("arithmetic before the first convolution is preprocessing", () => {
	test("small factors are for pixels, large ones for 0 … 1, others for −1 … 1", () => {
		// x / 127.5 − 1, in constants of float32; then x / 255 of Keras's Rescaling.
		const tf = affine(Math.fround(1 / 127.5), -1);
		expect(read(behind(tf))).toEqual({ mean: all(127.5), std: all(127.5), assumed: both });
		expect(read(behind(affine(1 / 127.5), affine(1, -1)))).toEqual(read(behind(tf)));
		expect(read(behind(affine(1 / 255)))).toEqual({ mean: all(0), std: all(255), assumed: both });
		// 2x − 1 of TF-Hub's modules, over x / 255.
		expect(read(behind(affine(2, -1)))).toEqual({ mean: all(127.5), std: all(127.5), assumed: both });
		// Of −1 … 1 to 0 … 1.
		expect(read(behind(affine(0.5, 0.5)))).toEqual({ mean: all(0), std: all(255), assumed: both });
	});

	test("a mean that is subtracted from pixels, channel by channel", () => {
		const caffe = [103.939, 116.779, 123.68];
		const subtracted = affine(
			1,
			caffe.map((value) => -value),
		);
		expect(read(behind(subtracted))).toEqual({ mean: caffe, std: all(1), assumed: both });
		const std = [0.229, 0.224, 0.225];
		const mean = [0.485, 0.456, 0.406];
		const torch = affine(
			std.map((value) => 1 / value),
			mean.map((value, c) => -value / std[c]!),
		);
		const { mean: means, std: stds } = read(behind(torch));
		for (const [c, value] of means.entries()) expect(value).toBeCloseTo(255 * mean[c]!, 4);
		for (const [c, value] of stds.entries()) expect(value).toBeCloseTo(255 * std[c]!, 4);
	});

	test("what the file or its user says of the input comes before it", () => {
		const chain = { ...behind(affine(2, -1)), preprocessing: { mean: [0], std: [1] } };
		expect(read(chain)).toEqual({ mean: all(0.5), std: all(0.5), assumed: [] });
		expect(read(behind(affine(2, -1)), { mean: 0, std: 1 })).toEqual(read(chain));
		expect(read(chain, { std: 255 })).toEqual({ mean: all(127.5), std: all(127.5), assumed: [] });
		expect(read(behind(affine(2, -1)), { mean: 0 })).toEqual({
			...{ mean: all(127.5), std: all(127.5), assumed: ["std"] },
		});
		// Without arithmetic they are the preprocessing.
		expect(read(behind(), { mean: [1, 2, 3], std: 4 })).toEqual({
			mean: [1, 2, 3],
			std: all(4),
			assumed: [],
		});
	});

	test("a batch norm of the input is arithmetic, too", () => {
		const numbers = (...values: number[]) =>
			({ dtype: "F32", shape: [3], data: Float32Array.from(values) }) as const;
		const norm: ChainLayer = {
			...{ kind: "batchNorm", name: "normalization", epsilon: 0 },
			...{ mean: numbers(120, 110, 100), variance: numbers(4096, 1024, 256) },
		};
		expect(read(behind(norm))).toEqual({ mean: [120, 110, 100], std: [64, 32, 16], assumed: both });
	});

	test("what makes no sense is refused", () => {
		expect(refusal(behind(affine(-1, 1)))).toBe(
			"unsupported: network.bin: its graph multiplies its input by -1 where numbers above 0 were expected.",
		);
		expect(refusal(behind(affine([1, 2])))).toBe(
			"broken-file: network.bin: the layer arithmetic multiplies and adds [1,2] where one number or 3 were expected.",
		);
		expect(refusal(behind(affine(Number.NaN)))).toContain("multiplies and adds [null] where");
		expect(refusal(behind(), { preprocessing: { std: 0 } })).toBe(
			"usage: preprocessing.std must be 3 numbers above 0, not [0,0,0].",
		);
		const pad: ChainLayer = { kind: "pad", name: "pad", padding: [0, 0, 1, 1] };
		expect(refusal(behind(pad, affine(2)))).toContain("at the start comes a padding where a 3×3 convolution");
	});
});

describe("arithmetic of integers becomes a table from pixels to codes", () => {
	/** A network of int8 whose picture is of these codes, with arithmetic before it. */
	function integers(input: NonNullable<Chain["input"]>, ...leading: readonly ChainLayer[]): Chain {
		const { preprocessing: _, input: own, ...chain } = chainOf(made(small, "int8"), "network.bin");
		const { scale, zeroPoint } = own!.quantization;
		const last = leading.at(-1);
		const codes = last ? [...leading.slice(0, -1), { ...last, output: { scale, zeroPoint } }] : [];
		return { ...chain, input, layers: [...codes, ...chain.layers] };
	}
	const pixels = { dtype: "U8", quantization: { scale: [1], zeroPoint: [0] } } as const;
	const tabled = (table: readonly number[], factor = 1 / 64, offset = -1): ChainLayer => ({
		...{ kind: "affine", name: "codes", factor: [factor], offset: [offset], table },
	});
	const count = Array.from({ length: 256 }, (_, code) => code);
	const half = count.map((code) => Math.floor(code / 2) - 64);
	const reversed = count.map((code) => 127 - code);

	test("one after the other, of a picture of uint8 before layers of int8", () => {
		const model = recognize(integers(pixels, tabled(half), tabled(reversed, 2, 0)));
		const table = model.tensors.get("input.table");
		expect(table?.dtype).toBe("I8");
		expect(table?.shape).toEqual([1, 256]);
		// The code c of int8 is number c + 128 of a table.
		expect([...table!.data]).toEqual(half.map((code) => reversed[code + 128]));
		// (p / 64 − 1) · 2
		expect(model.preprocessing).toMatchObject({ mean: all(64), std: all(32) });
	});

	test("channel by channel", () => {
		const codes = [half, reversed, half].flat();
		const table = recognize(integers(pixels, tabled(codes))).tensors.get("input.table")!;
		expect(table.shape).toEqual([3, 256]);
		expect([...table.data]).toEqual(codes);
	});

	test("of what the user says that the input takes", () => {
		// Codes of 0 … 1 are a 255th apart; the user's are of −1 … 1, of which those below 0 are lost.
		const unit = { dtype: "I8", quantization: { scale: [1 / 255], zeroPoint: [-128] } } as const;
		const chain = integers(unit, tabled(half, 2, -1));
		const codes = (preprocessing: PreprocessingOptions) => [
			...recognize(chain, { preprocessing }).tensors.get("input.table")!.data,
		];
		expect(codes({})).toEqual(half);
		const given = codes({ mean: 127.5, std: 127.5 });
		expect(given.slice(0, 128)).toEqual(new Array(128).fill(half[0]));
		expect(given.slice(128)).toEqual(count.slice(128).map((pixel) => half[Math.round((pixel - 127.5) * 2)]));
	});

	test("behind arithmetic of floats, whose result the first codes are of", () => {
		const unit = { dtype: "I8", quantization: { scale: [1 / 255], zeroPoint: [-128] } } as const;
		const model = recognize(integers(unit, affine(1 / 255), tabled(half, 2, -1)));
		expect([...model.tensors.get("input.table")!.data]).toEqual(half);
		expect(model.preprocessing.mean[0]).toBeCloseTo(127.5, 3);
		expect(model.preprocessing.std[0]).toBeCloseTo(127.5, 3);
		// Pixels are what such a factor is for.
		const told = recognize(integers(unit, affine(1 / 255), tabled(half, 2, -1)), {
			preprocessing: { mean: 0, std: 1 },
		});
		expect(told.tensors).toEqual(model.tensors);
	});

	test("what is no table is refused", () => {
		const sentence = (...leading: ChainLayer[]) => refusal(integers(pixels, ...leading));
		expect(sentence(tabled(half.slice(1)))).toContain(
			"broken-file: network.bin: the layer codes makes codes",
		);
		expect(sentence(tabled(half.map((code) => code + 192)))).toContain("the layer codes makes codes");
		expect(sentence(tabled(half), affine(2))).toContain("is of floats where one of integers was expected");
		const floats = behind(tabled(half));
		expect(refusal(floats)).toContain("the layer codes before its first convolution is of floats");
	});
});

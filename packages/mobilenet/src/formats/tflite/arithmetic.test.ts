import { describe, expect, test } from "vitest";
import {
	int8,
	int32,
	type MadeOperator,
	type MadeTensor,
	makeTensorFlowLite,
} from "../../../test/support/tflite-builder.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { arithmeticTable } from "./code-tables.ts";
import { readTensorFlowLite } from "./read.ts";

const picture: MadeTensor = { name: "image", shape: [1, 4, 4, 2] };
const codes = { type: "int8", scale: [0.5], zeroPoint: [-128] } as const;
const refused = (code: string, what: RegExp) =>
	expect.objectContaining({ name: "MobileNetError", code, message: expect.stringMatching(what) });

async function read(
	...operators: readonly [MadeOperator["code"], MadeTensor?, boolean?, MadeOperator["options"]?][]
) {
	return layersOf(picture, picture, ...operators);
}

/** The layers of a chain of operators, each with a constant, of the same kind of tensors. */
async function layersOf(
	from: MadeTensor,
	to: MadeTensor,
	...operators: readonly [MadeOperator["code"], MadeTensor?, boolean?, MadeOperator["options"]?][]
): Promise<readonly ChainLayer[]> {
	const tensors: MadeTensor[] = [from];
	const made: MadeOperator[] = [];
	let last = 0;
	for (const [code, constant, isFirst = false, options] of operators) {
		if (constant) tensors.push(constant);
		const inputs = constant ? [last, tensors.length - 1] : [last];
		tensors.push(to);
		last = tensors.length - 1;
		made.push({
			code,
			inputs: isFirst ? inputs.toReversed() : inputs,
			outputs: [last],
			...(options && { options }),
		});
	}
	const bytes = makeTensorFlowLite({ tensors, operators: made, outputs: [last] });
	const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(path));
	return (await readTensorFlowLite({ name: "model.tflite", bytes, beside })).layers;
}

const constant = (...values: number[]): MadeTensor => ({
	name: "constant",
	shape: values.length === 1 ? [] : [values.length],
	data: Float32Array.of(...values),
});

describe("operators of floats with a constant", () => {
	test("scale and shift, either operand first", async () => {
		expect(await read(["MUL", constant(2)], ["SUB", constant(1)])).toMatchObject([
			{ kind: "affine", factor: [2], offset: [0] },
			{ kind: "affine", factor: [1], offset: [-1] },
		]);
		expect(await read(["MUL", constant(2, 4), true], ["SUB", constant(1, 3), true])).toMatchObject([
			{ factor: [2, 4], offset: [0] },
			{ factor: [-1], offset: [1, 3] },
		]);
		expect(await read(["ADD", constant(5), true], ["DIV", constant(4)])).toMatchObject([
			{ factor: [1], offset: [5] },
			{ factor: [0.25], offset: [0] },
		]);
	});

	test("have an activation inside", async () => {
		const options: MadeOperator["options"] = { type: "add", fields: { 0: int8(4) } };
		expect(await read(["ADD", constant(5), false, options])).toMatchObject([
			{ kind: "affine" },
			{ kind: "activation", activation: "tanh" },
		]);
	});

	test("whose constants are no number or one a channel, or make none, are refused", async () => {
		await expect(read(["MUL", constant(1, 2, 3)])).rejects.toThrow(
			refused("not-mobilenet", /constants of the shape \[3\] where one number or one a channel/),
		);
		await expect(read(["DIV", constant(0)])).rejects.toThrow(refused("broken-file", /constant of \[0\]/));
		await expect(read(["ADD", constant(Number.NaN)])).rejects.toThrow(refused("broken-file", /constant/));
		await expect(read(["DIV", constant(2), true])).rejects.toThrow(
			refused("not-mobilenet", /divides a constant by its input/),
		);
	});
});

describe("operators of integers with a constant", () => {
	const byte = (code: number): MadeTensor => ({
		...codes,
		shape: [],
		data: Int8Array.of(code),
		scale: [0.25],
	});

	test("give the code of each code, and what it stands for", async () => {
		const [layer] = await layersOf({ ...picture, ...codes }, { ...picture, ...codes, scale: [2] }, [
			"MUL",
			byte(-120),
		]);
		const input = { scale: 0.5, zeroPoint: -128, least: -128 };
		expect(layer).toMatchObject({
			kind: "affine",
			// (−120 + 128) · 0.25
			factor: [2],
			offset: [0],
			table: arithmeticTable(
				"MUL",
				input,
				{ ...input, scale: 0.25, code: -120, isFirst: false },
				{ ...input, scale: 2 },
			),
			output: { scale: [2], zeroPoint: [-128] },
		});
	});

	test("give a table a channel where they have a number a channel", async () => {
		const two: MadeTensor = { ...byte(0), shape: [1, 1, 1, 2], data: Int8Array.of(-124, -120) };
		const [layer] = await layersOf({ ...picture, ...codes }, { ...picture, ...codes }, ["ADD", two]);
		const table = layer?.kind === "affine" ? layer.table! : [];
		expect(layer).toMatchObject({ factor: [1], offset: [1, 2] });
		// The code that stands for 0, plus 1 and plus 2 in steps of a half.
		expect([table.length, table[0], table[256]]).toEqual([512, -126, -124]);
	});

	test("of another scale are the same numbers", async () => {
		const [layer] = await layersOf({ ...picture, ...codes }, { ...picture, ...codes, scale: [1] }, [
			"QUANTIZE",
		]);
		expect(layer).toMatchObject({ kind: "affine", factor: [1], offset: [0] });
		// XNNPACK rounds halves up.
		expect(layer?.kind === "affine" && layer.table?.slice(0, 4)).toEqual([-128, -127, -127, -126]);
	});

	test("and floats among them are refused", async () => {
		const from = { ...picture, ...codes };
		await expect(layersOf(from, from, ["MUL", constant(2)])).rejects.toThrow(
			refused("unsupported", /a constant of floats/),
		);
		await expect(layersOf(from, picture, ["MUL", byte(2)])).rejects.toThrow(refused("broken-file", /makes/));
		await expect(layersOf(from, from, ["DIV", byte(2)])).rejects.toThrow(refused("unsupported", /divides/));
		await expect(layersOf({ ...from, scale: [0] }, from, ["MUL", byte(2)])).rejects.toThrow(
			refused("broken-file", /scale 0/),
		);
	});
});

test("pixels that become floats by CAST are the pixels", async () => {
	const bytes = makeTensorFlowLite({
		tensors: [{ ...picture, type: "uint8" }, picture],
		operators: [{ code: "CAST", inputs: [0], outputs: [1] }],
		outputs: [1],
	});
	const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(path));
	const found = await readTensorFlowLite({ name: "model.tflite", bytes, beside });
	expect(found).not.toHaveProperty("input");
	expect(found).toMatchObject({ layers: [{ kind: "shape" }], preprocessing: { mean: [0], std: [1] } });
});

describe("colors in the opposite order", () => {
	const ints = (...values: number[]): MadeTensor => ({
		type: "int32",
		shape: [values.length],
		data: Int32Array.from(values),
	});
	const zeros = ints(0, 0, 0, 0);
	const masks = (begin: number, end = begin): MadeOperator["options"] => ({
		type: "stridedSlice",
		fields: { 0: int32(begin), 1: int32(end) },
	});
	const sliced = (steps: MadeTensor, options: MadeOperator["options"], after = false) => {
		const slice: MadeOperator = {
			code: "STRIDED_SLICE",
			inputs: [1, 4, 4, 5],
			outputs: [2],
			...(options && { options }),
		};
		const bytes = makeTensorFlowLite({
			tensors: [picture, picture, picture, constant(1, 2), zeros, steps],
			operators: [
				after ? { code: "RELU", inputs: [0], outputs: [1] } : { code: "MUL", inputs: [0, 3], outputs: [1] },
				slice,
			],
			outputs: [2],
		});
		const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(path));
		return readTensorFlowLite({ name: "model.tflite", bytes, beside });
	};

	test("are told, and what came before is turned round with them", async () => {
		expect(await sliced(ints(1, 1, 1, -1), masks(15))).toMatchObject({
			preprocessing: { channelOrder: "bgr" },
			layers: [{ kind: "affine", factor: [2, 1], offset: [0] }],
		});
		const bytes = makeTensorFlowLite({
			tensors: [picture, picture, ints(3)],
			operators: [{ code: "REVERSE_V2", inputs: [0, 2], outputs: [1] }],
			outputs: [1],
		});
		const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(path));
		expect(await readTensorFlowLite({ name: "model.tflite", bytes, beside })).toMatchObject({
			preprocessing: { channelOrder: "bgr" },
			layers: [],
		});
	});

	test("by another slice, or after other layers, are refused", async () => {
		const other = refused("not-mobilenet", /only the order of the colors was expected to change/);
		await expect(sliced(ints(1, 1, -1, 1), masks(15))).rejects.toThrow(other);
		await expect(sliced(ints(1, 1, 1, -1), masks(7))).rejects.toThrow(other);
		await expect(sliced(ints(1, 1, 1, -1), masks(15, 7))).rejects.toThrow(other);
		await expect(sliced(ints(1, 1, 1, -1), undefined)).rejects.toThrow(other);
		await expect(sliced(ints(1, 1, 1, -1), masks(15), true)).rejects.toThrow(
			refused("not-mobilenet", /turns round what its layers have made/),
		);
	});
});

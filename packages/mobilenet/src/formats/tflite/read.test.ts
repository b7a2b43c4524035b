import { strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import {
	float32,
	int8,
	int32,
	type MadeModel,
	type MadeOperator,
	type MadeTensor,
	makeMetadata,
	makeTensorFlowLite,
} from "../../../test/support/tflite-builder.ts";
import type { Chain } from "../chain/chain.ts";
import { readTensorFlowLite } from "./read.ts";

function read(bytes: Uint8Array): Promise<Chain> {
	const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(`asked for ${path}`));
	return readTensorFlowLite({ name: "model.tflite", bytes, beside });
}

const refused = (code: string, what: RegExp) =>
	expect.objectContaining({ name: "MobileNetError", code, message: expect.stringMatching(what) });

const counting = (count: number, from = 1) => Float32Array.from({ length: count }, (_, i) => from + i);

/** SAME or VALID, stride, fused activation as options of a convolution. */
const convolutionOptions = (
	padding = 0,
	stride = 1,
	activation = 0,
	dilation = 1,
): MadeOperator["options"] => ({
	type: "convolution",
	fields: {
		0: int8(padding),
		1: int32(stride),
		2: int32(stride),
		3: int8(activation),
		4: int32(dilation),
		5: int32(dilation),
	},
});
const depthwiseOptions = (padding = 0, stride = 1, activation = 0): MadeOperator["options"] => ({
	type: "depthwise",
	fields: { 0: int8(padding), 1: int32(stride), 2: int32(stride), 3: int32(1), 4: int8(activation) },
});
const softmaxOptions = (beta = 1): MadeOperator["options"] => ({
	type: "softmax",
	fields: { 0: float32(beta) },
});

/** One operator between a picture and its output. */
function single(
	code: MadeOperator["code"],
	options: MadeOperator["options"],
	picture: MadeTensor,
	output: MadeTensor,
	...constants: readonly MadeTensor[]
): MadeModel {
	return {
		tensors: [{ name: "image", ...picture }, { name: "out", ...output }, ...constants],
		operators: [
			{ code, inputs: [0, ...constants.map((_, i) => 2 + i)], outputs: [1], ...(options && { options }) },
		],
		outputs: [1],
	};
}

const picture: MadeTensor = { shape: [1, 4, 4, 2] };
const filters: MadeTensor = { name: "w", shape: [3, 2, 2, 2], data: counting(24) };
const convolutionModel = (
	options: MadeOperator["options"],
	weights: MadeTensor = filters,
	bias: MadeTensor = { shape: [3], data: Float32Array.of(1, 2, 3) },
): MadeModel => single("CONV_2D", options, picture, { shape: [1, 4, 4, 3] }, weights, bias);

describe("convolutions", () => {
	test("from OHWI to OIHW, with bias, stride, padding and a fused activation as a layer of its own", async () => {
		const { layers, size, inputChannels, format, name } = await read(
			makeTensorFlowLite(convolutionModel(convolutionOptions(1, 2, 3))),
		);
		// Filter 0 is [[1 2] [3 4]] [[5 6] [7 8]] in height, width, channel.
		expect(layers).toEqual([
			{
				kind: "convolution",
				name: "out",
				weight: {
					tensor: {
						dtype: "F32",
						shape: [3, 2, 2, 2],
						data: Float32Array.of(
							...[1, 3, 5, 7, 2, 4, 6, 8],
							...[9, 11, 13, 15, 10, 12, 14, 16],
							...[17, 19, 21, 23, 18, 20, 22, 24],
						),
					},
				},
				bias: { tensor: { dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) } },
				groups: 1,
				stride: [2, 2],
				padding: "valid",
			},
			{ kind: "activation", name: "out", activation: "relu6" },
		]);
		expect({ size, inputChannels, format, name }).toEqual({
			size: 4,
			inputChannels: 2,
			format: "TensorFlow Lite",
			name: "model.tflite",
		});
	});

	test("without a bias, by leaving it out or by -1", async () => {
		const model = single("CONV_2D", convolutionOptions(), picture, { shape: [1, 4, 4, 3] }, filters);
		const [operator] = model.operators as [MadeOperator];
		for (const inputs of [
			[0, 2],
			[0, 2, -1],
		]) {
			const { layers } = await read(makeTensorFlowLite({ ...model, operators: [{ ...operator, inputs }] }));
			expect(layers.length).toBe(1);
			expect(layers[0]).not.toHaveProperty("bias");
		}
	});

	test("depthwise from [1, h, w, C] to [C, 1, h, w]", async () => {
		const weights = { shape: [1, 1, 2, 2], data: counting(4) };
		const { layers } = await read(
			makeTensorFlowLite(single("DEPTHWISE_CONV_2D", depthwiseOptions(0, 1, 1), picture, picture, weights)),
		);
		expect(layers).toMatchObject([
			{
				kind: "convolution",
				groups: 2,
				padding: "same",
				weight: { tensor: { shape: [2, 1, 1, 2], data: Float32Array.of(1, 3, 2, 4) } },
			},
			{ kind: "activation", activation: "relu" },
		]);
		expect(layers[0]).not.toHaveProperty("storedAsDepthwise");
	});

	test("depthwise with a multiplier keep their groups; over one channel they are standard ones", async () => {
		const weights = { shape: [1, 1, 2, 6], data: counting(12) };
		const read6 = (channels: number) =>
			read(
				makeTensorFlowLite(
					single(
						"DEPTHWISE_CONV_2D",
						depthwiseOptions(),
						{ shape: [1, 4, 4, channels] },
						{ shape: [1, 4, 4, 6] },
						weights,
					),
				),
			);
		expect((await read6(2)).layers[0]).toMatchObject({
			groups: 2,
			weight: { tensor: { shape: [6, 1, 1, 2] } },
		});
		expect((await read6(1)).layers[0]).toMatchObject({ groups: 1, storedAsDepthwise: true });
		await expect(read6(4)).rejects.toThrow(refused("broken-file", /6 outputs, but is given image/));
	});

	test("grouped ones say so", async () => {
		const weights = { shape: [3, 2, 2, 1], data: counting(12) };
		expect(
			(await read(makeTensorFlowLite(convolutionModel(convolutionOptions(), weights)))).layers[0],
		).toMatchObject({
			groups: 2,
			weight: { tensor: { shape: [3, 1, 2, 2], data: counting(12) } },
		});
	});

	test("with codes of int8 a channel, a bias of int32 and their scales", async () => {
		const codes = Int8Array.from({ length: 24 }, (_, i) => i - 12);
		const found = await read(
			makeTensorFlowLite(
				single(
					"CONV_2D",
					convolutionOptions(0, 1, 3),
					{ ...picture, type: "int8", scale: [0.5], zeroPoint: [-1] },
					{ shape: [1, 4, 4, 3], type: "int8", scale: [0.25], zeroPoint: [-128] },
					{ ...filters, type: "int8", data: codes, scale: [0.5, 1, 2], zeroPoint: [0, 0, 0] },
					// As in a published file, the axis is one that a bias does not have.
					{ shape: [3], type: "int32", data: Int32Array.of(7, -8, 9), scale: [0.25, 0.5, 1], dimension: 3 },
				),
			),
		);
		expect(found.input).toEqual({ dtype: "I8", quantization: { scale: [0.5], zeroPoint: [-1] } });
		expect(found.layers).toMatchObject([
			{
				weight: {
					tensor: { dtype: "I8", shape: [3, 2, 2, 2] },
					quantization: { scale: [0.5, 1, 2], zeroPoint: [0, 0, 0] },
				},
				bias: {
					tensor: { dtype: "I32", data: Int32Array.of(7, -8, 9) },
					quantization: { scale: [0.25, 0.5, 1], zeroPoint: [0, 0, 0] },
				},
			},
			{ kind: "activation", output: { scale: [0.25], zeroPoint: [-128] } },
		]);
		expect(found.layers[0]).not.toHaveProperty("output");
		const { tensor } = (found.layers[0] as { weight: { tensor: { data: Int8Array } } }).weight;
		expect([...tensor.data.subarray(0, 8)]).toEqual([-12, -10, -8, -6, -11, -9, -7, -5]);
		expect(found.notes).toEqual([expect.stringMatching(/biases are quantized along an axis/)]);
	});

	test("with half floats behind DEQUANTIZE keep them", async () => {
		const halves = {
			name: "half",
			type: "float16",
			shape: [3, 2, 2, 2],
			data: new Uint16Array(24).fill(0x3c00),
		} as const;
		const model: MadeModel = {
			tensors: [picture, { shape: [1, 4, 4, 3] }, { shape: [3, 2, 2, 2] }, halves],
			operators: [
				{ code: "DEQUANTIZE", inputs: [3], outputs: [2] },
				{ code: "CONV_2D", inputs: [0, 2], outputs: [1], options: convolutionOptions()! },
			],
			outputs: [1],
		};
		const { layers } = await read(makeTensorFlowLite(model));
		expect(layers.length).toBe(1);
		expect(layers[0]).toMatchObject({
			weight: { tensor: { dtype: "F16", data: new Uint16Array(24).fill(0x3c00) } },
		});
	});

	test("with data behind the flatbuffer, as in files beyond 2 GiB", async () => {
		const make = (offset: number, size = 96) =>
			makeTensorFlowLite(
				convolutionModel(convolutionOptions(), { shape: [3, 2, 2, 2], outside: [offset, size] }),
			);
		const { length } = make(2);
		const file = new Uint8Array([...make(length), ...new Uint8Array(counting(24).buffer)]);
		const [layer] = (await read(file)).layers as unknown as [{ weight: { tensor: { data: Float32Array } } }];
		expect([...layer.weight.tensor.data.subarray(0, 4)]).toEqual([1, 3, 5, 7]);
		await expect(read(make(length))).rejects.toThrow(
			refused("broken-file", /should take 96 bytes at offset/),
		);
		await expect(read(make(2 ** 60))).rejects.toThrow(
			refused("broken-file", /should take 96 bytes at offset/),
		);
	});

	test("that are dilated, go nowhere or have another activation are refused", async () => {
		const convolve = (options: MadeOperator["options"]) =>
			read(makeTensorFlowLite(convolutionModel(options)));
		await expect(convolve(convolutionOptions(0, 1, 0, 2))).rejects.toThrow(
			refused(
				"not-mobilenet",
				/^model\.tflite holds no MobileNet v1: the file is sound, but its CONV_2D out is dilated \(2×2\)\.$/,
			),
		);
		await expect(convolve(convolutionOptions(0, 0))).rejects.toThrow(refused("broken-file", /stride 0×0/));
		await expect(convolve(convolutionOptions(0, -1))).rejects.toThrow(refused("broken-file", /stride/));
		await expect(convolve(convolutionOptions(2))).rejects.toThrow(refused("broken-file", /unknown padding/));
		await expect(convolve(convolutionOptions(0, 1, 5))).rejects.toThrow(
			refused("not-mobilenet", /the activation sign bit/),
		);
		await expect(convolve(convolutionOptions(0, 1, 77))).rejects.toThrow(
			refused("broken-file", /unknown activation, 77/),
		);
		await expect(convolve(softmaxOptions())).rejects.toThrow(
			refused("broken-file", /options of the type 9 where 1/),
		);
		await expect(convolve(undefined)).rejects.toThrow(
			refused("broken-file", /options of the type 0 where 1/),
		);
	});

	test("whose weights do not fit are refused", async () => {
		const convolve = (weights: MadeTensor, bias?: MadeTensor) =>
			read(makeTensorFlowLite(convolutionModel(convolutionOptions(), weights, bias)));
		await expect(convolve({ ...filters, data: counting(23) })).rejects.toThrow(
			refused(
				"broken-file",
				/its tensor w of type float32 and shape \[3,2,2,2\] should take 96 bytes, but has 92/,
			),
		);
		await expect(convolve({ ...filters, shape: [12, 2] })).rejects.toThrow(refused("broken-file", /4 axes/));
		await expect(convolve({ ...filters, shape: [-3, 2, -2, 2] })).rejects.toThrow(
			refused("broken-file", /w/),
		);
		await expect(convolve({ ...filters, shape: [65536, 65536, 65536, 65536] })).rejects.toThrow(
			refused("broken-file", /w/),
		);
		await expect(convolve({ shape: [3, 2, 2, 2] })).rejects.toThrow(refused("broken-file", /has no data/));
		await expect(convolve({ ...filters, type: "int16" })).rejects.toThrow(
			refused("unsupported", /type int16/),
		);
		await expect(convolve({ ...filters, type: 99 })).rejects.toThrow(
			refused("broken-file", /unknown type, 99/),
		);
		await expect(convolve({ shape: [3, 1, 1, 3], data: counting(9) })).rejects.toThrow(
			refused("broken-file", /3 channels/),
		);
		await expect(convolve(filters, { shape: [2], data: counting(2) })).rejects.toThrow(
			refused("broken-file", /bias/),
		);
		const codes = { ...filters, type: "int8", data: new Int8Array(24) } as const;
		await expect(convolve({ ...codes, scale: [1, 1] })).rejects.toThrow(refused("broken-file", /2 scales/));
		await expect(convolve({ ...codes, scale: [1, 1], dimension: 3 })).rejects.toThrow(
			refused("unsupported", /axis 3/),
		);
		await expect(convolve({ ...codes, scale: [1, 1, 1], zeroPoint: [0, 0] })).rejects.toThrow(
			refused("broken-file", /3 scales, but 2 zero points/),
		);
		for (const scale of [-1, Number.NaN, Number.POSITIVE_INFINITY])
			await expect(convolve({ ...codes, scale: [scale] })).rejects.toThrow(
				refused("broken-file", /no positive number/),
			);
	});
});

describe("other operators", () => {
	const pooled: MadeTensor = { shape: [1, 1, 1, 2] };
	const poolOptions = (height: number, width = height): MadeOperator["options"] => ({
		type: "pool",
		fields: { 0: int8(1), 1: int32(2), 2: int32(2), 3: int32(width), 4: int32(height) },
	});
	const only = async (model: MadeModel) => {
		const { layers } = await read(makeTensorFlowLite(model));
		expect(layers.length).toBe(1);
		return layers[0]!;
	};

	test("greatest values of the whole picture, as MAX_POOL_2D or as REDUCE_MAX", async () => {
		const max = { kind: "pool", name: "out", pooling: "max" };
		expect(await only(single("MAX_POOL_2D", poolOptions(4), picture, pooled))).toEqual(max);
		const axes: MadeTensor = { shape: [2], type: "int32", data: Int32Array.of(1, 2) };
		expect(await only(single("REDUCE_MAX", undefined, picture, { shape: [1, 2] }, axes))).toEqual(max);
		await expect(
			read(makeTensorFlowLite(single("MAX_POOL_2D", poolOptions(2), picture, { shape: [1, 2, 2, 2] }))),
		).rejects.toThrow(refused("not-mobilenet", /max pool out of 2×2 pixels does not take in the whole/));
	});

	test("global pools, as AVERAGE_POOL_2D or as MEAN", async () => {
		expect(await only(single("AVERAGE_POOL_2D", poolOptions(4), picture, pooled))).toEqual({
			kind: "pool",
			name: "out",
		});
		for (const axes of [
			[1, 2],
			[2, 1],
			[-3, -2],
		]) {
			const constant: MadeTensor = { shape: [2], type: "int32", data: Int32Array.from(axes) };
			expect(await only(single("MEAN", undefined, picture, { shape: [1, 2] }, constant))).toMatchObject({
				kind: "pool",
			});
		}
	});

	test("pools that are not global are refused", async () => {
		const model = single("AVERAGE_POOL_2D", poolOptions(2), picture, { shape: [1, 2, 2, 2] });
		await expect(read(makeTensorFlowLite(model))).rejects.toThrow(
			refused(
				"not-mobilenet",
				/its average pool out of 2×2 pixels does not take in the whole of image \(float32 \[1,4,4,2\]\)/,
			),
		);
		const axes: MadeTensor = { shape: [1], type: "int32", data: Int32Array.of(3) };
		await expect(
			read(makeTensorFlowLite(single("MEAN", undefined, picture, { shape: [1, 4, 4] }, axes))),
		).rejects.toThrow(refused("not-mobilenet", /over the axes \[3\]/));
	});

	test("PAD in its order: top, left, bottom, right", async () => {
		const amounts = (...numbers: number[]): MadeTensor => ({
			shape: [4, 2],
			type: "int32",
			data: Int32Array.from(numbers),
		});
		const padded = (constant: MadeTensor) =>
			single("PAD", undefined, picture, { shape: [1, 9, 9, 2] }, constant);
		expect(await only(padded(amounts(0, 0, 1, 2, 3, 4, 0, 0)))).toEqual({
			kind: "pad",
			name: "out",
			padding: [1, 3, 2, 4],
		});
		const long: MadeTensor = {
			shape: [4, 2],
			type: "int64",
			data: BigInt64Array.of(0n, 0n, 0n, 1n, 0n, 1n, 0n, 0n),
		};
		expect(await only(padded(long))).toMatchObject({ padding: [0, 0, 1, 1] });
		await expect(read(makeTensorFlowLite(padded(amounts(0, 0, 1, 1, 1, 1, 0, 3))))).rejects.toThrow(
			refused("not-mobilenet", /only height and width/),
		);
		await expect(read(makeTensorFlowLite(padded(amounts(0, 0, -1, 1, 1, 1, 0, 0))))).rejects.toThrow(
			refused("broken-file", /-1/),
		);
		await expect(read(makeTensorFlowLite(padded({ ...amounts(1), shape: [4, 2] })))).rejects.toThrow(
			refused("broken-file", /should be 8 integers, but 4 bytes/),
		);
	});

	test("activations, softmax, and what does nothing to the numbers", async () => {
		expect(await only(single("RELU", undefined, picture, picture))).toMatchObject({
			kind: "activation",
			activation: "relu",
		});
		expect(await only(single("RELU6", undefined, picture, picture))).toMatchObject({ activation: "relu6" });
		const slope: MadeOperator["options"] = { type: "leakyRelu", fields: { 0: float32(0.25) } };
		expect(await only(single("LEAKY_RELU", slope, picture, picture))).toMatchObject({
			activation: "leakyRelu",
			slope: 0.25,
		});
		expect(await only(single("SOFTMAX", softmaxOptions(), picture, picture))).toMatchObject({
			kind: "softmax",
		});
		for (const [code, activation] of [
			["TANH", "tanh"],
			["LOGISTIC", "sigmoid"],
		] as const)
			expect(await only(single(code, undefined, picture, picture))).toMatchObject({ activation });
		expect(await only(single("RESHAPE", undefined, picture, picture))).toMatchObject({ kind: "shape" });
		await expect(
			read(makeTensorFlowLite(single("SOFTMAX", softmaxOptions(0.5), picture, picture))),
		).rejects.toThrow(refused("unsupported", /beta of 0\.5/));
	});

	test("dense layers", async () => {
		const options = (format: number, activation = 0): MadeOperator["options"] => ({
			type: "fullyConnected",
			fields: { 0: int8(activation), 1: int8(format) },
		});
		const weights: MadeTensor = { shape: [3, 32], data: counting(96) };
		const model = (format: number) =>
			single("FULLY_CONNECTED", options(format), picture, { shape: [1, 3] }, weights);
		// A picture is taken as a row without being told.
		expect((await read(makeTensorFlowLite(model(0)))).layers).toMatchObject([
			{ kind: "flatten", order: "hwc" },
			{ kind: "dense", weight: { tensor: { shape: [3, 32], data: counting(96) } } },
		]);
		await expect(read(makeTensorFlowLite(model(1)))).rejects.toThrow(refused("unsupported", /shuffled/));
	});

	test("RESHAPE to a shape that operators compute", async () => {
		const model: MadeModel = {
			tensors: [picture, { shape: [1, 32] }, { shape: [4], type: "int32" }, { shape: [2], type: "int32" }],
			operators: [
				{ code: "SHAPE", inputs: [0], outputs: [2] },
				{ code: "STRIDED_SLICE", inputs: [2], outputs: [3] },
				{ code: "RESHAPE", inputs: [0, 3], outputs: [1] },
			],
			outputs: [1],
		};
		expect(await only(model)).toMatchObject({ kind: "flatten", order: "hwc" });
		// Nothing of integers.
		expect(await read(makeTensorFlowLite(model))).not.toHaveProperty("rounding");
	});
});

describe("the input", () => {
	const relu: MadeOperator = { code: "RELU", inputs: [0], outputs: [1] };
	const model = (image: MadeTensor, next: MadeTensor = image): MadeModel => ({
		tensors: [image, next],
		operators: [relu],
		outputs: [1],
	});

	test("of open width and height has no size", async () => {
		const image: MadeTensor = { shape: [1, 1, 1, 3], signature: [-1, -1, -1, 3] };
		const found = await read(makeTensorFlowLite(model(image)));
		expect(found).not.toHaveProperty("size");
		expect(found.inputChannels).toBe(3);
	});

	test("that is no square picture is refused", async () => {
		const given = (image: MadeTensor) => read(makeTensorFlowLite(model({ name: "image", ...image })));
		await expect(given({ shape: [1, 64, 32, 3] })).rejects.toThrow(refused("unsupported", /64×32 pixels/));
		await expect(given({ shape: [1, 10] })).rejects.toThrow(
			refused("not-mobilenet", /its input image \(float32 \[1,10\]\) is no picture/),
		);
		await expect(given({ shape: [1, 4, 4, 2 ** 30] })).rejects.toThrow(
			refused("not-mobilenet", /no picture/),
		);
		await expect(given({ shape: [1, 0, 0, 3] })).rejects.toThrow(refused("broken-file", /input/));
		await expect(given({ shape: [1, 4, 4, 3], type: "int16" })).rejects.toThrow(
			refused("unsupported", /float32, int8 or uint8/),
		);
		await expect(given({ shape: [1, 4, 4, 3], type: "int8" })).rejects.toThrow(
			refused("broken-file", /0 scales/),
		);
	});

	test("of floats that the network makes integers of itself gives the codes", async () => {
		const codes: MadeTensor = { ...picture, type: "int8", scale: [0.5], zeroPoint: [3] };
		const found = await read(
			makeTensorFlowLite({ ...model(picture, codes), operators: [{ ...relu, code: "QUANTIZE" }] }),
		);
		expect(found.input).toEqual({ dtype: "I8", quantization: { scale: [0.5], zeroPoint: [3] } });
		expect(found.layers).toEqual([
			{ kind: "shape", name: "number 1", output: { scale: [0.5], zeroPoint: [3] } },
		]);
		expect(found.notes).toEqual([expect.stringMatching(/^It takes floats/)]);
	});

	test("of integers that the network makes floats of itself says how they are normalized", async () => {
		const codes: MadeTensor = { ...picture, type: "uint8", scale: [1 / 64], zeroPoint: [100] };
		const found = await read(
			makeTensorFlowLite({ ...model(codes, picture), operators: [{ ...relu, code: "DEQUANTIZE" }] }),
		);
		expect(found).not.toHaveProperty("input");
		expect(found.preprocessing).toEqual({ mean: [100], std: [64] });
	});
});

describe("graphs that are no chain", () => {
	const tensors: readonly MadeTensor[] = [
		{ name: "image", ...picture },
		{ name: "a", ...picture },
		{ name: "sum", ...picture },
	];
	const relu: MadeOperator = { code: "RELU", inputs: [0], outputs: [1] };
	const made = (model: Partial<MadeModel>) =>
		read(makeTensorFlowLite({ tensors, operators: [relu], outputs: [1], ...model }));

	test("are refused by the operator where branches meet", async () => {
		const add: MadeOperator = { code: "ADD", inputs: [1, 0], outputs: [2] };
		await expect(made({ operators: [relu, add], outputs: [2] })).rejects.toThrow(
			refused(
				"not-mobilenet",
				/^model\.tflite holds no MobileNet v1: the file is sound, but its ADD sum joins two branches where a chain was expected; it looks like MobileNet v2\.$/,
			),
		);
	});

	test("are refused by the names of new and of custom operators", async () => {
		await expect(made({ operators: [{ ...relu, code: "HARD_SWISH" }] })).rejects.toThrow(
			refused("not-mobilenet", /HARD_SWISH.*MobileNet v3\.$/),
		);
		await expect(made({ operators: [{ ...relu, code: "CUMSUM" }] })).rejects.toThrow(
			refused("not-mobilenet", /CUMSUM/),
		);
		const custom = { custom: "TFLite_Detection\nPostProcess" };
		await expect(made({ operators: [{ ...relu, code: custom }] })).rejects.toThrow(
			refused("not-mobilenet", /CUSTOM \(TFLite_Detection\?PostProcess\)/),
		);
	});

	test("are refused by what they are for", async () => {
		const custom = (name: string, outputs = [1]) =>
			made({ operators: [{ ...relu, code: { custom: name } }], outputs });
		await expect(custom("edgetpu-custom-op")).rejects.toThrow(
			refused("unsupported", /compiled for the Edge TPU.*without _edgetpu/),
		);
		await expect(custom("TFLite_Detection_PostProcess", [1, 0, 0, 0])).rejects.toThrow(
			refused("not-mobilenet", /detects objects/),
		);
	});

	test("are refused with several inputs, outputs or subgraphs, or another version", async () => {
		await expect(made({ inputs: [0, 1] })).rejects.toThrow(refused("not-mobilenet", /2 inputs where one/));
		await expect(made({ outputs: [1, 1, 1, 1] })).rejects.toThrow(
			refused("not-mobilenet", /4 outputs where one/),
		);
		await expect(made({ outputs: [] })).rejects.toThrow(refused("not-mobilenet", /0 outputs where one/));
		await expect(made({ subgraphs: 2 })).rejects.toThrow(refused("unsupported", /2 subgraphs/));
		await expect(made({ subgraphs: 0 })).rejects.toThrow(refused("broken-file", /no graph/));
		await expect(made({ version: 2 })).rejects.toThrow(refused("unsupported", /version 2/));
	});

	test("are refused where they go in a circle, come from nowhere or name what is not there", async () => {
		const relus = (...pairs: readonly (readonly [number, number])[]): MadeOperator[] =>
			pairs.map(([from, to]) => ({ code: "RELU", inputs: [from], outputs: [to] }));
		await expect(made({ operators: relus([2, 1], [1, 2]) })).rejects.toThrow(
			refused("broken-file", /in a circle/),
		);
		await expect(made({ operators: relus([2, 1]) })).rejects.toThrow(
			refused("broken-file", /no operator makes its tensor sum/),
		);
		await expect(made({ operators: relus([0, 1], [0, 1]) })).rejects.toThrow(
			refused("broken-file", /two operators/),
		);
		await expect(made({ operators: relus([0, 99]) })).rejects.toThrow(refused("broken-file", /tensor 99/));
		await expect(made({ operators: relus([-7, 1]) })).rejects.toThrow(refused("broken-file", /tensor -7/));
		await expect(made({ outputs: [1000] })).rejects.toThrow(refused("broken-file", /tensor 1000/));
	});

	test("of weights that are computed are refused", async () => {
		const model = convolutionModel(convolutionOptions());
		const operators: MadeOperator[] = [{ code: "RELU", inputs: [3], outputs: [2] }, ...model.operators];
		const computed = model.tensors.map((tensor, i) =>
			i === 2 ? { name: "w", shape: [3, 2, 2, 2] } : tensor,
		);
		await expect(made({ tensors: computed, operators })).rejects.toThrow(
			refused("not-mobilenet", /its tensor w is computed where weights were expected/),
		);
	});
});

describe("what a model carries", () => {
	const labels = strToU8("background\ntench, Tinca tinca\ngoldfish\n");
	const normalized = makeMetadata({ mean: [10, 20], std: [2, 4] });
	const relu: MadeOperator = { code: "RELU", inputs: [0], outputs: [1] };
	const made = (
		metadata: Uint8Array | undefined,
		files: Record<string, Uint8Array> | undefined,
		image: MadeTensor = picture,
	) => {
		const model = makeTensorFlowLite({
			tensors: [image, image],
			operators: [relu],
			outputs: [1],
			...(metadata && { metadata }),
		});
		return files ? new Uint8Array([...model, ...zipSync(files)]) : model;
	};

	test("normalization of its metadata", async () => {
		expect((await read(made(normalized, undefined))).preprocessing).toEqual({ mean: [10, 20], std: [2, 4] });
		expect(await read(made(makeMetadata({}), undefined))).not.toHaveProperty("preprocessing");
	});

	test("normalization of integer pictures, unless the codes are the pixels anyway", async () => {
		const codes = (type: "uint8" | "int8", scale: number, zero: number): MadeTensor => ({
			...picture,
			type,
			scale: [scale],
			zeroPoint: [zero],
		});
		const usual = makeMetadata({ mean: [127.5], std: [127.5] });
		// As Google's quantized networks have it: (x − 127.5) / 127.5 in words, (x − 128) / 128 in codes.
		for (const image of [
			codes("uint8", 1 / 128, 128),
			codes("int8", 1 / 127.5, -1),
			codes("int8", 1 / 127.5, 0),
		])
			expect(await read(made(usual, undefined, image))).not.toHaveProperty("preprocessing");
		const found = await read(made(normalized, undefined, codes("uint8", 1 / 128, 128)));
		expect(found.preprocessing).toEqual({ mean: [10, 20], std: [2, 4] });
		expect(found.input?.dtype).toBe("U8");
	});

	test("labels in the file that metadata name", async () => {
		const metadata = makeMetadata({
			files: [
				{ name: "readme.txt", type: 1 },
				{ name: "de.txt", type: 2, locale: "de" },
				{ name: "names.csv", type: 2 },
			],
		});
		const files = { "names.csv": labels, "labels.txt": strToU8("wrong"), "de.txt": strToU8("falsch") };
		const found = await read(made(metadata, files));
		expect(found.labels?.map(({ name }) => name)).toEqual(["background", "tench", "goldfish"]);
		const absent = await read(made(metadata, undefined));
		expect(absent).not.toHaveProperty("labels");
		expect(absent.notes).toEqual(['Its metadata name the label file "names.csv", which is not attached.']);
	});

	test("labels in a file of the usual name", async () => {
		const named = async (files: Record<string, Uint8Array>) =>
			(await read(made(undefined, files))).labels?.length;
		expect(await named({ "labels.txt": labels })).toBe(3);
		expect(await named({ "labels.txt": labels, "old_labels.txt": strToU8("a") })).toBe(3);
		expect(await named({ "imagenet_labels.txt": labels, "readme.md": strToU8("a") })).toBe(3);
		expect(await named({ "a_labels.txt": labels, "b_labels.txt": labels })).toBeUndefined();
		expect(await named({ "readme.md": labels })).toBeUndefined();
	});

	test("labels that make no sense are left out and said to be", async () => {
		const found = await read(made(undefined, { "labels.txt": strToU8("a\n\nb\n") }));
		expect(found).not.toHaveProperty("labels");
		expect(found.notes).toEqual([expect.stringMatching(/^Its labels are left out: .*line 2/)]);
	});

	test("metadata or archives that are damaged are refused", async () => {
		await expect(read(made(makeMetadata({ identifier: "M002" }), undefined))).rejects.toThrow(
			refused("broken-file", /^model\.tflite \(its metadata\): the characters M001/),
		);
		await expect(read(made(normalized.subarray(0, 12), undefined))).rejects.toThrow(
			refused("broken-file", /its metadata/),
		);
		const file = made(undefined, { "labels.txt": strToU8("abc\n".repeat(100)) });
		const start = makeTensorFlowLite({ tensors: [picture, picture], operators: [relu], outputs: [1] }).length;
		file.fill(0xff, start + 40, start + 44);
		await expect(read(file)).rejects.toThrow(refused("broken-file", /"labels\.txt" in the zip archive/));
	});
});

describe("files that ask for more than they are", () => {
	test("by many layers that share one tensor's bytes", async () => {
		const weights: MadeTensor = { shape: [250, 10, 10, 10], data: new Float32Array(250_000) };
		const image: MadeTensor = { shape: [1, 4, 4, 10] };
		const count = 200;
		const tensors: MadeTensor[] = [image, weights];
		const operators: MadeOperator[] = [];
		for (let i = 0; i < count; i++) {
			tensors.push({ ...image }, { shape: weights.shape, bufferOf: 1 });
			operators.push({
				code: "CONV_2D",
				inputs: [i === 0 ? 0 : 2 * i, 2 * i + 3],
				outputs: [2 * i + 2],
				options: convolutionOptions()!,
			});
		}
		const file = makeTensorFlowLite({ tensors, operators, outputs: [2 * count] });
		await expect(read(file)).rejects.toThrow(refused("broken-file", /far more memory than its \d+ bytes/));
	});

	test("by labels that unpack to many times their size", async () => {
		const model = makeTensorFlowLite({
			tensors: [picture, picture],
			operators: [{ code: "RELU", inputs: [0], outputs: [1] }],
			outputs: [1],
		});
		const file = new Uint8Array([...model, ...zipSync({ "labels.txt": new Uint8Array(5_000_000).fill(10) })]);
		await expect(read(file)).rejects.toThrow(refused("broken-file", /more than the \d+ that are allowed/));
	});
});

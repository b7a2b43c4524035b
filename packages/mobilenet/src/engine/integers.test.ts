import { describe, expect, test } from "vitest";
import { leastWord } from "../kernels/reference/int8-lookup.ts";
import { configure } from "../network/configuration.ts";
import { isConvolution, layers } from "../network/layers.ts";
import { type Model, usualPreprocessing } from "../weights/model.ts";
import { namesOf, outputNames } from "../weights/names.ts";
import { partsOf, weightedParts } from "../weights/parts.ts";
import { float32, int32, sizeOf, type Tensor } from "../weights/tensor.ts";
import { runsInIntegers } from "./arithmetic.ts";
import { hasByteWeights, integers, lookup, wordsOf } from "./integers.ts";
import { int8Plan } from "./plans/int8.ts";

// 8 channels in every layer.
const configuration = configure({ alpha: 0.01, size: 32, depth: "shallow", classes: 2, inputChannels: 1 });

const f32 = (...data: number[]): Tensor => float32(data);
const i32 = (...data: number[]): Tensor => int32(data);

/** A quantized network: scales of 1/64 for activations and 1/32 for weights, which are all `code` with the zero point 3. */
function modelWith(
	dtype: "I8" | "U8",
	code: number,
	changes: Readonly<Record<string, Tensor | undefined>> = {},
): Model {
	const tensors = new Map<string, Tensor>([
		["input.scale", f32(1 / 64)],
		["input.zero_point", i32(1)],
	]);
	for (const layer of layers(configuration)) {
		if (layer.kind === "pool") continue;
		const { weightShape: shape, outputChannels } = layer;
		const [names, output] = [namesOf(layer), outputNames(layer)];
		const data = (dtype === "I8" ? new Int8Array(sizeOf(shape)) : new Uint8Array(sizeOf(shape))).fill(code);
		tensors.set(names.weight, { dtype, shape, data } as Tensor);
		tensors.set(names.bias, i32(...new Array<number>(outputChannels).fill(7)));
		tensors.set(names.codes.scale, f32(1 / 32));
		tensors.set(names.codes.zeroPoint, i32(3));
		tensors.set(output.scale, f32(1 / 64));
		tensors.set(output.zeroPoint, i32(2));
	}
	for (const [name, tensor] of Object.entries(changes))
		if (tensor) tensors.set(name, tensor);
		else tensors.delete(name);
	return {
		configuration,
		tensors,
		preprocessing: usualPreprocessing(1),
		source: { format: "test", assumed: [], notes: [] },
	};
}
const numbers = (model: Model, name: string) => [...model.tensors.get(name)!.data];

describe("a model runs in integers", () => {
	test("if it is fully quantized", () => {
		expect(runsInIntegers(modelWith("I8", 5))).toBe(true);
		expect(runsInIntegers(modelWith("U8", 5, { "stem.conv.bias": undefined }))).toBe(true);
	});

	test.each([
		["weights", { "stem.conv.weight": f32(1) }],
		["a bias", { "blocks.0.depthwise.conv.bias": f32(1) }],
	])("but not with %s in float", (_, changes) => {
		expect(runsInIntegers(modelWith("I8", 5, changes))).toBe(false);
	});

	test.each(["input.scale", "blocks.3.pointwise.output.scale", "classifier.output.scale"])(
		"but not without %s",
		(name) => expect(runsInIntegers(modelWith("I8", 5, { [name]: undefined }))).toBe(false),
	);

	test("but with leaky ReLU, which is a table, only where codes before it are known", () => {
		const leaky = configure({ ...configuration, activation: "leakyRelu", leakySlope: 0.1 });
		expect(runsInIntegers({ ...modelWith("I8", 5), configuration: leaky })).toBe(false);
		const convolutions = layers(configuration).filter((layer) => isConvolution(layer));
		const linear = convolutions.flatMap(({ name }) => [
			[`${name}.linear.scale`, f32(1 / 32)] as const,
			[`${name}.linear.zero_point`, i32(0)] as const,
		]);
		const known = modelWith("I8", 5, Object.fromEntries(linear));
		expect(runsInIntegers({ ...known, configuration: leaky })).toBe(true);
	});
});

describe("words", () => {
	const wordsIn = (model: Model, layer: string) => wordsOf(partsOf(model)).get(layer);

	test("of 8 bits with and without a sign, less their zero point", () => {
		expect(wordsIn(modelWith("U8", 5), "stem")).toEqual({ scale: 1 / 64, zeroPoint: 2, low: -2, high: 253 });
		expect(wordsIn(modelWith("I8", 5), "input")).toEqual({
			scale: 1 / 64,
			zeroPoint: 1,
			low: -129,
			high: 126,
		});
	});

	test("of a pool without its own codes are those that it takes", () => {
		const model = modelWith("I8", 5, { "blocks.7.pointwise.output.scale": f32(1 / 16) });
		expect(wordsIn(model, "pool")?.scale).toBe(1 / 16);
		const own = { "pool.output.scale": f32(1), "pool.output.zero_point": i32(0) };
		expect(wordsIn(modelWith("I8", 5, own), "pool")?.scale).toBe(1);
	});

	test("that the model lacks are refused", () => {
		expect(() => wordsIn(modelWith("I8", 5, { "input.scale": undefined }), "input")).toThrow(
			"input.scale must hold one number, but it is missing.",
		);
	});

	test.each([
		[{ "stem.output.scale": f32(0) }, "stem.output.scale must be a positive number, not 0."],
		[{ "stem.output.scale": f32(Number.NaN) }, "stem.output.scale must be a positive number, not NaN."],
		[
			{ "stem.output.zero_point": i32(128) },
			"stem.output.zero_point must be a code from -128 to 127, not 128.",
		],
		[
			{ "stem.conv.zero_point": i32(-129) },
			"stem.conv.zero_point must hold codes from -128 to 127, not -129.",
		],
		[{ "stem.conv.scale": f32(-1) }, "stem.conv.scale must hold positive numbers."],
	])("without meaning are refused: %o", (changes, message) => {
		expect(() => integers(modelWith("I8", 5, changes))).toThrow(message);
	});
});

test("weights are bytes with a sign where they are of int8 and no channel has a zero point", () => {
	const of = (dtype: "I8" | "U8", ...zeroPoint: number[]) =>
		hasByteWeights(
			weightedParts(modelWith(dtype, 5, { "classifier.zero_point": i32(...zeroPoint) })).at(-1)!,
		);
	expect(of("I8", 0)).toBe(true);
	expect(of("I8", 0, 0)).toBe(true);
	expect(of("I8", 0, 1)).toBe(false);
	expect(of("U8", 0)).toBe(false);
});

describe("the model in integers", () => {
	const model = integers(modelWith("I8", 5));

	test("has weights minus their zero point, a single one or one per channel", () => {
		expect(new Set(numbers(model, "blocks.0.pointwise.conv.weight"))).toEqual(new Set([2]));
		const perChannel = modelWith("I8", 5, { "classifier.zero_point": i32(0, -3) });
		const weights = numbers(integers(perChannel), "classifier.weight");
		expect(new Set(weights.slice(0, weights.length / 2))).toEqual(new Set([5]));
		expect(new Set(weights.slice(weights.length / 2))).toEqual(new Set([8]));
	});

	test("has a bias for every layer, in float for the depthwise ones", () => {
		expect(model.tensors.get("stem.conv.bias")).toMatchObject({ dtype: "I32" });
		expect(model.tensors.get("blocks.0.depthwise.conv.bias")).toMatchObject({ dtype: "F32" });
		expect(
			numbers(integers(modelWith("I8", 5, { "classifier.bias": undefined })), "classifier.bias"),
		).toEqual([0, 0]);
	});

	test("multiplies by scale of input · scale of weights / scale of output, once", () => {
		// 1/64 · 1/32 / (1/64)
		expect(numbers(model, "classifier.multipliers")).toEqual([1 / 32, 1, 1 / 32, 1]);
		expect(numbers(model, "pool.rescale")).toEqual([1, 0.5]);
	});

	test("in fixed point multiplies by a mantissa from ½ to 1 and shifts", () => {
		const scale = { "classifier.scale": f32(3 / 64, 2) };
		const fixed = integers({ ...modelWith("I8", 5, scale), rounding: "reference" });
		// 3/64 = 0.75 · 2^-4; 2 has no shift.
		expect(numbers(fixed, "classifier.multipliers")).toEqual([0.75, 2 ** -4 * (1 + 2 ** -23), 2, 1]);
	});

	test("in fixed point pools codes including their zero point, whose share is a whole number", () => {
		const pool = { "pool.output.scale": f32(1 / 88), "pool.output.zero_point": i32(0) };
		const fixed = integers({ ...modelWith("I8", 5, pool), rounding: "reference" });
		// The zero point 2 is 2.75 codes in the pool's scale; 3 are subtracted.
		const [factor, half] = numbers(fixed, "pool.rescale");
		expect(factor).toBeCloseTo(1.375, 6);
		expect(half).toBeCloseTo(0.25, 6);
	});
});

/**
 * What LiteRT 2.3 gives out for the codes −128 to 127 of a layer of TensorFlow 2.21's converter:
 *
 *   keras.Sequential([keras.Input((256,)), keras.layers.Activation(name)])
 *   # representative_dataset np.linspace(-3.1, 2.7, 256) and np.linspace(-5.3, 7.9, 256), TFLITE_BUILTINS_INT8, int8 io
 */
const tables = {
	tanh: {
		from: { scale: 0.022745098918676376, zeroPoint: 8 },
		to: { scale: 1 / 128, zeroPoint: 0 },
		codes: [
			-127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127, -127,
			-127, -127, -127, -127, -127, -127, -127, -126, -126, -126, -126, -126, -126, -126, -126, -126, -126,
			-126, -125, -125, -125, -125, -125, -125, -125, -124, -124, -124, -124, -124, -124, -123, -123, -123,
			-123, -123, -122, -122, -122, -121, -121, -121, -121, -120, -120, -119, -119, -119, -118, -118, -117,
			-117, -116, -116, -115, -115, -114, -114, -113, -112, -112, -111, -110, -109, -109, -108, -107, -106,
			-105, -104, -103, -102, -101, -100, -99, -98, -96, -95, -94, -92, -91, -89, -88, -86, -85, -83, -81,
			-80, -78, -76, -74, -72, -70, -68, -66, -64, -61, -59, -57, -55, -52, -50, -47, -45, -42, -39, -37, -34,
			-31, -29, -26, -23, -20, -17, -14, -12, -9, -6, -3, 0, 3, 6, 9, 12, 14, 17, 20, 23, 26, 29, 31, 34, 37,
			39, 42, 45, 47, 50, 52, 55, 57, 59, 61, 64, 66, 68, 70, 72, 74, 76, 78, 80, 81, 83, 85, 86, 88, 89, 91,
			92, 94, 95, 96, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 109, 110, 111, 112, 112, 113,
			114, 114, 115, 115, 116, 116, 117, 117, 118, 118, 119, 119, 119, 120, 120, 121, 121, 121, 121, 122, 122,
			122, 123, 123, 123, 123, 123, 124, 124, 124, 124, 124, 124, 125, 125, 125, 125, 125, 125, 125, 126, 126,
			126, 126, 126, 126, 126, 126, 126, 126, 126, 127, 127, 127, 127, 127, 127, 127,
		],
	},
	sigmoid: {
		from: { scale: 0.05176470801234245, zeroPoint: -26 },
		to: { scale: 1 / 256, zeroPoint: -128 },
		codes: [
			-127, -127, -127, -126, -126, -126, -126, -126, -126, -126, -126, -126, -126, -125, -125, -125, -125,
			-125, -125, -125, -124, -124, -124, -124, -124, -123, -123, -123, -123, -122, -122, -122, -121, -121,
			-121, -120, -120, -119, -119, -119, -118, -118, -117, -116, -116, -115, -115, -114, -113, -113, -112,
			-111, -110, -109, -108, -107, -106, -105, -104, -103, -102, -101, -99, -98, -97, -95, -94, -92, -90,
			-89, -87, -85, -83, -81, -79, -77, -75, -73, -71, -68, -66, -63, -61, -58, -56, -53, -50, -47, -44, -42,
			-39, -35, -32, -29, -26, -23, -20, -16, -13, -10, -7, -3, 0, 3, 7, 10, 13, 16, 20, 23, 26, 29, 32, 35,
			39, 42, 44, 47, 50, 53, 56, 58, 61, 63, 66, 68, 71, 73, 75, 77, 79, 81, 83, 85, 87, 89, 90, 92, 94, 95,
			97, 98, 99, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 113, 114, 115, 115, 116,
			116, 117, 118, 118, 119, 119, 119, 120, 120, 121, 121, 121, 122, 122, 122, 123, 123, 123, 123, 124, 124,
			124, 124, 124, 125, 125, 125, 125, 125, 125, 125, 126, 126, 126, 126, 126, 126, 126, 126, 126, 126, 127,
			127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
			127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
			127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
		],
	},
} as const;

describe("activations as tables", () => {
	test.each(["tanh", "sigmoid"] as const)("%s has TensorFlow Lite's codes", (activation) => {
		const { from, to, codes } = tables[activation];
		const wide = configure({ headLayers: [{ units: 4, activation }] });
		const layer = layers(wide).find(({ name }) => name === "head.0")!;
		const words = ({ scale, zeroPoint }: { scale: number; zeroPoint: number }) => ({
			...{ scale, zeroPoint, low: -128 - zeroPoint, high: 127 - zeroPoint },
		});
		const table = lookup(layer, { configuration: wide }, words(from), words(to));
		const given = codes.map((_, i) => table[i - 128 - from.zeroPoint - leastWord]! + to.zeroPoint);
		expect(given).toEqual(codes);
	});
});

/**
 * Leaky ReLU of slope 0.1 for the codes −128 to 127: what onnxruntime 1.32's QLinearLeakyRelu gives out, of scales at which
 * many lie just between two codes; and what LiteRT 2.3 gives out for keras.layers.LeakyReLU, made as the tables above.
 */
const leakyTables = {
	onnxruntime: {
		from: { scale: 0.046875, zeroPoint: -7 },
		to: { scale: 0.03125, zeroPoint: -100 },
		codes: [
			-118, -118, -118, -118, -118, -117, -117, -117, -117, -117, -117, -116, -116, -116, -116, -116, -116,
			-116, -115, -115, -115, -115, -115, -115, -115, -114, -114, -114, -114, -114, -114, -114, -113, -113,
			-113, -113, -113, -113, -112, -112, -112, -112, -112, -112, -112, -111, -111, -111, -111, -111, -111,
			-110, -110, -110, -110, -110, -110, -110, -109, -109, -109, -109, -109, -109, -109, -108, -108, -108,
			-108, -108, -108, -108, -107, -107, -107, -107, -107, -107, -106, -106, -106, -106, -106, -106, -106,
			-105, -105, -105, -105, -105, -105, -104, -104, -104, -104, -104, -104, -104, -103, -103, -103, -103,
			-103, -103, -103, -102, -102, -102, -102, -102, -102, -102, -101, -101, -101, -101, -101, -101, -100,
			-100, -100, -100, -98, -97, -96, -94, -92, -91, -90, -88, -86, -85, -84, -82, -80, -79, -78, -76, -74,
			-73, -72, -70, -68, -67, -66, -64, -62, -61, -60, -58, -56, -55, -54, -52, -50, -49, -48, -46, -44, -43,
			-42, -40, -38, -37, -36, -34, -32, -31, -30, -28, -26, -25, -24, -22, -20, -19, -18, -16, -14, -13, -12,
			-10, -8, -7, -6, -4, -2, -1, 0, 2, 4, 5, 6, 8, 10, 11, 12, 14, 16, 17, 18, 20, 22, 23, 24, 26, 28, 29,
			30, 32, 34, 35, 36, 38, 40, 41, 42, 44, 46, 47, 48, 50, 52, 53, 54, 56, 58, 59, 60, 62, 64, 65, 66, 68,
			70, 71, 72, 74, 76, 77, 78, 80, 82, 83, 84, 86, 88, 89, 90, 92, 94, 95, 96, 98, 100, 101,
		],
	},
	xnnpack: {
		from: { scale: 0.05176470801234245, zeroPoint: -26 },
		to: { scale: 0.03305882588028908, zeroPoint: -112 },
		codes: [
			-128, -128, -128, -127, -127, -127, -127, -127, -127, -127, -126, -126, -126, -126, -126, -126, -125,
			-125, -125, -125, -125, -125, -124, -124, -124, -124, -124, -124, -124, -123, -123, -123, -123, -123,
			-123, -122, -122, -122, -122, -122, -122, -122, -121, -121, -121, -121, -121, -121, -120, -120, -120,
			-120, -120, -120, -119, -119, -119, -119, -119, -119, -119, -118, -118, -118, -118, -118, -118, -117,
			-117, -117, -117, -117, -117, -117, -116, -116, -116, -116, -116, -116, -115, -115, -115, -115, -115,
			-115, -114, -114, -114, -114, -114, -114, -114, -113, -113, -113, -113, -113, -113, -112, -112, -112,
			-112, -110, -109, -107, -106, -104, -103, -101, -99, -98, -96, -95, -93, -92, -90, -89, -87, -85, -84,
			-82, -81, -79, -78, -76, -74, -73, -71, -70, -68, -67, -65, -63, -62, -60, -59, -57, -56, -54, -52, -51,
			-49, -48, -46, -45, -43, -42, -40, -38, -37, -35, -34, -32, -31, -29, -27, -26, -24, -23, -21, -20, -18,
			-16, -15, -13, -12, -10, -9, -7, -5, -4, -2, -1, 1, 2, 4, 5, 7, 9, 10, 12, 13, 15, 16, 18, 20, 21, 23,
			24, 26, 27, 29, 31, 32, 34, 35, 37, 38, 40, 42, 43, 45, 46, 48, 49, 51, 52, 54, 56, 57, 59, 60, 62, 63,
			65, 67, 68, 70, 71, 73, 74, 76, 78, 79, 81, 82, 84, 85, 87, 89, 90, 92, 93, 95, 96, 98, 99, 101, 103,
			104, 106, 107, 109, 110, 112, 114, 115, 117, 118, 120, 121, 123, 125, 126, 127,
		],
	},
} as const;

test.each(["onnxruntime", "xnnpack"] as const)("leaky ReLU has the codes of %s", (rounding) => {
	const leaky = configure({ ...configuration, activation: "leakyRelu", leakySlope: 0.1 });
	const [stem] = layers(leaky);
	const { from, to, codes } = leakyTables[rounding];
	const words = ({ scale, zeroPoint }: { scale: number; zeroPoint: number }) => ({
		...{ scale, zeroPoint, low: -128 - zeroPoint, high: 127 - zeroPoint },
	});
	const table = lookup(stem!, { configuration: leaky, rounding }, words(from), words(to));
	const given = codes.map((_, i) => table[i - 128 - from.zeroPoint - leastWord]! + to.zeroPoint);
	expect(given).toEqual(codes);
});

describe("what a pool of integers may do", () => {
	const pooled = (pooling: "average" | "max" | "none", scale: number): Model => {
		const model = modelWith("I8", 5, { "pool.output.scale": f32(scale), "pool.output.zero_point": i32(2) });
		return { ...model, configuration: configure({ ...configuration, pooling }) };
	};

	test("only a mean gives out other codes than it takes", () => {
		expect(runsInIntegers(pooled("average", 1 / 32))).toBe(true);
		for (const pooling of ["max", "none"] as const) {
			expect(runsInIntegers(pooled(pooling, 1 / 64))).toBe(true);
			expect(runsInIntegers(pooled(pooling, 1 / 32))).toBe(false);
		}
	});

	test("a row of numbers that is longer than a band is a band of one row", () => {
		// 10 channels of 160 × 160 pixels.
		const wide = configure({ ...configuration, size: 5120, pooling: "none" });
		const row = layers(wide).at(-1)!;
		const weight: Tensor = {
			dtype: "I8",
			shape: row.weightShape,
			data: new Int8Array(sizeOf(row.weightShape)),
		};
		const zero = i32(0);
		const given = modelWith("I8", 5, { "classifier.weight": weight, "classifier.zero_point": zero });
		const model = { ...given, configuration: wide };
		const { steps } = int8Plan(model, { build: "relaxed", batch: 1, bytes: true });
		const step = steps.find(({ operation }) => operation === "int8BytePointwise")!;
		expect(step.layer).toBe("classifier");
		expect(step.operands).toMatchObject({ inputChannels: 256_000, bandRows: 1 });
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainFor, changed, refusal, usualWriting, type Writing } from "../../../test/support/chain.ts";
import { type Configuration, configure } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import { checkTensors } from "../../weights/check.ts";
import type { Quantization } from "../../weights/parts.ts";
import { filled, sizeOf, type Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer } from "./chain.ts";
import { recognize } from "./recognize.ts";

/** α small, so that the tests are quick. */
const small = configure({ alpha: 0.25, size: 64, classes: 5, dropout: 0 });

type Convolution = Extract<ChainLayer, { kind: "convolution" }>;
type BatchNorm = Extract<ChainLayer, { kind: "batchNorm" }>;
type Dense = Extract<ChainLayer, { kind: "dense" }>;

describe("a chain made from a configuration is recognized", () => {
	const writing: fc.Arbitrary<Writing> = fc.record({
		zeros: fc.constantFrom("word", "numbers", "layer"),
		batchNorm: fc.boolean(),
		classifier: fc.constantFrom("dense", "convolution"),
	});
	const configuration: fc.Arbitrary<Configuration> = fc
		.record({
			alpha: fc.oneof(
				fc.constantFrom(1, 0.75, 0.5, 0.25, 0.35, 1.5, 0.1),
				fc.integer({ min: 1, max: 1500 }).map((n) => n / 1000),
				fc.double({ min: 0.01, max: 1.5, noNaN: true }),
			),
			size: fc.integer({ min: 32, max: 320 }),
			inputChannels: fc.integer({ min: 1, max: 4 }),
			classes: fc.integer({ min: 2, max: 40 }),
			depth: fc.constantFrom("full", "shallow"),
			padding: fc.constantFrom("same", "symmetric"),
			lastBlock: fc.constantFrom("stride1", "stride2"),
			channelRounding: fc.constantFrom("floor", "divisible8"),
			activation: fc.constantFrom("relu6", "relu", "leakyRelu"),
			epsilon: fc.constantFrom(1e-3, 1e-5, 0),
			momentum: fc.constantFrom(0.01, 0.1),
			head: fc.boolean(),
			output: fc.constantFrom("softmax", "logits"),
			dropout: fc.constantFrom(0, 0.001, 0.2),
		} satisfies { [F in keyof Configuration]?: fc.Arbitrary<Configuration[F]> })
		.map((fields) => configure(fields));

	test("to the same table of layers, and to the same conventions", () => {
		fc.assert(
			fc.property(configuration, writing, (given, written) => {
				const model = recognize(chainFor(given, written));
				expect(layers(model.configuration)).toEqual(layers(given));
				checkTensors(model);
				const { activation, leakySlope, head, dropout, epsilon, momentum } = model.configuration;
				expect({ activation, leakySlope, head, dropout }).toEqual({
					activation: given.activation,
					leakySlope: given.leakySlope,
					head: given.head,
					dropout: given.dropout,
				});
				if (written.batchNorm)
					expect({ epsilon, momentum }).toEqual({ epsilon: given.epsilon, momentum: given.momentum });
				if (head) expect(model.configuration.output).toBe(given.output);
			}),
			{ numRuns: 60 },
		);
	});

	test("whatever its α says, the usual one is preferred", () => {
		for (const alpha of [1, 0.75, 0.5, 0.25])
			for (const channelRounding of ["floor", "divisible8"] as const)
				expect(recognize(chainFor(configure({ ...small, alpha, channelRounding }))).configuration.alpha).toBe(
					alpha,
				);
		expect(recognize(chainFor(configure({ ...small, alpha: 0.35 }))).configuration).toMatchObject({
			alpha: 0.35,
			channelRounding: "floor",
		});
	});

	test("at a size where several paddings lay the same zeros, with the one that the file names", () => {
		const read = (configuration: Configuration, zeros: Writing["zeros"]) =>
			recognize(chainFor(configuration, { zeros, batchNorm: true, classifier: "dense" })).configuration
				.padding;
		// 33 → 17 → 9 → 5 → 3: TensorFlow's zeros are one on every side.
		const odd = configure({ ...small, size: 33 });
		expect(layers(odd)).toEqual(
			layers(configure({ ...odd, padding: "symmetric", stemPadding: "symmetric" })),
		);
		expect([read(odd, "word"), read(odd, "numbers"), read(odd, "layer")]).toEqual([
			...["same", "symmetric", "symmetric"],
		]);
		// 64 → 32 → 16 → 8 → 4: they are Keras's.
		expect(layers(small)).toEqual(layers(configure({ ...small, padding: "keras", stemPadding: "keras" })));
		expect([read(small, "word"), read(small, "numbers"), read(small, "layer")]).toEqual([
			...["same", "keras", "keras"],
		]);
	});

	test("with the padding of its first convolution, where that is another", () => {
		const sizes = [96, 130, 150, 180, 200, 224, 300];
		const paddings = ["same", "symmetric", "keras"] as const;
		for (const size of sizes)
			for (const padding of paddings)
				for (const stemPadding of paddings) {
					const given = configure({ ...small, size, padding, stemPadding });
					const { configuration } = recognize(chainFor(given));
					expect(layers(configuration)).toEqual(layers(given));
					// A word is kept as it is, and so are numbers beside a word.
					if (padding === "same") expect(configuration).toMatchObject({ padding, stemPadding });
				}
	});

	test("whose zeros are numbers that only TensorFlow's rule explains", () => {
		// 150 → 75 → 38 → 19 → 10 → 5: some sides are odd, others even.
		const given = configure({ ...small, size: 150 });
		const { configuration } = recognize(chainFor(given, { ...usualWriting, zeros: "numbers" }));
		expect(configuration).toMatchObject({ padding: "same", stemPadding: "same" });
	});

	test("without a size it has 224, which is marked as assumed", () => {
		const { size: _, ...found } = chainFor(configure({ ...small, size: 160 }));
		const model = recognize(found);
		expect(model.configuration.size).toBe(224);
		expect(model.source.assumed).toEqual(["size", "mean", "std", "channelOrder", "filter", "fit"]);
	});

	test("that ends with the last block", () => {
		const found = changed(chainFor(configure({ ...small, head: false })), "pool", () => undefined);
		const model = recognize(found);
		expect(model.configuration.head).toBe(false);
		expect(model.source.notes).toEqual(["It ends with the last block; the average pool after it is added."]);
	});

	test("with its tensors under their canonical names, in order", () => {
		const values = (found: Chain): string[] =>
			[...recognize(found).tensors].map(([name, { data }]) => `${name} ${data[0]}`);
		const whole = values(chainFor(small));
		expect(whole.slice(0, 6)).toEqual([
			"stem.conv.weight 1",
			"stem.bn.weight 2",
			"stem.bn.bias 3",
			"stem.bn.running_mean 4",
			"stem.bn.running_var 5",
			"blocks.0.depthwise.conv.weight 6",
		]);
		expect(whole.slice(-2)).toEqual(["classifier.weight 136", "classifier.bias 137"]);
		const folded = values(chainFor(small, { zeros: "layer", batchNorm: false, classifier: "convolution" }));
		expect(folded.slice(0, 3)).toEqual([
			"stem.conv.weight 1",
			"stem.conv.bias 2",
			"blocks.0.depthwise.conv.weight 3",
		]);
		expect(folded).toHaveLength(56);
	});

	test("that has a bias before a batch norm, and a batch norm without scale and shift", () => {
		let found = changed(chainFor(small), "stem.conv", (layer: Convolution) => ({
			...layer,
			bias: { tensor: filled([8], 7) },
		}));
		found = changed(found, "stem.bn", ({ weight: _, bias: __, ...layer }: BatchNorm) => layer);
		const { tensors } = recognize(found);
		expect(tensors.get("stem.conv.bias")).toEqual(filled([8], 7));
		expect(tensors.get("stem.bn.weight")).toEqual(filled([8], 1));
		expect(tensors.get("stem.bn.bias")).toEqual(filled([8], 0));
	});

	test("whose convolution has neither bias nor batch norm", () => {
		const found = changed(chainFor(small), "blocks.3.pointwise.bn", () => undefined);
		expect(recognize(found).tensors.get("blocks.3.pointwise.conv.bias")).toEqual(filled([64], 0));
	});

	test("whose constants went through float32", () => {
		const found = chainFor(small);
		const rounded = found.layers.map((layer) =>
			layer.kind === "batchNorm" ? { ...layer, epsilon: Math.fround(1e-3), momentum: 1 - 0.99 } : layer,
		);
		expect(recognize({ ...found, layers: rounded }).configuration).toMatchObject({
			epsilon: 1e-3,
			momentum: 0.01,
		});
	});

	test("with a first convolution over one channel stored as depthwise", () => {
		const found = changed(
			chainFor(configure({ ...small, inputChannels: 1 })),
			"stem.conv",
			(layer: Convolution) => ({
				...layer,
				storedAsDepthwise: true,
			}),
		);
		const model = recognize(found);
		expect(model.tensors.get("stem.conv.weight")?.shape).toEqual([8, 1, 3, 3]);
		expect(model.source.notes).toEqual([
			"Its first convolution (stem.conv) is stored as a depthwise one with a multiplier, over one channel.",
		]);
	});

	test("whose dense layers are multiplied into one", () => {
		const found = changed(chainFor(small), "classifier", (layer: Dense) => [
			layer,
			{ kind: "dropout", name: "between", rate: 0.5 },
			{
				kind: "dense",
				name: "top",
				weight: {
					tensor: { dtype: "F32", shape: [2, 5], data: Float32Array.of(1, 2, 3, 4, 5, 0, 0, -1, 0, 0) },
				},
				bias: { tensor: { dtype: "F32", shape: [2], data: Float32Array.of(10, 20) } },
			},
		]);
		const model = recognize(found);
		const [w, b] = [136, 137];
		// The dropout between them is none before the classifier.
		expect(model.configuration).toMatchObject({ classes: 2, dropout: 0 });
		expect(model.tensors.get("classifier.weight")?.shape).toEqual([2, 256]);
		expect(model.tensors.get("classifier.weight")?.data[255]).toBe(15 * w);
		expect(model.tensors.get("classifier.weight")?.data[256]).toBe(-w);
		expect([...model.tensors.get("classifier.bias")!.data]).toEqual([15 * b + 10, -b + 20]);
		expect(model.source.notes).toEqual([
			"It has 2 dense layers with nothing between them (classifier, top); they are multiplied into one.",
		]);
	});
});

describe("labels and preprocessing", () => {
	const names = (n: number) => Array.from({ length: n }, (_, i) => ({ name: `class ${i}` }));

	test("labels go into the model where they fit, and into a note where not", () => {
		expect(recognize({ ...chainFor(small), labels: names(5) }).labels).toEqual(names(5));
		const model = recognize({ ...chainFor(small), labels: names(4) });
		expect(model.labels).toBeUndefined();
		expect(model.source.notes).toEqual(["Its 4 labels do not fit its 5 outputs and are left out."]);
		const background = recognize({
			...chainFor(configure({ ...small, classes: 1001 })),
			labels: names(1000),
		});
		expect(background.labels?.slice(0, 2)).toEqual([{ name: "background" }, { name: "class 0" }]);
	});

	test("what the file says is taken, the rest assumed", () => {
		const model = recognize({
			...chainFor(small),
			preprocessing: { mean: [0], std: [255], channelOrder: "bgr" },
		});
		expect(model.preprocessing).toEqual({
			mean: [0, 0, 0],
			std: [255, 255, 255],
			channelOrder: "bgr",
			filter: "pillow-bilinear",
			fit: "stretch",
		});
		expect(model.source.assumed).toEqual(["filter", "fit"]);
	});

	test("nonsense is refused", () => {
		expect(refusal({ ...chainFor(small), preprocessing: { std: [0] } })).toContain(
			"broken-file: network.bin: its preprocessing.std",
		);
		expect(refusal({ ...chainFor(small), preprocessing: { mean: [1, 2] } })).toContain(
			"its preprocessing.mean",
		);
	});
});

describe("integers", () => {
	const one = (scale: number, zeroPoint = 0): Quantization => ({ scale: [scale], zeroPoint: [zeroPoint] });

	/** The folded chain in integers: weights per channel, activations of scale 0.5, an input as TensorFlow's. */
	function integers(weights: "I8" | "U8", input: "I8" | "U8"): Chain {
		const found = chainFor(small, { zeros: "word", batchNorm: false, classifier: "dense" });
		const inputScale = 0.0078125;
		let scale = inputScale;
		const quantized = found.layers.map((layer): ChainLayer => {
			if (layer.kind !== "convolution" && layer.kind !== "dense") return layer;
			const outputs = layer.weight.tensor.shape[0]!;
			const weightScales = Array.from({ length: outputs }, (_, c) => (c + 1) / 64);
			const codes = layer.weight.tensor.data.length;
			const tensor: Tensor =
				weights === "I8"
					? { dtype: "I8", shape: layer.weight.tensor.shape, data: new Int8Array(codes).fill(-3) }
					: { dtype: "U8", shape: layer.weight.tensor.shape, data: new Uint8Array(codes).fill(130) };
			const biasScale = { scale: weightScales.map((s) => s * scale), zeroPoint: [0] };
			scale = 0.5;
			return {
				...layer,
				weight: { tensor, quantization: { scale: weightScales, zeroPoint: [weights === "I8" ? 0 : 128] } },
				bias: {
					tensor: { dtype: "I32", shape: [outputs], data: new Int32Array(outputs).fill(9) },
					quantization: biasScale,
				},
				output: one(0.5, 3),
			};
		});
		return {
			...found,
			layers: quantized,
			input: { dtype: input, quantization: one(inputScale, input === "U8" ? 128 : 0) },
		};
	}

	test("stay integers, with their scales beside them", () => {
		const { tensors } = recognize(integers("U8", "U8"));
		expect(tensors.get("stem.conv.weight")?.dtype).toBe("U8");
		expect(tensors.get("stem.conv.scale")).toEqual({
			dtype: "F32",
			shape: [8],
			data: Float32Array.from({ length: 8 }, (_, c) => (c + 1) / 64),
		});
		expect(tensors.get("stem.conv.zero_point")).toEqual({
			dtype: "I32",
			shape: [1],
			data: Int32Array.of(128),
		});
		expect(tensors.get("blocks.2.depthwise.conv.bias")?.dtype).toBe("I32");
		expect(tensors.get("blocks.2.depthwise.output.zero_point")?.data[0]).toBe(3);
		expect(tensors.get("classifier.output.scale")?.data[0]).toBe(0.5);
		expect(tensors.get("input.scale")?.data[0]).toBe(0.0078125);
		checkTensors(recognize(integers("U8", "U8")));
	});

	test("the input's codes are of the weights' type: a uint8 picture before int8 layers is shifted", () => {
		const zero = (found: Chain) => recognize(found).tensors.get("input.zero_point")?.data[0];
		expect(zero(integers("U8", "U8"))).toBe(128);
		expect(zero(integers("I8", "I8"))).toBe(0);
		expect(zero(integers("I8", "U8"))).toBe(0);
	});

	test("the input's scale and zero point are its preprocessing, as they are", () => {
		// real = scale · (code − zero point): uint8 codes are pixels, int8 codes are pixels − 128.
		const uint8 = recognize(integers("U8", "U8"));
		expect(uint8.preprocessing).toMatchObject({ mean: [128, 128, 128], std: [128, 128, 128] });
		expect(uint8.source.assumed).toEqual(["channelOrder", "filter", "fit"]);
		const scale = Math.fround(0.007843138);
		const found = changed(integers("I8", "I8"), "stem.conv", ({ bias: _, ...layer }: Convolution) => layer);
		const int8 = recognize({ ...found, input: { dtype: "I8", quantization: one(scale, -1) } });
		expect(int8.preprocessing).toMatchObject({
			mean: [127, 127, 127],
			std: [1 / scale, 1 / scale, 1 / scale],
		});
		expect(int8.tensors.get("stem.conv.bias")).toEqual({ dtype: "I32", shape: [8], data: new Int32Array(8) });
	});

	test("a scale of a bias that is not the product is refused", () => {
		const found = changed(integers("I8", "I8"), "blocks.1.depthwise.conv", (layer: Convolution) => ({
			...layer,
			bias: { ...layer.bias!, quantization: one(1) },
		}));
		expect(refusal(found)).toContain(
			"broken-file: network.bin: the bias of the layer blocks.1.depthwise.conv has the scale 1",
		);
	});

	test("integers without a scale, or with a senseless one, are refused", () => {
		const weightless = (quantization: Quantization | undefined) =>
			changed(integers("I8", "I8"), "stem.conv", ({ weight, ...layer }: Convolution) => ({
				...layer,
				weight: { tensor: weight.tensor, ...(quantization && { quantization }) },
			}));
		expect(refusal(weightless(undefined))).toContain("of the type I8 without a scale");
		expect(refusal(weightless(one(0)))).toContain("is quantized with 0");
		expect(refusal(weightless(one(1, 1000)))).toContain("is quantized with 1000");
		expect(refusal(weightless({ scale: [1, 2], zeroPoint: [0] }))).toContain(
			"has 2 scales where one or 8 were expected",
		);
		expect(refusal(weightless({ scale: [], zeroPoint: [] }))).toContain("has 0 scales");
		const { input, ...floats } = integers("I8", "I8");
		expect(refusal(floats)).toContain("the bias of the layer stem.conv is of the type I32");
	});

	test("of two dense layers the first is one of the head", () => {
		const found = changed(integers("I8", "I8"), "classifier", (layer: Dense) => [
			layer,
			{
				...layer,
				name: "top",
				weight: {
					tensor: { dtype: "I8", shape: [2, 5], data: new Int8Array(10).fill(7) },
					quantization: one(0.25),
				},
				bias: {
					tensor: { dtype: "I32", shape: [2], data: Int32Array.of(1, -1) },
					quantization: one(0.25 * 0.5),
				},
			},
		]);
		const model = recognize(found);
		expect(model.configuration).toMatchObject({
			classes: 2,
			headLayers: [{ units: 5, activation: "none" }],
		});
		expect(model.tensors.get("head.0.weight")).toMatchObject({ dtype: "I8", shape: [5, 256] });
		expect(model.tensors.get("head.0.output.scale")?.data[0]).toBe(0.5);
		expect(model.tensors.get("classifier.weight")).toMatchObject({ dtype: "I8", shape: [2, 5] });
		checkTensors(model);
	});
});

describe("another network is refused with what was found instead", () => {
	const relu6 = (name: string): ChainLayer => ({ kind: "activation", name, activation: "relu6" });
	const convolution = (name: string, shape: readonly number[], groups = 1, stride = 1): Convolution => ({
		kind: "convolution",
		name,
		weight: { tensor: filled(shape, 1) },
		groups,
		stride: [stride, stride],
		padding: "same",
	});
	const chain = (...chained: ChainLayer[]): Chain => ({
		name: "network.bin",
		format: "Test",
		layers: chained,
		size: 64,
	});
	const stem = [convolution("Conv1", [32, 3, 3, 3], 1, 2), relu6("Conv1_relu")];

	test("MobileNet v2, at its expansion and at its narrowing", () => {
		const expand = convolution("block_1_expand", [96, 32, 1, 1]);
		const project = convolution("block_1_project", [16, 96, 1, 1]);
		const depthwise = convolution("block_1_depthwise", [96, 1, 3, 3], 96);
		expect(refusal(chain(...stem, expand, relu6("a"), depthwise, relu6("b"), project))).toBe(
			"not-mobilenet: network.bin holds no MobileNet v1: after the first convolution comes a 1×1 convolution with 96 outputs where a 3×3 depthwise one was expected (layer block_1_expand); it looks like MobileNet v2.",
		);
		const first = [convolution("expanded_conv_depthwise", [32, 1, 3, 3], 32), relu6("c")];
		expect(
			refusal(chain(...stem, ...first, convolution("expanded_conv_project", [16, 32, 1, 1]), expand)),
		).toBe(
			"not-mobilenet: network.bin holds no MobileNet v1: a 1×1 convolution with 16 outputs has no activation after it where ReLU6, ReLU or leaky ReLU was expected (layer expanded_conv_project); it looks like MobileNet v2.",
		);
	});

	test("MobileNet v2 of integers, where only narrowing convolutions have codes far below 0", () => {
		const codes = (layer: Convolution, zeroPoint: number): Convolution => {
			const { shape } = layer.weight.tensor;
			const tensor: Tensor = { dtype: "U8", shape, data: new Uint8Array(sizeOf(shape)) };
			return {
				...layer,
				weight: { tensor, quantization: { scale: [1], zeroPoint: [128] } },
				output: { scale: [0.0235], zeroPoint: [zeroPoint] },
			};
		};
		const layers = [
			codes(convolution("Conv1", [32, 3, 3, 3], 1, 2), 0),
			codes(convolution("depthwise", [32, 1, 3, 3], 32), 0),
			codes(convolution("project", [16, 32, 1, 1]), 132),
			codes(convolution("expand", [96, 16, 1, 1]), 0),
		];
		expect(refusal(chain(...layers))).toBe(
			"not-mobilenet: network.bin holds no MobileNet v1: a 1×1 convolution with 16 outputs has no activation after it where ReLU6, ReLU or leaky ReLU was expected (layer project); it looks like MobileNet v2.",
		);
	});

	test("a network of plain convolutions, of larger ones, of none", () => {
		expect(refusal(chain(...stem, convolution("conv2", [64, 32, 3, 3]), relu6("r")))).toContain(
			"after the first convolution comes a 3×3 convolution with 64 outputs where a 3×3 depthwise one was expected (layer conv2).",
		);
		expect(refusal(chain(convolution("conv1", [64, 3, 7, 7], 1, 2), relu6("r")))).toContain(
			"at the start comes a 7×7 convolution with 64 outputs where a 3×3 convolution was expected (layer conv1)",
		);
		expect(refusal(chain(...stem, convolution("dw", [32, 1, 5, 5], 32), relu6("r")))).toContain(
			"comes a 5×5 depthwise convolution with 32 outputs where a 3×3 depthwise one was expected (layer dw); it looks like MobileNet v3 or EfficientNet.",
		);
		expect(refusal(chain(...stem, convolution("grouped", [64, 8, 3, 3], 4), relu6("r")))).toContain(
			"a 3×3 grouped (4 groups) convolution",
		);
		expect(refusal(chain({ kind: "dense", name: "d", weight: { tensor: filled([2, 3], 1) } }))).toContain(
			"it has no convolutions",
		);
		expect(refusal(chain())).toContain("it has no convolutions");
	});

	test("a depthwise convolution with a multiplier within a block", () => {
		expect(refusal(chain(...stem, convolution("dw", [64, 1, 3, 3], 32), relu6("r")))).toContain(
			"unsupported: network.bin: its depthwise convolutions have a depth multiplier of 2 (layer dw), and only those of 1 are supported.",
		);
	});

	test("too few blocks, a chain that ends within one", () => {
		const found = chainFor(small);
		const upTo = (name: string) =>
			found.layers.slice(0, found.layers.findIndex((layer) => layer.name === name) + 1);
		expect(refusal({ ...found, layers: upTo("blocks.4.pointwise.activation") })).toBe(
			"unsupported: network.bin: it is a MobileNet v1 cut off after 5 of its 13 blocks, and only the whole network is supported, or the shallow one of 8.",
		);
		expect(refusal({ ...found, layers: upTo("blocks.2.pointwise.activation") })).toBe(
			"not-mobilenet: network.bin holds no MobileNet v1: it has 3 depthwise separable blocks, where 13 were expected, or 8 in the shallow network.",
		);
		expect(refusal({ ...found, layers: upTo("blocks.4.depthwise.activation") })).toContain(
			"after blocks.4.depthwise it ends where a 1×1 one was expected",
		);
	});

	test("something else where the pool, the classifier or the end should be", () => {
		const found = chainFor(small);
		expect(refusal(changed(found, "pool", () => undefined))).toContain(
			"after blocks.12.pointwise comes a dense layer with 5 outputs where an average pool over the whole picture was expected (layer classifier)",
		);
		expect(refusal(changed(found, "classifier", () => undefined))).toBe(
			"unsupported: network.bin: after the pool comes a softmax where a dense layer or a 1×1 convolution was expected (layer softmax).",
		);
		expect(refusal(changed(found, "softmax", (layer) => [layer, layer]))).toContain(
			"after the softmax comes a softmax where the end was expected",
		);
		expect(
			refusal(changed(found, "pool", (layer) => [layer, convolution("top", [64, 256, 3, 3])])),
		).toContain("after the pool comes a 3×3 convolution with 64 outputs where a dense layer,");
	});

	test("other strides and other zeros", () => {
		const found = chainFor(small);
		expect(
			refusal(
				changed(found, "blocks.3.depthwise.conv", (layer: Convolution) => ({ ...layer, stride: [1, 1] })),
			),
		).toContain(
			"the layer blocks.3.depthwise.conv (blocks.3.depthwise) has stride 1×1 and zeros [1, 1, 1, 1] (top, left, bottom, right) on 16×16 pixels where stride 2 and zeros [0, 0, 1, 1] were expected",
		);
		expect(
			refusal(changed(found, "stem.conv", (layer: Convolution) => ({ ...layer, padding: [1, 1, 0, 0] }))),
		).toContain("zeros [1, 1, 0, 0]");
		expect(
			refusal(
				changed(found, "blocks.12.depthwise.conv", (layer: Convolution) => ({ ...layer, stride: [2, 2] })),
			),
		).toContain("(blocks.12.depthwise) has stride 2×2");
	});

	test("different activations and slopes", () => {
		const found = chainFor(small);
		const relu = (layer: ChainLayer): ChainLayer => ({ ...layer, kind: "activation", activation: "relu" });
		expect(refusal(changed(found, "blocks.5.pointwise.activation", relu))).toContain(
			"the layer blocks.5.pointwise.conv is followed by relu where the layers before it have relu6",
		);
		expect(refusal(changed(found, "blocks.5.pointwise.activation", () => undefined))).toContain(
			"has no activation after it",
		);
		const leaky = chainFor(configure({ ...small, activation: "leakyRelu" }));
		const steep = (layer: ChainLayer): ChainLayer => ({
			...layer,
			kind: "activation",
			activation: "leakyRelu",
			slope: 0.3,
		});
		expect(refusal(changed(leaky, "blocks.5.pointwise.activation", steep))).toContain(
			"a leaky ReLU of slope 0.3",
		);
	});

	test("different epsilons", () => {
		const found = changed(chainFor(small), "blocks.1.depthwise.bn", (layer: BatchNorm) => ({
			...layer,
			epsilon: 1e-5,
		}));
		expect(refusal(found)).toBe(
			"unsupported: network.bin: its batch norms have different epsilons, 0.001 in stem.bn and 0.00001 in blocks.1.depthwise.bn, where a network has one.",
		);
	});

	test("channels that no α gives, and the first convolution's that α leaves alone", () => {
		const found = chainFor(configure({ ...small, alpha: 0.5 }));
		const unscaled = changed(
			changed(found, "stem.conv", (layer: Convolution) => ({
				...layer,
				weight: { tensor: filled([32, 3, 3, 3], 1) },
			})),
			"stem.bn",
			(layer: BatchNorm) => ({
				...layer,
				weight: filled([32], 1),
				bias: filled([32], 1),
				mean: filled([32], 1),
				variance: filled([32], 1),
			}),
		);
		const widened = ["blocks.0.depthwise.conv", "blocks.0.depthwise.bn", "blocks.0.pointwise.conv"].reduce(
			(chained, name) =>
				changed(chained, name, (layer: Convolution | BatchNorm) => {
					if (layer.kind === "batchNorm")
						return {
							...layer,
							weight: filled([32], 1),
							bias: filled([32], 1),
							mean: filled([32], 1),
							variance: filled([32], 1),
						};
					const [outputs, , height, width] = layer.weight.tensor.shape as [number, number, number, number];
					return height === 3
						? { ...layer, groups: 32, weight: { tensor: filled([32, 1, height, width], 1) } }
						: { ...layer, weight: { tensor: filled([outputs, 32, height, width], 1) } };
				}),
			unscaled,
		);
		expect(refusal(widened)).toBe(
			"unsupported: network.bin: its first convolution has all 32 channels where its blocks have α = 0.5 (as older code of the tutorial does it), and a configuration's α scales every layer.",
		);
		const strange = chainFor({ ...small, alpha: 0.25 });
		const odd = changed(
			changed(
				changed(strange, "blocks.12.pointwise.conv", (layer: Convolution) => ({
					...layer,
					weight: { tensor: filled([300, 256, 1, 1], 1) },
				})),
				"blocks.12.pointwise.bn",
				() => undefined,
			),
			"classifier",
			(layer: Dense) => ({ ...layer, weight: { tensor: filled([5, 300], 1) } }),
		);
		expect(refusal(odd)).toContain(
			"unsupported: network.bin: its first convolution and its blocks have 8, 16, 32",
		);
	});

	test("a size that is none, and one that is too small", () => {
		expect(refusal({ ...chainFor(small), size: 0 })).toContain("broken-file");
		expect(refusal({ ...chainFor(small), size: 31.5 })).toContain("31.5 pixels");
		const { size: _, ...sizeless } = chainFor(small);
		expect(refusal({ ...sizeless, shape: [96, 128] })).toBe(
			"unsupported: network.bin: its input is 128×96 pixels (width×height), and only networks of square pictures are supported.",
		);
		expect(recognize({ ...sizeless, shape: [64, 64] }).configuration.size).toBe(64);
		expect(refusal(chainFor({ ...small, size: 31 }))).toContain("its size must be a whole number from 32");
	});
});

describe("weights that contradict their layers are refused by name", () => {
	const found = chainFor(small);
	const weightOf = (name: string, tensor: Tensor) =>
		changed(found, name, (layer: Convolution) => ({ ...layer, weight: { tensor } }));

	test("shapes", () => {
		expect(refusal(weightOf("blocks.2.pointwise.conv", filled([32, 31, 1, 1], 1)))).toBe(
			"broken-file: network.bin: the weights of the layer blocks.2.pointwise.conv have the shape [32,31,1,1] where [32,32,1,1] was expected.",
		);
		expect(refusal(weightOf("stem.conv", filled([8, 3, 3], 1)))).toContain(
			"the weights of the layer stem.conv have the shape [8,3,3] where 4 numbers above 0 were expected",
		);
		expect(refusal({ ...found, inputChannels: 4 })).toContain("[8,4,3,3] was expected");
		expect(refusal(weightOf("classifier", filled([5, 255], 1)))).toContain(
			"the weights of the layer classifier",
		);
		expect(refusal(weightOf("classifier", filled([1280], 1)))).toContain(
			"the weights of the layer classifier",
		);
		expect(
			refusal(changed(found, "stem.bn", (layer: BatchNorm) => ({ ...layer, mean: filled([7], 1) }))),
		).toContain("the running mean of the layer stem.bn has the shape [7] where [8] was expected");
	});

	test("shapes of nothing, which could still ask for loops and memory", () => {
		const nothing = (...shape: number[]): Tensor => ({ dtype: "F32", shape, data: new Float32Array(0) });
		for (const shape of [
			[1e15, 1, 1, 0],
			[0, 3, 3, 3],
			[-1, -1, 0, 3],
			[1.5, 0, 3, 3],
		])
			expect(refusal(weightOf("stem.conv", nothing(...shape)))).toContain(
				"where 4 numbers above 0 were expected",
			);
		const twice = changed(found, "classifier", (layer: Dense) => [
			layer,
			{ kind: "dense", name: "top", weight: { tensor: nothing(1e15, 0) } },
		]);
		expect(refusal(twice)).toContain("the weights of the layer top have the shape [1000000000000000,0]");
	});

	test("lengths", () => {
		const tensor: Tensor = { dtype: "F32", shape: [8, 3, 3, 3], data: new Float32Array(215) };
		expect(refusal(weightOf("stem.conv", tensor))).toContain(
			"should be 216 numbers of the shape [8,3,3,3], but there are 215",
		);
	});

	test("what is no number, in every kind of float", () => {
		const strange: Tensor[] = [
			{ dtype: "F32", shape: [8, 3, 3, 3], data: new Float32Array(216).fill(Number.NaN, 200) },
			{ dtype: "F16", shape: [8, 3, 3, 3], data: new Uint16Array(216).fill(0xfc00, 200) },
			{ dtype: "BF16", shape: [8, 3, 3, 3], data: new Uint16Array(216).fill(0x7f80, 200) },
		];
		for (const tensor of strange)
			expect(refusal(weightOf("stem.conv", tensor))).toContain("are not all numbers: the one at 200 is");
	});

	test("a negative variance", () => {
		const variance = filled([8], 1);
		variance.data[5] = -1e-9;
		const broken = changed(found, "stem.bn", (layer: BatchNorm) => ({ ...layer, variance }));
		expect(refusal(broken)).toContain("the batch norm stem.bn has a negative variance at channel 5");
	});

	test("groups and strides that are no numbers of anything", () => {
		const stride = changed(found, "stem.conv", (layer: Convolution) => ({
			...layer,
			stride: [0, Number.NaN],
		}));
		expect(refusal(stride)).toContain(
			"broken-file: network.bin: the convolution stem.conv has 1 groups and the stride [0,null]",
		);
	});
});

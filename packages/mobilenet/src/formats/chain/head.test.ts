import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainFor, changed, refusal, usualWriting } from "../../../test/support/chain.ts";
import { type Configuration, configure, type HeadActivation } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import { checkTensors } from "../../weights/check.ts";
import type { Model } from "../../weights/model.ts";
import { partsOf } from "../../weights/parts.ts";
import { filled, float32, type Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer } from "./chain.ts";
import { recognize } from "./recognize.ts";

/** A network of 4 features a pixel, and 2×2 pixels after the last block. */
const narrow = configure({
	...{ alpha: 0.004, channelRounding: "truncate", size: 64, classes: 3, dropout: 0 },
});
const features = 4;

/** The network's head with other layers in the place of all after the last block. */
function headed(...head: readonly ChainLayer[]): Chain {
	const chain = chainFor(narrow);
	const end = chain.layers.findIndex(({ kind }) => kind === "pool");
	return { ...chain, layers: [...chain.layers.slice(0, end), ...head] };
}

const pool: ChainLayer = { kind: "pool", name: "pool" };
const softmax: ChainLayer = { kind: "softmax", name: "softmax" };
const dropout = (rate: number): ChainLayer => ({ kind: "dropout", name: "dropout", rate });
const activation = (kind: "relu" | "relu6" | "tanh" | "sigmoid" | "leakyRelu"): ChainLayer => ({
	kind: "activation",
	name: kind,
	activation: kind,
});
/** Different numbers everywhere. */
const numbers = (count: number, from: number): Float32Array =>
	Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + from)));
const dense = (outputs: number, inputs: number, name = "dense"): ChainLayer => ({
	kind: "dense",
	name,
	weight: { tensor: float32(numbers(outputs * inputs, outputs), [outputs, inputs]) },
	bias: { tensor: float32(numbers(outputs, inputs)) },
});

function configurationOf(...head: readonly ChainLayer[]): Partial<Configuration> {
	const model = recognize(headed(...head));
	checkTensors(model);
	const { pooling, head: has, headLayers, output, binary, classes, dropout: rate } = model.configuration;
	return { pooling, head: has, headLayers, output, binary, classes, dropout: rate };
}

describe("heads as people make them", () => {
	test("dense layers with activations between them", () => {
		for (const kind of ["relu", "relu6", "tanh", "sigmoid"] as const)
			expect(
				configurationOf(pool, dense(7, features), activation(kind), dropout(0.25), dense(5, 7), softmax),
			).toEqual({
				...{ pooling: "average", head: true, output: "softmax", binary: false, classes: 5, dropout: 0.25 },
				headLayers: [{ units: 7, activation: kind }],
			});
	});

	test("1×1 convolutions in the place of dense layers", () => {
		const convolution = (outputs: number, inputs: number): ChainLayer => ({
			kind: "convolution",
			name: `${outputs}`,
			weight: { tensor: filled([outputs, inputs, 1, 1], 1) },
			groups: 1,
			stride: [1, 1],
			padding: "same",
		});
		expect(
			configurationOf(pool, convolution(7, features), activation("relu"), convolution(5, 7)),
		).toMatchObject({ headLayers: [{ units: 7, activation: "relu" }], classes: 5, output: "logits" });
	});

	test("a greatest in the place of the average, and none", () => {
		expect(configurationOf({ kind: "pool", name: "max", pooling: "max" }, dense(3, features))).toMatchObject({
			pooling: "max",
		});
		expect(
			configurationOf({ kind: "flatten", name: "flatten", order: "hwc" }, dense(3, 4 * features)),
		).toMatchObject({ pooling: "none" });
		// Behind the pool there is one pixel.
		expect(
			configurationOf(pool, { kind: "flatten", name: "flatten", order: "chw" }, dense(3, features)),
		).toMatchObject({ pooling: "average" });
	});

	test("one output with a sigmoid has two classes, several have one each", () => {
		expect(configurationOf(pool, dense(1, features), activation("sigmoid"))).toMatchObject({
			...{ classes: 2, binary: true, output: "sigmoid", headLayers: [] },
		});
		expect(configurationOf(pool, dense(2, features), activation("sigmoid"))).toMatchObject({
			...{ classes: 2, binary: false, output: "sigmoid" },
		});
	});

	test("one output with nothing after it is taken for a logit, and said to be", () => {
		const { configuration, source } = recognize(headed(pool, dense(1, features)));
		expect(configuration).toMatchObject({ classes: 2, binary: true, output: "logits" });
		expect(source.assumed).toContain("output");
		expect(source.notes).toEqual(["Its single output is taken for the logit of the second of two classes."]);
	});

	test("a softmax over one output answers nothing", () => {
		expect(refusal(headed(pool, dense(1, features), softmax))).toBe(
			"unsupported: network.bin: its softmax is over a single output (layer dense), so that its answer is always 1, whatever the picture.",
		);
	});

	test("the label of a single output stands for what it is and what it is not", () => {
		const chain = headed(pool, dense(1, features), activation("sigmoid"));
		const labels = [{ name: "person", synonyms: ["human"] }];
		expect(recognize({ ...chain, labels }).labels).toEqual([{ name: "not person" }, ...labels]);
		const both = [{ name: "cat" }, { name: "dog" }];
		expect(recognize({ ...chain, labels: both }).labels).toEqual(both);
		const two = recognize({ ...headed(pool, dense(2, features)), labels });
		expect(two.labels).toBeUndefined();
	});

	test("the dropout before the last dense layer counts", () => {
		const rate = (...head: ChainLayer[]): number | undefined => configurationOf(pool, ...head).dropout;
		const [first, last] = [dense(7, features), dense(5, 7)];
		const relu = activation("relu");
		expect(rate(dropout(0.1), first, relu, dropout(0.2), last, dropout(0.3))).toBe(0.2);
		expect(rate(dropout(0.1), first, relu, last)).toBe(0);
		expect(rate(dropout(0.1), first, dropout(0.2), last)).toBe(0.1);
		expect(rate(dropout(0.1))).toBe(0.1);
	});

	test("an activation that finds nothing to do after the last block's", () => {
		expect(configurationOf(pool, activation("relu6"), dense(3, features))).toMatchObject({ headLayers: [] });
		expect(configurationOf(pool, activation("relu"), dense(3, features))).toMatchObject({ headLayers: [] });
	});
});

test("a head that no configuration expresses is refused without denying the network", () => {
	const first = dense(7, features, "first");
	const scaled: ChainLayer = { kind: "affine", name: "scaled", factor: [2], offset: [1] };
	const cases: readonly (readonly [readonly ChainLayer[], string])[] = [
		[
			[pool, first, activation("leakyRelu"), dense(3, 7)],
			"its head has the activation leakyRelu where none, ReLU, ReLU6, tanh or sigmoid was expected (layer leakyRelu)",
		],
		[
			[pool, first, activation("relu")],
			"its last layer is followed by relu where a softmax, a sigmoid or the end was expected (layer relu)",
		],
		[
			[pool, first, activation("relu"), activation("tanh"), dense(3, 7)],
			"after the activation relu comes an activation (tanh) where a dense layer, a 1×1 convolution or the end was expected (layer tanh)",
		],
		[
			[pool, first, activation("relu"), scaled, softmax],
			"after the activation relu comes a softmax where a dense layer or a 1×1 convolution was expected (layer softmax)",
		],
		[
			[pool, scaled],
			"after its last activation its numbers are scaled (layer scaled) where a dense layer or the end was expected",
		],
		[
			[pool, activation("sigmoid"), first],
			"after the pool comes an activation (sigmoid) where a dense layer, a 1×1 convolution or the end was expected (layer sigmoid)",
		],
	];
	for (const [head, sentence] of cases)
		expect(refusal(headed(...head))).toBe(`unsupported: network.bin: ${sentence}.`);
});

test("layers that do not fit each other are broken, before anything is computed", () => {
	expect(refusal(headed({ kind: "flatten", name: "f", order: "chw" }, dense(3, features)))).toBe(
		"broken-file: network.bin: the weights of the layer dense have the shape [3,4] and 12 numbers where [3,16] was expected.",
	);
	expect(refusal(headed(pool, dense(7, features), activation("relu"), dense(3, 8, "top")))).toContain(
		"the weights of the layer top have the shape [3,8] where [3,7] was expected",
	);
	const norm = (count: number): ChainLayer => ({
		...{ kind: "batchNorm", name: "norm", epsilon: 0 },
		...{ mean: filled([count], 1), variance: filled([count], 1) },
	});
	expect(refusal(headed(pool, norm(5), dense(3, features)))).toContain(
		"broken-file: network.bin: the layer norm multiplies and adds [1,1,1,1,1] where one number or 4 were expected",
	);
	const flat: ChainLayer = {
		kind: "batchNorm",
		name: "norm",
		epsilon: 0,
		mean: filled([4], 1),
		variance: filled([4], 0),
	};
	expect(refusal(headed(pool, flat, dense(3, features)))).toContain(
		"the layer norm multiplies and adds [null",
	);
	const nothing: Tensor = { dtype: "F32", shape: [3, 4], data: new Float32Array(2) };
	const short: ChainLayer = { kind: "dense", name: "short", weight: { tensor: nothing } };
	const scaled: ChainLayer = { kind: "affine", name: "scaled", factor: [2], offset: [1] };
	expect(refusal(headed(pool, scaled, short))).toContain(
		"the layer short have the shape [3,4] and 2 numbers",
	);
	expect(refusal(headed(pool, short, scaled))).toContain("but 2 numbers have the shape [3,4]");
});

describe("what is folded answers as what is not", () => {
	const activations: Readonly<Record<HeadActivation, (x: number) => number>> = {
		none: (x) => x,
		relu: (x) => Math.max(x, 0),
		relu6: (x) => Math.min(Math.max(x, 0), 6),
		tanh: Math.tanh,
		sigmoid: (x) => 1 / (1 + Math.exp(-x)),
	};
	const times = (x: readonly number[], weight: Tensor, bias: Tensor): number[] =>
		Array.from(bias.data, (b, o) => x.reduce((sum, v, i) => sum + v * weight.data[o * x.length + i]!, b));

	/** The picture as the chain's own layers take it: [pixels, channels]. */
	function asWritten(picture: readonly (readonly number[])[], head: readonly ChainLayer[]): number[] {
		let pixels = picture.map((pixel) => [...pixel]);
		const scaled = (values: readonly number[], { factor, offset }: Scale): number[] =>
			values.map((v, i) => v * factor[i % factor.length]! + offset[i % offset.length]!);
		for (const layer of head) {
			if (layer.kind === "pool")
				pixels = [
					pixels[0]!.map((_, c) => {
						const values = pixels.map((pixel) => pixel[c]!);
						return layer.pooling === "max"
							? Math.max(...values)
							: values.reduce((a, b) => a + b, 0) / values.length;
					}),
				];
			else if (layer.kind === "flatten")
				pixels = [
					layer.order === "hwc" ? pixels.flat() : pixels[0]!.flatMap((_, c) => pixels.map((p) => p[c]!)),
				];
			else if (layer.kind === "dense")
				pixels = pixels.map((x) => times(x, layer.weight.tensor, layer.bias!.tensor));
			else if (layer.kind === "activation")
				pixels = pixels.map((x) => x.map(activations[layer.activation as HeadActivation]));
			else if (layer.kind === "affine") pixels = pixels.map((x) => scaled(x, layer));
			else if (layer.kind === "batchNorm") {
				const { mean, variance, weight, bias, epsilon } = layer;
				pixels = pixels.map((x) =>
					x.map(
						(v, i) =>
							((v - mean.data[i]!) / Math.sqrt(variance.data[i]! + epsilon)) * weight!.data[i]! +
							bias!.data[i]!,
					),
				);
			}
		}
		return pixels[0]!;
	}
	interface Scale {
		readonly factor: readonly number[];
		readonly offset: readonly number[];
	}

	/** The same picture through the model's head. */
	function asRead({ configuration, tensors }: Model, picture: readonly (readonly number[])[]): number[] {
		const { pooling, headLayers } = configuration;
		const over = (most: boolean): number[] =>
			asWritten(picture, [{ kind: "pool", name: "pool", pooling: most ? "max" : "average" }]);
		let x = pooling === "none" ? picture.flat() : over(pooling === "max");
		const head = partsOf({ configuration, tensors }).layers.filter(({ layer }) => layer.kind === "dense");
		for (const [i, { weight, bias }] of head.entries()) {
			x = times(x, weight!, bias!);
			x = x.map(activations[headLayers[i]?.activation ?? "none"]);
		}
		return x;
	}

	const picture = fc.array(
		fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { minLength: features, maxLength: features }),
		{
			minLength: 4,
			maxLength: 4,
		},
	);
	const scale = fc.record({ first: fc.integer({ min: 1, max: 9 }), norm: fc.boolean(), all: fc.boolean() });
	/** A batch norm or an affine layer over so many numbers. */
	const scaling = (
		count: number,
		{ first, norm, all }: { first: number; norm: boolean; all: boolean },
		positive = false,
	): ChainLayer => {
		const values = (n: number): Float32Array =>
			numbers(n, first).map((v) => (positive ? Math.abs(v) + 0.5 : v));
		if (!norm)
			return {
				...{ kind: "affine", name: "affine" },
				factor: [...values(all ? 1 : count)],
				offset: [...numbers(count, first + 1)],
			};
		return {
			...{ kind: "batchNorm", name: "norm", epsilon: 0.5 },
			...{ weight: float32(values(count)), bias: float32(numbers(count, 1)) },
			...{ mean: float32(numbers(count, 2)), variance: float32(numbers(count, 3).map(Math.abs)) },
		};
	};

	test("batch norms, multiplications, dense layers with nothing between, both orders of flattening", () => {
		const pooling = fc.constantFrom("average", "max", "hwc", "chw");
		const places = fc.record({
			before: fc.option(scale, { nil: undefined }),
			after: fc.option(scale, { nil: undefined }),
			hidden: fc.array(
				fc.record({
					units: fc.integer({ min: 1, max: 6 }),
					scale: fc.option(scale, { nil: undefined }),
					activation: fc.constantFrom<HeadActivation[]>("none", "relu", "relu6", "tanh", "sigmoid"),
					next: fc.option(scale, { nil: undefined }),
				}),
				{ maxLength: 3 },
			),
			end: fc.option(scale, { nil: undefined }),
		});
		fc.assert(
			fc.property(pooling, places, picture, (how, { before, after, hidden, end }, pixels) => {
				const flat = how === "hwc" || how === "chw";
				let width = flat ? 4 * features : features;
				const head: ChainLayer[] = [];
				if (before) head.push(scaling(features, before, true));
				head.push(
					flat
						? { kind: "flatten", name: "flatten", order: how }
						: { kind: "pool", name: "pool", pooling: how },
				);
				if (after) head.push(scaling(width, after));
				for (const { units, scale: own, activation: kind, next } of hidden) {
					head.push(dense(units, width, `dense ${head.length}`));
					if (own) head.push(scaling(units, own));
					if (kind !== "none") head.push(activation(kind));
					if (next) head.push(scaling(units, next));
					width = units;
				}
				head.push(dense(3, width));
				if (end) head.push(scaling(3, end));
				const model = recognize(headed(...head));
				const expected = asWritten(pixels, head);
				for (const [i, value] of asRead(model, pixels).entries()) expect(value).toBeCloseTo(expected[i]!, 3);
			}),
			{ numRuns: 300 },
		);
	});

	test("batch norms are said to be folded", () => {
		const chain = headed(pool, scaling(features, { first: 1, norm: true, all: true }), dense(3, features));
		expect(recognize(chain).source.notes).toEqual([
			"What scales the numbers of its head (norm) is folded into the dense layers beside it.",
		]);
	});

	test("a factor that is not above 0 before a max pool is refused", () => {
		const turned: ChainLayer = { kind: "affine", name: "turned", factor: [-1], offset: [0] };
		expect(refusal(headed(turned, { ...pool, kind: "pool", pooling: "max" }, dense(3, features)))).toBe(
			"unsupported: network.bin: the layer turned multiplies by a number that is not above 0 before a max pool, which cannot be made part of the layers after it.",
		);
	});

	test("dense layers whose product would be far larger than they are stay two", () => {
		const { configuration } = recognize(headed(pool, dense(1, features, "a"), dense(90_000, 1, "b")));
		expect(configuration).toMatchObject({ headLayers: [], classes: 90_000 });
		const wide = configure({ ...narrow, alpha: 0.25, channelRounding: "floor" });
		const chain = chainFor(wide, { ...usualWriting });
		const model = recognize(changed(chain, "classifier", () => [dense(1, 256, "a"), dense(100_000, 1, "b")]));
		expect(model.configuration).toMatchObject({
			headLayers: [{ units: 1, activation: "none" }],
			classes: 100_000,
		});
		expect(
			layers(model.configuration)
				.slice(-2)
				.map(({ name }) => name),
		).toEqual(["head.0", "classifier"]);
	});
});

describe("scalings between a convolution and its activation, as graphs have batch norm taken apart", () => {
	const affine: ChainLayer = { kind: "affine", name: "affine", factor: [2], offset: [3] };
	const convolution = (chain: Chain): ChainLayer & { kind: "convolution" } =>
		chain.layers.find(({ name }) => name === "stem.conv") as never;

	test("are folded into the convolution", () => {
		const chain = chainFor(narrow, { ...usualWriting, batchNorm: false });
		const { bias, weight } = convolution(chain);
		const model = recognize(changed(chain, "stem.conv", (layer: ChainLayer) => [layer, affine]));
		expect(model.tensors.get("stem.conv.weight")?.data).toEqual(
			(weight.tensor.data as Float32Array).map((v) => 2 * v),
		);
		expect(model.tensors.get("stem.conv.bias")?.data).toEqual(
			(bias!.tensor.data as Float32Array).map((v) => 2 * v + 3),
		);
	});

	test("or into its batch norm, where they come after it", () => {
		const chain = chainFor(narrow);
		const before = recognize(chain).tensors;
		const after = recognize(changed(chain, "stem.bn", (layer: ChainLayer) => [layer, affine])).tensors;
		const of = (tensors: typeof before, name: string): number => tensors.get(name)!.data[0]!;
		expect(of(after, "stem.conv.weight")).toBe(of(before, "stem.conv.weight"));
		expect(of(after, "stem.bn.weight")).toBe(2 * of(before, "stem.bn.weight"));
		expect(of(after, "stem.bn.bias")).toBe(2 * of(before, "stem.bn.bias") + 3);
	});

	test("but not into integers", () => {
		const chain = chainFor(narrow, { ...usualWriting, batchNorm: false });
		const codes: Tensor = {
			dtype: "I8",
			shape: convolution(chain).weight.tensor.shape,
			data: new Int8Array(27),
		};
		const integer = changed(chain, "stem.conv", (layer: ChainLayer & { kind: "convolution" }) => [
			{ ...layer, weight: { tensor: codes, quantization: { scale: [1], zeroPoint: [0] } } },
			affine,
		]);
		expect(refusal(integer)).toBe(
			"unsupported: network.bin: a layer beside the layer stem.conv, with no activation between, can be made part of it only in floats, and its weights have the type I8.",
		);
	});
});

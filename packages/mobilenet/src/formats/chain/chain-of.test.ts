import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../base/random.ts";
import { type Configuration, configure, presets } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { type LayerParts, partsOf, tensorsOf } from "../../weights/parts.ts";
import { sizeOf } from "../../weights/tensor.ts";
import { chainOf } from "./chain-of.ts";
import { recognize } from "./recognize.ts";

/** What a chain says of a configuration, whatever it is; the rest is as in the preset that its padding points to. */
const anyConfiguration: fc.Arbitrary<Configuration> = fc
	.record({
		preset: fc.constantFrom("tf", "torch", "tutorial"),
		alpha: fc.constantFrom(0.01, 0.1, 0.25),
		size: fc.integer({ min: 32, max: 96 }),
		depth: fc.constantFrom("full", "shallow"),
		inputChannels: fc.integer({ min: 1, max: 4 }),
		activation: fc.constantFrom("relu6", "relu", "leakyRelu"),
		head: fc.boolean(),
		classes: fc.integer({ min: 1, max: 9 }),
		output: fc.constantFrom("softmax", "logits"),
		dropout: fc.constantFrom(0, 0.001, 0.2),
	} as const)
	.map(({ preset, head, classes, output, ...fields }) =>
		configure({
			...fields,
			preset,
			...(head ? { head, classes, output } : { head, classes: presets[preset].classes, output: "logits" }),
		}),
	);

type Form = "batch norm" | "folded" | "int8" | "int8 per channel" | "uint8";

/** Integers as converters make them of a folded network: codes of anything, scales of anything. */
function quantized(model: Model, type: "int8" | "uint8", perChannel: boolean): Model {
	const { uniform, bits } = random(1);
	const zero = type === "int8" ? -128 : 0;
	const codes = () => ({ scale: Math.fround(uniform() + 0.01), zeroPoint: zero + (bits() & 127) });
	const layers = partsOf(model).layers.map((parts): LayerParts => {
		const { layer, weight } = parts;
		if (!weight) return { layer, ...(uniform() < 0.5 && { output: codes() }) };
		const channels = perChannel ? layer.outputChannels : 1;
		const scale = Array.from({ length: channels }, () => Math.fround(uniform() + 0.01));
		const { shape } = weight;
		const numbers = Array.from({ length: sizeOf(shape) }, () => zero + (bits() & 255));
		return {
			layer,
			weight:
				type === "int8"
					? { dtype: "I8", shape, data: Int8Array.from(numbers) }
					: { dtype: "U8", shape, data: Uint8Array.from(numbers) },
			bias: { dtype: "I32", shape: [shape[0]!], data: Int32Array.from({ length: shape[0]! }, bits) },
			codes: { scale, zeroPoint: scale.map(() => zero + 128) },
			output: codes(),
		};
	});
	return { ...model, tensors: tensorsOf({ input: codes(), layers }) };
}

function made(configuration: Configuration, form: Form): Model {
	const model = initialize(configuration, { seed: 1 });
	if (form === "batch norm") return model;
	const folded = fold(model);
	if (form === "folded") return folded;
	return quantized(folded, form === "uint8" ? "uint8" : "int8", form === "int8 per channel");
}

describe("a model is the same after it was a chain", () => {
	test("in every configuration, folded or not, quantized or not, with all that goes with it", () => {
		const form = fc.constantFrom<Form>("batch norm", "folded", "int8", "int8 per channel", "uint8");
		const beside = fc.record({
			sureFrom: fc.option(fc.constantFrom(0.25, 1), { nil: undefined }),
			rounding: fc.option(fc.constantFrom("xnnpack", "reference"), { nil: undefined }),
			labeled: fc.boolean(),
			mean: fc.double({ min: 0, max: 255, noNaN: true }),
			notes: fc.array(fc.string()),
		} as const);
		fc.assert(
			fc.property(anyConfiguration, form, beside, (configuration, form, given) => {
				const bare = made(configuration, form);
				const { sureFrom, rounding, labeled, mean, notes } = given;
				const { head, classes } = configuration;
				const model: Model = {
					...bare,
					preprocessing: {
						...bare.preprocessing,
						mean: bare.preprocessing.mean.map(() => mean),
						fit: { shorterSide: 9 },
					},
					...(rounding && { rounding }),
					...(sureFrom !== undefined && { sureFrom }),
					...(head &&
						labeled && { labels: Array.from({ length: classes }, (_, i) => ({ name: `class ${i}` })) }),
					source: { format: "any", assumed: ["size", "fit"], notes },
				};
				expect(recognize(chainOf(model))).toEqual(model);
			}),
			{ numRuns: 60 },
		);
	});

	test("with other constants of batch norm, which its chain says", () => {
		const configuration = configure({ alpha: 0.25, size: 32, classes: 2, epsilon: 0.5, momentum: 0.25 });
		const model = made(configuration, "batch norm");
		expect(recognize(chainOf(model))).toEqual(model);
		expect(recognize(chainOf(fold(model))).configuration).toMatchObject({ epsilon: 1e-3, momentum: 0.01 });
	});

	test("with a last block of stride 2 among TensorFlow's conventions", () => {
		const model = made(configure({ alpha: 0.25, size: 64, classes: 2, lastBlock: "stride2" }), "folded");
		expect(recognize(chainOf(model))).toEqual(model);
	});
});

test("a chain's layers are called as their tensors are", () => {
	const { layers } = chainOf(made(configure({ alpha: 0.25, size: 32, classes: 2 }), "batch norm"));
	expect(layers.slice(0, 4).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
		...["convolution stem.conv", "batchNorm stem.bn", "activation stem.activation"],
		"convolution blocks.0.depthwise.conv",
	]);
	expect(layers.slice(-4).map(({ name }) => name)).toEqual(["pool", "dropout", "classifier", "softmax"]);
});

test("a bias of integers has the scale of its input times that of its weights", () => {
	const model = made(configure({ alpha: 0.25, size: 32, classes: 2 }), "int8 per channel");
	const { input, layers } = chainOf(model);
	const [stem] = layers;
	const scale = (name: string): Float32Array => model.tensors.get(name)!.data as Float32Array;
	expect(input).toEqual({
		dtype: "I8",
		quantization: {
			scale: [scale("input.scale")[0]],
			zeroPoint: [model.tensors.get("input.zero_point")!.data[0]],
		},
	});
	expect(stem?.kind === "convolution" && stem.bias?.quantization).toEqual({
		scale: Array.from(scale("stem.conv.scale"), (own) => own * scale("input.scale")[0]!),
		zeroPoint: [0],
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyConfiguration, anyForm, made } from "../../../test/support/models.ts";
import { configure } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import type { Model } from "../../weights/model.ts";
import { chainOf } from "./chain-of.ts";
import { recognize } from "./recognize.ts";

describe("a model is the same after it was a chain", () => {
	test("in every configuration, folded or not, quantized or not, with all that goes with it", () => {
		const beside = fc.record({
			sureFrom: fc.option(fc.constantFrom(0.25, 1), { nil: undefined }),
			rounding: fc.option(fc.constantFrom("xnnpack", "reference"), { nil: undefined }),
			labeled: fc.boolean(),
			mean: fc.double({ min: 0, max: 255, noNaN: true }),
			notes: fc.uniqueArray(fc.string()),
		} as const);
		fc.assert(
			fc.property(anyConfiguration, anyForm, beside, (configuration, form, given) => {
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

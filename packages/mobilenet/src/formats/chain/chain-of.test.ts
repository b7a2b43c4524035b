import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyConfiguration, anyForm, anyWiderConfiguration, made } from "../../../test/support/models.ts";
import { configure } from "../../network/configuration.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import { type Model, usualPreprocessing } from "../../weights/model.ts";
import { type LayerParts, partsOf, tensorsOf } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
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

	test("in the configurations of networks that people train further", () => {
		fc.assert(
			fc.property(anyWiderConfiguration, anyForm, (configuration, form) => {
				const model = made(configuration, form);
				expect(recognize(chainOf(model))).toEqual(model);
			}),
			{ numRuns: 60 },
		);
	});

	test("with layers that their codes or bounds activate, quantized and dequantized", () => {
		const configuration = configure({
			...{ alpha: 0.25, size: 32, classes: 2, padding: "keras" },
			headLayers: [{ units: 3, activation: "relu" }],
		});
		const parts = partsOf(made(configuration, "uint8"));
		const scale = Math.fround(0.02);
		const layers = parts.layers.map((own): LayerParts => {
			if (!own.weight || own.layer.name === "classifier") return own;
			const bounds = { low: 0, high: 255 * scale };
			return { ...own, output: { scale, zeroPoint: 0 }, bounds };
		});
		const preprocessing = { ...usualPreprocessing(3), mean: [100, 110, 120], std: [2, 4, 8] };
		const source = { format: "any", assumed: [], notes: [] };
		const quantized: Model = {
			...{ configuration, preprocessing, source },
			tensors: tensorsOf({ ...parts, layers }),
		};
		const read = recognize(chainOf(quantized));
		expect(read.tensors).toEqual(quantized.tensors);
		expect(read.configuration).toEqual(configuration);
		expect(read.source.notes).toEqual([
			"After its 27 convolutions no activation is written: the range of their codes is the activation, from 0 to 5.1.",
		]);

		const floats = dequantize(quantized);
		const again = recognize(chainOf(floats));
		expect(again.tensors).toEqual(floats.tensors);
		expect(again.configuration).toEqual({ ...configuration, activation: "relu6" });
	});

	test("with a last convolution that nothing activates", () => {
		const model = made(configure({ alpha: 0.25, size: 32, classes: 2 }), "folded");
		const layers = partsOf(model).layers.map((own): LayerParts => {
			const isLast = own.layer.name === "blocks.12.pointwise" && own.weight;
			return isLast ? { ...own, bounds: { low: -Infinity, high: Infinity } } : own;
		});
		const linear = { ...model, tensors: tensorsOf({ layers }) };
		const read = recognize(chainOf(linear));
		expect(read.tensors).toEqual(linear.tensors);
		expect(read.source.notes).toEqual([...model.source.notes, "Its last convolution has no activation."]);
	});

	test("with a table from pixels to codes, one for all channels or one a channel", () => {
		const model = made(configure({ alpha: 0.25, size: 32, classes: 2 }), "int8");
		const parts = partsOf(model);
		for (const rows of [1, 3]) {
			const codes = Int8Array.from({ length: rows * 256 }, (_, i) => (i * 7) % 256);
			const inputTable: Tensor = { dtype: "I8", shape: [rows, 256], data: codes };
			const tabled = { ...model, tensors: tensorsOf({ ...parts, inputTable }) };
			expect(recognize(chainOf(tabled))).toEqual(tabled);
		}
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

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import { type ConfigurationOptions, configure } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Label, Model } from "../../weights/model.ts";
import { partsOf, tensorsOf } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { readModelFile } from "./model-file.ts";
import { writeModel } from "./model-writer.ts";
import { readSafetensors } from "./safetensors.ts";
import { writeSafetensors } from "./safetensors-writer.ts";

const small = { alpha: 0.01, depth: "shallow", size: 32, classes: 2 } as const;
const model: Model = {
	...initialize(configure(small), { seed: 1 }),
	labels: [{ name: "cat", id: "n02121808", synonyms: ["house cat"] }, { name: "dog" }],
};

function refusal(read: () => unknown): MobileNetError {
	try {
		read();
	} catch (error) {
		if (error instanceof MobileNetError) return error;
		throw error;
	}
	throw new Error("nothing was refused");
}

/** The model's file with its JSON changed. */
function fileWith(change: (json: Record<string, unknown>) => unknown): Uint8Array {
	const { tensors, metadata } = readSafetensors(writeModel(model), "x");
	const json = change(JSON.parse(metadata.mobilenet!));
	return writeSafetensors(tensors, { mobilenet: typeof json === "string" ? json : JSON.stringify(json) });
}

/** Tensors by name and in no order: a file has its own. */
const sorted = ({ tensors, ...rest }: Model) => ({
	...rest,
	tensors: [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)),
});

const text = fc.string({ unit: "binary", maxLength: 12 });
const anyModel: fc.Arbitrary<Model> = fc
	.record({
		configuration: fc.record<ConfigurationOptions>(
			{
				preset: fc.constantFrom("tf", "torch", "tutorial"),
				alpha: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
				size: fc.integer({ min: 32, max: 300 }),
				inputChannels: fc.integer({ min: 1, max: 4 }),
				classes: fc.integer({ min: 1, max: 5 }),
				head: fc.boolean(),
				depth: fc.constant("shallow"),
				activation: fc.constantFrom("relu", "relu6", "leakyRelu"),
			},
			{ requiredKeys: ["alpha", "depth", "classes", "inputChannels"] },
		),
		folded: fc.boolean(),
		rounding: fc.constantFrom(undefined, "xnnpack" as const, "reference" as const),
		label: fc.option(
			fc.record<Label>({ name: text, id: text, synonyms: fc.array(text) }, { requiredKeys: ["name"] }),
			{ nil: undefined },
		),
		fit: fc.oneof(
			fc.constant("stretch" as const),
			fc.record({ shorterSide: fc.integer({ min: 1, max: 999 }) }),
			fc.record({ centralFraction: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
		),
		sureFrom: fc.option(fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true }), { nil: undefined }),
		mean: fc.double({ min: -300, max: 300, noNaN: true }).map((x) => x + 0),
		notes: fc.array(text),
	})
	.map(({ configuration: options, folded, rounding, label, fit, sureFrom, mean, notes }): Model => {
		const configuration = configure(options);
		const made = initialize(configuration);
		return {
			...(folded ? fold(made) : made),
			preprocessing: { ...made.preprocessing, fit, mean: made.preprocessing.mean.map(() => mean) },
			...(rounding && { rounding }),
			...(label && { labels: new Array<Label>(configuration.classes).fill(label) }),
			...(sureFrom !== undefined && { sureFrom }),
			source: { format: "any", assumed: ["size"], notes },
		};
	});

describe("a model", () => {
	test("that is written is read again, whatever it is", () => {
		fc.assert(
			fc.property(anyModel, (model) => {
				expect(sorted(readModelFile(writeModel(model), "any"))).toEqual(sorted(model));
			}),
			{ numRuns: 50 },
		);
	});

	test.each<[ConfigurationOptions, number]>([
		[{ padding: "same", output: "softmax" }, 1],
		[{ padding: "keras" }, 2],
		[{ stemPadding: "symmetric" }, 2],
		[{ channelRounding: "truncate" }, 2],
		[{ pooling: "none" }, 2],
		[{ headLayers: [{ units: 3, activation: "tanh" }] }, 2],
		[{ output: "sigmoid" }, 2],
		[{ output: "logits", binary: true }, 2],
		[{ output: "sigmoid", binary: false }, 2],
	])("with %j is of version %i, which tells readers of before that they are too old", (fields, version) => {
		const made = initialize(configure({ ...small, ...fields }));
		const json = JSON.parse(readSafetensors(writeModel(made), "x").metadata.mobilenet!);
		expect(json.format_version).toBe(version);
		expect(sorted(readModelFile(writeModel(made), "x"))).toEqual(sorted(made));
	});

	test("of version 1 has the fields that version 1 has", () => {
		const { configuration } = JSON.parse(readSafetensors(writeModel(model), "x").metadata.mobilenet!);
		for (const field of ["stemPadding", "pooling", "headLayers", "binary"])
			expect(configuration).not.toHaveProperty(field);
	});

	test("whose codes are the activation keeps its bounds and its table of pixels", () => {
		const tensors = new Map<string, Tensor>([
			...model.tensors,
			["stem.bounds", { dtype: "F32", shape: [2], data: Float32Array.of(0, 2.29) }],
			["input.table", { dtype: "U8", shape: [1, 256], data: Uint8Array.from({ length: 256 }, (_, i) => i) }],
		]);
		const bytes = writeModel({ ...model, tensors });
		expect(JSON.parse(readSafetensors(bytes, "x").metadata.mobilenet!).format_version).toBe(2);
		expect(sorted(readModelFile(bytes, "x"))).toEqual(sorted({ ...model, tensors }));
		expect(tensorsOf(partsOf({ ...model, tensors })).get("input.table")).toBe(tensors.get("input.table"));
		expect(partsOf({ ...model, tensors }).layers[0]!.bounds!.high).toBeCloseTo(2.29);
	});

	test("that is quantized stays so", () => {
		const tensors = new Map<string, Tensor>([
			...fold(model).tensors,
			["stem.conv.weight", { dtype: "I8", shape: [8, 3, 3, 3], data: new Int8Array(216).fill(-7) }],
			["stem.conv.scale", { dtype: "F32", shape: [1], data: Float32Array.of(0.5) }],
			["stem.conv.zero_point", { dtype: "I32", shape: [1], data: Int32Array.of(-3) }],
			["classifier.bias", { dtype: "F16", shape: [2], data: Uint16Array.of(1, 2) }],
		]);
		expect(sorted(readModelFile(writeModel({ ...model, tensors }), "x"))).toEqual(
			sorted({ ...model, tensors }),
		);
	});

	test.each([
		["float32", "xnnpack"],
		["fixedPoint", "reference"],
	])("whose rounding is called %s, as version 0.1.0 did, is read as %s", (former, rounding) => {
		const written = readSafetensors(writeModel(model), "x");
		const rest = { ...JSON.parse(written.metadata.mobilenet!), requantisation: former };
		const bytes = writeSafetensors(written.tensors, { mobilenet: JSON.stringify(rest) });
		expect(readModelFile(bytes, "x").rounding).toBe(rounding);
	});

	test("from which no answer is sure has no such field, written and read", () => {
		const { metadata } = readSafetensors(writeModel(model), "x");
		expect(metadata.mobilenet).not.toContain("sureFrom");
		expect(Object.keys(readModelFile(writeModel(model), "x"))).not.toContain("sureFrom");
	});

	test("that could not be read again is not written", () => {
		const tensors = new Map(model.tensors);
		tensors.delete("stem.bn.bias");
		expect(() => writeModel({ ...model, tensors })).toThrow("the tensor stem.bn.bias must have");
		expect(() => writeModel({ ...model, labels: [{ name: "cat" }] })).toThrow(
			"as many as the 2 classes, not 1",
		);
		const preprocessing = { ...model.preprocessing, mean: [0, 0, Number.NaN] };
		expect(() => writeModel({ ...model, sureFrom: 0 })).toThrow("sureFrom must be a number above 0");
		expect(() => writeModel({ ...model, preprocessing })).toThrow("preprocessing.mean must be 3 numbers");
	});
});

describe("what is no model is refused", () => {
	const set = (path: string, value: unknown) => (json: Record<string, unknown>) => {
		const keys = path.split(".");
		const last = keys.pop()!;
		const holder = keys.reduce((at, key) => at[key] as Record<string, unknown>, json);
		holder[last] = value;
		return json;
	};

	test.each([
		["no JSON", () => "{", "x: its metadata mobilenet is not the JSON it should be: "],
		["a list", () => [], "x: its metadata mobilenet must be a JSON object, not []."],
		[
			"an unknown rounding",
			set("rounding", "round"),
			"rounding must be xnnpack, reference, onnxruntime, not",
		],
		["no version", set("format_version", undefined), "must be a whole number above 0, not undefined"],
		["a version that is text", set("format_version", "1"), 'not "1"'],
		["version 0", set("format_version", 0), "not 0"],
		["no configuration", set("configuration", undefined), "configuration must be an object, not undefined"],
		[
			"a field missing",
			set("configuration.padding", undefined),
			"configuration.padding must be a string, not undefined",
		],
		[
			"a field of another type",
			set("configuration.alpha", { valueOf: 1, toString: 1 }),
			"configuration.alpha must be a number",
		],
		["an impossible field", set("configuration.alpha", -1), "x: its configuration is wrong: alpha must be"],
		["an unknown field", set("configuration.gamma", 1), 'unknown configuration field "gamma"'],
		[
			"another network",
			set("configuration.alpha", 1),
			"x: the tensor stem.conv.weight must have the shape [32,3,3,3] in this network, but it has the shape [8,3,3,3]",
		],
		["no preprocessing", set("preprocessing", undefined), "preprocessing must be an object, not undefined"],
		["a mean too few", set("preprocessing.mean", [1, 2]), "preprocessing.mean must be 3 numbers, not [1,2]"],
		["labels that are no list", set("labels", { 0: "cat" }), "labels must be a list"],
		["a label too few", set("labels", [{ name: "cat" }]), "labels must be as many as the 2 classes, not 1"],
		["a label that is none", set("labels.1", "dog"), 'labels[1] must be an object, not "dog"'],
		["a label without a name", set("labels.0.name", 5), "labels[0].name must be a text, not 5"],
		["an id that is none", set("labels.0.id", 5), "labels[0].id must be a text, not 5"],
		["synonyms that are none", set("labels.0.synonyms", [5]), "labels[0].synonyms[0] must be a text, not 5"],
		[
			"sure answers from nothing on",
			set("sureFrom", 0),
			"sureFrom must be a number above 0 and up to 1, not 0",
		],
		["sure answers from more than all on", set("sureFrom", 1.01), "and up to 1, not 1.01"],
		["sure answers by a text", set("sureFrom", "0.5"), 'and up to 1, not "0.5"'],
		["sure answers by null", set("sureFrom", null), "and up to 1, not null"],
		["no source", set("source", null), "source must be an object, not null"],
		["notes that are none", set("source.notes", "odd"), 'source.notes must be a list, not "odd"'],
	])("%s", (_, change, message) => {
		const error = refusal(() => readModelFile(fileWith(change), "x"));
		expect(error.code).toBe("broken-file");
		expect(error.message).toContain(message);
		expect(error.message).toMatch(/^x: .*\.$/);
	});

	test("a newer version", () => {
		const error = refusal(() => readModelFile(fileWith(set("format_version", 3)), "x"));
		expect(error.code).toBe("unsupported");
		expect(error.message).toBe(
			"x is of format_version 3, but this version of mobilenet reads up to 2: install a newer one.",
		);
	});

	test("another framework's safetensors", () => {
		const error = refusal(() => readModelFile(writeSafetensors(model.tensors, { format: "pt" }), "x"));
		expect(error.code).toBe("unsupported");
		expect(error.message).toBe(
			'x is a safetensors file without the metadata "mobilenet" that this package writes.',
		);
	});

	test("nothing but a model's fields gets in", () => {
		const odd = fileWith((json) =>
			set("labels.0.extra", 1)(set("extra", 1)(set("preprocessing.extra", 1)(json))),
		);
		expect(sorted(readModelFile(odd, "x"))).toEqual(sorted(model));
	});
});

describe("a damaged file", () => {
	const bytes = writeModel(model);

	test("cut short anywhere is refused", () => {
		fc.assert(
			fc.property(fc.nat({ max: bytes.length - 1 }), (length) => {
				expect(refusal(() => readModelFile(bytes.subarray(0, length), "x")).code).toBe("broken-file");
			}),
			{ numRuns: 300 },
		);
	});

	test("with bytes changed is a model or one sentence", () => {
		const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat({ max: header + 99 }), fc.nat({ max: 255 })), {
					minLength: 1,
					maxLength: 3,
				}),
				(changes) => {
					const damaged = bytes.slice();
					for (const [offset, value] of changes) damaged[offset] = value;
					try {
						expect(readModelFile(damaged, "x").tensors.size).toBeGreaterThan(0);
					} catch (error) {
						expect(error).toBeInstanceOf(MobileNetError);
						expect((error as MobileNetError).message).not.toContain("\n");
					}
				},
			),
			{ numRuns: 1000 },
		);
	});
});

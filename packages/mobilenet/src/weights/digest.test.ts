import { describe, expect, it } from "vitest";
import { readModelFile } from "../formats/safetensors/model-file.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import { configure } from "../network/configuration.ts";
import { digestOf } from "./digest.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import type { Tensor } from "./tensor.ts";

const model = initialize(configure({ alpha: 0.25, size: 32, classes: 3 }), { seed: 1 });

function changed(name: string, change: (data: Float32Array) => void): Model {
	const tensor = model.tensors.get(name) as Extract<Tensor, { dtype: "F32" }>;
	const data = tensor.data.slice();
	change(data);
	return { ...model, tensors: new Map(model.tensors).set(name, { ...tensor, data }) };
}

describe("the digest of a model", () => {
	it("is the same for the same model, whatever the order of its parts and wherever it lies", () => {
		const digest = digestOf(model);
		expect(digest).toMatch(/^[0-9a-f]{32}$/);
		expect(digestOf({ ...model, tensors: new Map([...model.tensors].reverse()) })).toBe(digest);
		const preprocessing = Object.fromEntries(Object.entries(model.preprocessing).reverse());
		expect(digestOf({ ...model, preprocessing: preprocessing as unknown as Model["preprocessing"] })).toBe(
			digest,
		);
		expect(digestOf(readModelFile(writeModel(model), "it"))).toBe(digest);
		// Values that lie somewhere within a buffer, as those of a file do.
		const tensors = [...model.tensors].map(([name, tensor]): [string, Tensor] => {
			const data = new Float32Array(tensor.data.length + 1).subarray(1);
			data.set(tensor.data as Float32Array);
			return [name, { dtype: "F32", shape: tensor.shape, data }];
		});
		expect(digestOf({ ...model, tensors: new Map(tensors) })).toBe(digest);
	});

	it("does not look at labels, nor at where the model came from", () => {
		const labels = ["a", "b", "c"].map((name) => ({ name }));
		const source = { ...model.source, format: "another" };
		expect(digestOf({ ...model, labels, source })).toBe(digestOf(model));
		expect(digestOf({ ...model, rounding: "xnnpack" })).toBe(digestOf(model));
	});

	it.each<readonly [string, Model]>([
		["one bit of a weight", changed("blocks.7.pointwise.conv.weight", (data) => (data[5] = -data[5]!))],
		["two weights", changed("classifier.weight", (data) => data.subarray(0, 2).reverse())],
		[
			"a tensor's name",
			{ ...model, tensors: new Map([...model.tensors].map(([name, tensor]) => [`${name}s`, tensor])) },
		],
		["a tensor less", { ...model, tensors: new Map([...model.tensors].slice(1)) }],
		["the size", { ...model, configuration: { ...model.configuration, size: 64 } }],
		["the mean", { ...model, preprocessing: { ...model.preprocessing, mean: [127, 127.5, 127.5] } }],
		["the fit", { ...model, preprocessing: { ...model.preprocessing, fit: { shorterSide: 40 } } }],
		["the filter", { ...model, preprocessing: { ...model.preprocessing, filter: "nearest" } }],
		["the order of colors", { ...model, preprocessing: { ...model.preprocessing, channelOrder: "bgr" } }],
		["the rounding", { ...model, rounding: "reference" }],
	])("is another for %s", (_, other) => {
		expect(digestOf(other)).not.toBe(digestOf(model));
	});
});

import { expect, test } from "vitest";
import type { ModelFile } from "../file.ts";
import { openFile } from "../opened.ts";
import { readTensorFlowJs } from "./read.ts";

/** A picture of 8×8×2 through an adapted Normalization, whose weights have these names. */
async function adapted(...names: readonly string[]): Promise<readonly unknown[]> {
	const layers = [
		{ class_name: "InputLayer", config: { name: "input", batch_input_shape: [null, 8, 8, 2] } },
		{
			class_name: "Normalization",
			config: { name: "normalization", axis: [-1], mean: null, variance: null },
		},
	];
	const weights = names.map((name) => ({ name, shape: [2], dtype: "float32" }));
	const json = {
		modelTopology: { class_name: "Sequential", config: { layers } },
		weightsManifest: [{ paths: ["shard.bin"], weights }],
	};
	const file: ModelFile = {
		name: "model.json",
		bytes: new TextEncoder().encode(JSON.stringify(json)),
		beside: async () => new Uint8Array(Float32Array.of(10, 20, 4, 16).buffer),
	};
	return (await readTensorFlowJs(await openFile(file))).layers;
}

test("the weights of a Normalization are found with and without its name", async () => {
	const expected = [{ kind: "affine", name: "normalization", factor: [0.5, 0.25], offset: [-5, -5] }];
	expect(await adapted("normalization/mean", "normalization/variance")).toEqual(expected);
	expect(await adapted("model/normalization/mean", "model/normalization/variance")).toEqual(expected);
	// So the converter of TensorFlow.js writes them.
	expect(await adapted("mean", "variance")).toEqual(expected);
});

import { describe, expect, it } from "vitest";
import { readModelFile } from "../formats/safetensors/model-file.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import { readSafetensors } from "../formats/safetensors/safetensors.ts";
import { writeSafetensors } from "../formats/safetensors/safetensors-writer.ts";
import { configure } from "../network/configuration.ts";
import { digestOf } from "../weights/digest.ts";
import { initialize } from "../weights/initialize.ts";
import type { Tensor } from "../weights/tensor.ts";
import { type Checkpoint, decodeCheckpoint, differenceOf, encodeCheckpoint } from "./checkpoint.ts";
import { settingsOf } from "./options.ts";

const model = initialize(configure({ alpha: 0.25, size: 32, classes: 3 }), { seed: 1 });
const state = new Map<string, Tensor>([
	["momentum.classifier.bias", { dtype: "F32", shape: [3], data: Float32Array.of(1e-45, -0, 0.1) }],
	["step", { dtype: "I32", shape: [1], data: Int32Array.of(7) }],
]);
const checkpoint: Checkpoint = {
	identity: {
		settings: settingsOf({ model } as never),
		training: { pictures: 5, classes: 3, mark: "a" },
		validation: null,
		model: "b",
		teacher: null,
		keepStart: false,
	},
	progress: {
		epoch: 1,
		position: 2,
		step: 7,
		loss: 0.1 + 0.2,
		pictures: 64,
		seconds: 1.5,
		history: [],
		unreadable: ["中文 🐈.jpg"],
		finished: false,
	},
	model,
	state,
	best: { ...model, tensors: initialize(model.configuration, { seed: 2 }).tensors },
};

describe("a checkpoint", () => {
	it("comes back as it was, to the bit", () => {
		expect(decodeCheckpoint(encodeCheckpoint(checkpoint), "last")).toEqual(checkpoint);
		const { best: _, ...without } = checkpoint;
		expect(decodeCheckpoint(encodeCheckpoint({ ...without, best: undefined }), "last").best).toBeUndefined();
	});

	it("goes on where version 0.1.0 wrote it, which spelled the optimizer otherwise", () => {
		const bytes = encodeCheckpoint(checkpoint);
		const { metadata, tensors } = readSafetensors(bytes, "last");
		const former = metadata.mobilenet_training!.replace('"optimizer"', '"optimiser"');
		expect(former).not.toBe(metadata.mobilenet_training);
		const written = writeSafetensors(tensors, { ...metadata, mobilenet_training: former });
		expect(decodeCheckpoint(written, "last")).toEqual(checkpoint);
	});

	it("knows its network again, by the half of the digest that version 0.1.0 wrote too", () => {
		const digest = digestOf(model);
		const now = { ...checkpoint.identity, model: digest };
		expect(differenceOf(now, now)).toBeUndefined();
		expect(differenceOf({ ...now, model: digest.slice(0, 16) }, now)).toBeUndefined();
		const other = digestOf({ ...model, preprocessing: { ...model.preprocessing, fit: { shorterSide: 40 } } });
		for (const saved of [other, digestOf(checkpoint.best!), digestOf(checkpoint.best!).slice(0, 16)])
			expect(differenceOf({ ...now, model: saved }, now)).toBe(
				"it started with another network or other weights",
			);
	});

	it("is a model too", () => {
		expect(readModelFile(encodeCheckpoint(checkpoint), "last").configuration).toEqual(model.configuration);
	});

	it("is not any model", () => {
		expect(() => decodeCheckpoint(writeModel(model), "m.safetensors")).toThrow(
			"m.safetensors is a model, but not a checkpoint of a training run.",
		);
	});

	it("is refused when it is cut short, at any place", () => {
		const bytes = encodeCheckpoint(checkpoint);
		for (const share of [0, 0.001, 0.1, 0.5, 0.999])
			expect(() => decodeCheckpoint(bytes.subarray(0, Math.floor(share * bytes.length)), "last")).toThrow(
				/^last/,
			);
	});
});

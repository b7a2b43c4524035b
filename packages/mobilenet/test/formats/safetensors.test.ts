/** Files that Python's safetensors wrote, read whole and written again. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { configure } from "../../src/network/configuration.ts";
import { checkTensors } from "../../src/weights/check.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const read = (path: string) => {
	const bytes = new Uint8Array(readFileSync(shared(path)));
	return { bytes, ...readSafetensors(bytes, path) };
};

const forward = ["torch", "tutorial", "tf", "odd", "shallow"].map(
	(name) => `golden/forward_${name}.safetensors`,
);

describeWithShared("golden safetensors", ["golden"], () => {
	test.each(forward)("%s holds the network of its configuration, and more", (path) => {
		const { tensors, metadata } = read(path);
		const configuration = configure(JSON.parse(metadata.config!));
		checkTensors({ configuration, tensors }, path);
		expect(tensors.get("activation.logits")?.shape.at(-1)).toBe(configuration.classes);
		for (const [name, { dtype, data }] of tensors) {
			expect(dtype).toBe("F32");
			expect(data.every(Number.isFinite), name).toBe(true);
		}
	});

	// Those of one metadata key: of several, Python's order is random.
	test.each([...forward, "golden/imagenet/outputs.safetensors"])(
		"%s is written again to the byte",
		(path) => {
			const { bytes, tensors, metadata } = read(path);
			expect(Buffer.compare(writeSafetensors(tensors, metadata), bytes)).toBe(0);
		},
	);

	test.each(["pixels_224", "pixels_160", "pixels_128", "pixels_96"])("the photographs' %s", (name) => {
		const size = Number(name.split("_")[1]);
		const pixels = read("golden/imagenet/pixels.safetensors").tensors.get(name);
		expect(pixels).toMatchObject({ dtype: "U8", shape: [12, size, size, 3] });
	});

	test.each(["golden/formats/timm_mobilenetv1_025.safetensors", "golden/formats/hf/model.safetensors"])(
		"%s lacks only the counters of batches",
		(path) => {
			const { bytes, tensors } = read(path);
			const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
			const { __metadata__: _, ...header } = JSON.parse(
				new TextDecoder().decode(bytes.subarray(8, 8 + length)),
			);
			const left = Object.keys(header).filter((name) => !tensors.has(name));
			expect(left).toHaveLength(27);
			expect(left.every((name) => name.endsWith("num_batches_tracked"))).toBe(true);
		},
	);

	test("every other file is read whole, its float64 losses as float32", () => {
		for (const file of readdirSync(shared("golden")).filter((name) => name.endsWith(".safetensors"))) {
			const { tensors } = read(`golden/${file}`);
			expect(tensors.size).toBeGreaterThan(0);
			if (/^loss_curves_(sgd|rmsprop|adamw)/.test(file))
				expect(tensors.get("losses")).toMatchObject({ dtype: "F32", shape: [8] });
		}
	});
});

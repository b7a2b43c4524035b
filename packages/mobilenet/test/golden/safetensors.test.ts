/** Files that Python's safetensors wrote, read whole and written again. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/formats/safetensors/safetensors-writer.ts";
import { configure } from "../../src/network/configuration.ts";
import { checkTensors } from "../../src/weights/check.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { describeGolden, readGolden } from "./sets.ts";

const forward = ["torch", "tutorial", "tf", "odd"].map((name) => `forward_${name}`);
const large = [...forward, "forward_shallow"];

describeGolden({ small: forward, large }, ({ path, tensors, metadata }) => {
	test("holds the network of its configuration, and more", () => {
		const configuration = configure(JSON.parse(metadata.config!));
		checkTensors({ configuration, tensors }, path);
		expect(tensors.get("activation.logits")?.shape.at(-1)).toBe(configuration.classes);
		for (const [name, { dtype, data }] of tensors) {
			expect(dtype).toBe("F32");
			expect(data.every(Number.isFinite), name).toBe(true);
		}
	});
});

describeGolden(
	{
		small: [...forward, "gradients_torch", "gradients_tf", "optimizers"],
		// Those of one metadata key: of several, Python's order is random. The small set's makers sort them.
		large: [...large, "imagenet/outputs"],
	},
	({ bytes, tensors, metadata }) => {
		test("is written again to the byte", () => {
			expect(Buffer.compare(writeSafetensors(tensors, metadata), bytes)).toBe(0);
		});
	},
);

const read = (path: string) => readGolden(shared(path));

describeWithShared("golden safetensors", ["golden"], () => {
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

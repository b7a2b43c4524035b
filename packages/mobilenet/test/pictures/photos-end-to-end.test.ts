/** The twelve photographs from their files to their labels, as a user classifies them; and pictures that are none. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const outputs = "golden/imagenet/outputs.safetensors";
/** Float networks: the same answer for all, probabilities within 2e-3 (decoders differ by rounding); integer ones: 11 of 12. */
const networks = [
	{ file: "mobilenet_v1_1.0_224_tfjs", apart: 2e-3, agree: 12 },
	{ file: "mobilenet_v1_0.25_224_tfjs", apart: 2e-3, agree: 12 },
	{ file: "mobilenet_v1_0.25_224.tflite", apart: 2e-3, agree: 12 },
	{ file: "mobilenet_v1_0.25_224_int8.tflite", agree: 11 },
	{ file: "mobilenet_v1_1.0_224_quant.tflite", agree: 11 },
	{ file: "mobilenet_v1_0.5_160_quant.tflite", agree: 11 },
	{ file: "mobilenet_v1_0.25_128_quant.tflite", agree: 11 },
] as const;

for (const { file, agree, ...how } of networks)
	describeWithShared(
		file,
		[outputs, "golden/imagenet/accuracy.json", "data/photos", `weights/${file}`],
		() => {
			// Integer networks as they are, and dequantized.
			it.each("apart" in how ? (["float"] as const) : (["integer", "float"] as const))(
				"names the photographs as TensorFlow does, in %s",
				async (arithmetic) => {
					const { files, models } = JSON.parse(
						readFileSync(shared("golden/imagenet/accuracy.json"), "utf8"),
					) as {
						files: string[];
						models: Record<string, { photosTop1: number[] }>;
					};
					const model = await MobileNet.load(shared(`weights/${file}`), { arithmetic });
					const { classes } = model.configuration;
					const background = classes - 1000;
					const rows = await model.classify(
						files.map((name) => shared(`data/photos/${name}`)),
						{ top: classes, batch: 4 },
					);
					const same = rows.filter(([best], n) => best!.index === models[file]!.photosTop1[n]! - background);
					expect(same.length).toBeGreaterThanOrEqual(agree);
					if (!("apart" in how)) return;
					const golden = readSafetensors(readFileSync(shared(outputs)), outputs).tensors.get(file)!.data;
					for (const [n, row] of rows.entries())
						for (const { index, probability } of row)
							expect(Math.abs(probability - golden[n * classes + index + background]!)).toBeLessThan(
								how.apart,
							);
				},
			);
		},
	);

describeWithShared("orientation", ["data/photos/orientation", "weights/mobilenet_v1_0.25_224_tfjs"], () => {
	it("sees the same macaw however the file is turned", async () => {
		const model = await MobileNet.load(shared("weights/mobilenet_v1_0.25_224_tfjs"));
		const files = Array.from({ length: 8 }, (_, i) => shared(`data/photos/orientation/macaw_${i + 1}.jpg`));
		for (const [best] of await model.classify(files)) {
			expect(best!.index).toBe(88);
			expect(best!.probability).toBeGreaterThan(0.9);
		}
	});
});

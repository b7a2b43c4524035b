/**
 * Real networks from their files, on golden pixels of twelve photographs: what TensorFlow and TensorFlow Lite give.
 * Integer networks run in integers, and dequantized.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/**
 * golden/README.md. `apart`: on the probabilities of float networks; `agree`: photographs with the same answer when an
 * integer network runs dequantized; `least`: its least output code.
 */
const networks = [
	{ file: "mobilenet_v1_1.0_224_tfjs", apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224_tfjs", apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224.h5", apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224.tflite", apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224_frozen.pb", apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224_fp16.tflite", apart: 1e-3 },
	{ file: "vww_v1_0.25_96.h5", apart: 1e-4, unit: true },
	{ file: "vww_v1_0.25_96.tflite", apart: 1e-4, unit: true },
	{ file: "mobilenet_v1_0.25_224_int8.tflite", agree: 11, least: -128 },
	{ file: "mobilenet_v1_1.0_224_quant.tflite", agree: 11, least: 0 },
	{ file: "mobilenet_v1_0.5_160_quant.tflite", agree: 11, least: 0 },
	{ file: "mobilenet_v1_0.25_128_quant.tflite", agree: 11, least: 0 },
	{ file: "vww_v1_0.25_96_int8.tflite", agree: 11, least: -128 },
] as const;
/** The vww network takes x / 255, and its float files do not say so. */
const unit = { mean: [0, 0, 0], std: [255, 255, 255] };

const golden = ["golden/imagenet/outputs.safetensors", "golden/imagenet/pixels.safetensors"] as const;
const read = (path: string) => readSafetensors(readFileSync(shared(path)), path).tensors;
const photographs = 12;

for (const network of networks)
	describeWithShared(network.file, [...golden, `weights/${network.file}`], () => {
		let model: MobileNet;
		let pictures: { data: Uint8Array; width: number; height: number; channels: number }[];
		let expected: Float32Array[];
		beforeAll(async () => {
			model = await MobileNet.load(
				shared(`weights/${network.file}`),
				"unit" in network ? { preprocessing: unit } : {},
			);
			const { size, classes } = model.configuration;
			const pixels = read(golden[1]).get(`pixels_${size}`)!.data as Uint8Array;
			pictures = Array.from({ length: photographs }, (_, n) => ({
				data: pixels.subarray(n * size * size * 3, (n + 1) * size * size * 3),
				width: size,
				height: size,
				channels: 3,
			}));
			const outputs = read(golden[0]).get(network.file)!;
			expect(outputs.shape).toEqual([photographs, classes]);
			expected = pictures.map((_, n) =>
				Float32Array.from(outputs.data.subarray(n * classes, (n + 1) * classes)),
			);
		});
		afterAll(() => model.dispose());

		if ("apart" in network) {
			it("gives the same probabilities for numbers", async () => {
				const { mean, std } = model.model.preprocessing;
				for (const [n, { data }] of pictures.entries()) {
					const normalized = Float32Array.from(data, (value, i) => (value - mean[i % 3]!) / std[i % 3]!);
					expect(largestDifference(await model.run(normalized), expected[n]!)).toBeLessThan(network.apart);
				}
			});

			it("gives the same probabilities for pictures", async () => {
				const classes = model.configuration.classes;
				const background = classes === 1001 ? 1 : 0;
				for (const [n, row] of (await model.classify(pictures, { top: classes, batch: 5 })).entries()) {
					expect(row.length).toBe(classes - background);
					for (const { index, probability } of row)
						expect(Math.abs(probability - expected[n]![index + background]!)).toBeLessThan(network.apart);
				}
			});
		} else {
			it("gives the same codes in integers, and the same answers", async () => {
				const { classes } = model.configuration;
				const background = classes === 1001 ? 1 : 0;
				expect(model.arithmetic).toBe("integer");
				let near = 0;
				const rows = await model.classify(pictures, { top: classes, batch: 5 });
				for (const [n, row] of rows.entries()) {
					for (const { index, probability } of row) {
						// TensorFlow Lite's softmax gives out codes of 1/256.
						const code = Math.min(255, Math.round(probability * 256)) + network.least;
						if (Math.abs(code - expected[n]![index + background]!) <= 1) near++;
					}
					expect(expected[n]![row[0]!.index + background]).toBe(Math.max(...expected[n]!));
				}
				expect(near).toBeGreaterThanOrEqual(0.99 * rows.length * rows[0]!.length);
			});

			it("gives the same codes for numbers", async () => {
				const { mean, std } = model.model.preprocessing;
				const [{ data }] = pictures as [(typeof pictures)[0]];
				const normalized = Float32Array.from(data, (value, i) => (value - mean[i % 3]!) / std[i % 3]!);
				const codes = (await model.run(normalized)).map(
					(p) => Math.min(255, Math.round(p * 256)) + network.least,
				);
				const near = codes.filter((code, k) => Math.abs(code - expected[0]![k]!) <= 1);
				expect(near.length).toBeGreaterThanOrEqual(0.99 * codes.length);
			});

			it(`gives the same answer for ${network.agree} of the ${photographs} pictures in float`, async () => {
				const float = await MobileNet.from(model.model, { arithmetic: "float" });
				const background = model.configuration.classes === 1001 ? 1 : 0;
				const rows = await float.classify(pictures, { top: 1 });
				const same = rows.filter(([best], n) => best!.index === bestOf(expected[n]!) - background);
				expect(float.arithmetic).toBe("float");
				expect(same.length).toBeGreaterThanOrEqual(network.agree);
				float.dispose();
			});
		}
	});

describeWithShared(
	"person_detect_v1_0.25_96_gray_int8.tflite",
	[golden[1], "weights/person_detect_v1_0.25_96_gray_int8.tflite"],
	() => {
		// weights/README.md: TensorFlow Lite refuses the file as it is, so that there are no golden codes.
		it("runs on one channel in integers, and answers about as in float", async () => {
			const model = await MobileNet.load(shared("weights/person_detect_v1_0.25_96_gray_int8.tflite"));
			const float = await MobileNet.from(model.model, { arithmetic: "float" });
			const pixels = read(golden[1]).get("pixels_96")!.data as Uint8Array;
			const pictures = Array.from({ length: photographs }, (_, n) => ({
				...{
					data: pixels.subarray(n * 96 * 96 * 3, (n + 1) * 96 * 96 * 3),
					width: 96,
					height: 96,
					channels: 3,
				},
			}));
			expect(model.arithmetic).toBe("integer");
			const scores = async (network: MobileNet): Promise<number[]> =>
				(await network.classify(pictures)).map((row) => row.find(({ index }) => index === 1)!.probability);
			const [got, expected] = [await scores(model), await scores(float)];
			const near = got.filter((score, n) => Math.abs(score - expected[n]!) < 0.15);
			expect(near.length).toBeGreaterThanOrEqual(11);
			model.dispose();
			float.dispose();
		});
	},
);

function largestDifference(a: Float32Array, b: Float32Array): number {
	expect(a.length).toBe(b.length);
	return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

function bestOf(values: Float32Array): number {
	return values.indexOf(values.reduce((most, x) => Math.max(most, x)));
}

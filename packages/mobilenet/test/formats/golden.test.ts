/** Small networks that TensorFlow's own libraries wrote, on their inputs: what Keras and TensorFlow Lite's interpreter give. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** golden/README.md: float 1e-4, float16 2e-2, dynamic range dequantized 2e-2; integers 1 code on 95 % of outputs. */
const files = [
	{ file: "tflite_float32.tflite", apart: 1e-4 },
	{ file: "tflite_float16.tflite", apart: 2e-2 },
	{ file: "tflite_dynamic_range.tflite", apart: 2e-2 },
	{ file: "tflite_int8_per_channel.tflite", least: -128 },
	{ file: "tflite_int8_uint8_io.tflite", least: 0 },
	{ file: "keras_model.h5", apart: 1e-4 },
	{ file: "slim_frozen.pb", apart: 1e-4 },
	// Weights alone hold no size.
	{ file: "keras_weights.h5", apart: 1e-4, size: 64 },
] as const;
const inputs = "golden/formats/inputs_4x64x64x3_nhwc_f32.bin";
const answers = "golden/formats/expected_tf.json";
const pictures = 4;

for (const { file, ...how } of files)
	describeWithShared(file, [inputs, answers, `golden/formats/${file}`], () => {
		it("gives the same outputs", async () => {
			const { size } = { size: undefined, ...how };
			const model = await MobileNet.load(shared(`golden/formats/${file}`), { size });
			const bytes = readFileSync(shared(inputs));
			const input = new Float32Array(
				bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
			);
			const { output: codes, probabilities = codes } = (
				JSON.parse(readFileSync(shared(answers), "utf8")) as Record<
					string,
					{ output?: number[][]; probabilities?: number[][] }
				>
			)[file]!;
			const expected = probabilities!;
			const output = await model.run(input, { batch: pictures });
			const { classes } = model.configuration;
			expect(model.arithmetic).toBe("least" in how ? "integer" : "float");
			let near = 0;
			for (const [n, row] of expected.entries()) {
				const got = [...output.subarray(n * classes, (n + 1) * classes)];
				expect(got.indexOf(Math.max(...got))).toBe(row.indexOf(Math.max(...row)));
				if ("apart" in how)
					for (const [k, value] of row.entries()) expect(Math.abs(got[k]! - value)).toBeLessThan(how.apart);
				// TensorFlow Lite's softmax gives out codes of 1/256.
				if ("least" in how)
					for (const [k, code] of row.entries())
						if (Math.abs(Math.min(255, Math.round(got[k]! * 256)) + how.least - code) <= 1) near++;
			}
			if ("least" in how) expect(near).toBeGreaterThanOrEqual(0.95 * pictures * classes);
			expect(expected.length).toBe(pictures);
		});
	});

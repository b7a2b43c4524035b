/** The short form of `npm run accuracy`: the two fastest networks, one of floats and one of integers. */
import { expect, it } from "vitest";
import { describeWithShared } from "../support/shared.ts";
import { accuracyOf, expectedAccuracy, golden, networks, pictures } from "./accuracy.ts";

const fast = ["mobilenet_v1_0.25_224_tfjs", "mobilenet_v1_0.25_128_quant.tflite"];

for (const { file, points } of networks.filter((network) => fast.includes(network.file)))
	describeWithShared(`accuracy of ${file}`, [golden, pictures, `weights/${file}`], () => {
		it("is TensorFlow's", async () => {
			const [got, expected] = [await accuracyOf(file), expectedAccuracy(file)];
			expect(Math.abs(got.top1 - expected.top1)).toBeLessThanOrEqual(points);
			expect(Math.abs(got.top5 - expected.top5)).toBeLessThanOrEqual(points);
		});
	});

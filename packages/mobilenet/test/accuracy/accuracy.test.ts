/** The short form of `npm run accuracy`: the two fastest networks, one of floats and one of integers, and an odd size. */
import { expect, it } from "vitest";
import { describeWithShared } from "../support/shared.ts";
import { accuracyOf, expectedAccuracy, golden, networks, pictures } from "./accuracy.ts";

const fast = ["mobilenet_v1_0.25_224_tfjs", "mobilenet_v1_0.25_128_quant.tflite"];

for (const network of networks.filter(({ file, size }) => fast.includes(file) || size === 150)) {
	const { file, points, size } = network;
	describeWithShared(
		`accuracy of ${file} at ${size ?? "its own size"}`,
		[golden, pictures, `weights/${file}`],
		() => {
			it("is TensorFlow's", async () => {
				const [got, expected] = [await accuracyOf(network), expectedAccuracy(network)];
				expect(Math.abs(got.top1 - expected.top1)).toBeLessThanOrEqual(points);
				expect(Math.abs(got.top5 - expected.top5)).toBeLessThanOrEqual(points);
			});
		},
	);
}

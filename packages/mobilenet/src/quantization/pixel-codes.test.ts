import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { loadBuild } from "../kernels/load.ts";
import { configure } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import { fold } from "../weights/fold.ts";
import { initialize } from "../weights/initialize.ts";
import type { Model, Preprocessing } from "../weights/model.ts";
import { layerRunner } from "./layer-runner.ts";
import { codesOfPixels, withPixelCodes } from "./pixel-codes.ts";

const { loaded } = await loadBuild();
const size = 32;
function modelWith(preprocessing: Partial<Preprocessing>, inputChannels = 3): Model {
	const model = fold(initialize(configure({ alpha: 0.25, size, inputChannels, classes: 3 }), { seed: 1 }));
	return { ...model, preprocessing: { ...model.preprocessing, ...preprocessing } };
}

/** What the first layer gives out on numbers in the network's order, its bias added. */
function stemOf(model: Model, input: ArrayLike<number>): Float32Array {
	const stem = layers(model.configuration)[0]!;
	const [weight, bias] = ["weight", "bias"].map(
		(part) => model.tensors.get(`stem.conv.${part}`)!.data as Float32Array,
	) as [Float32Array, Float32Array];
	return layerRunner(stem, weight, model, loaded)(input).map((sum, i) => sum + bias[i % bias.length]!);
}

const imagenet = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };

describe("pixels as codes", () => {
	it("need no change where one whole number is subtracted and one number divides", () => {
		for (const [mean, std] of [
			[128, 127.5],
			[0, 255],
			[127, 1],
		] as const) {
			const model = modelWith({ mean: [mean, mean, mean], std: [std, std, std] });
			const { model: same, input } = withPixelCodes(model);
			expect(same).toBe(model);
			expect(input).toEqual({ scale: Math.fround(1 / std), zeroPoint: mean - 128 });
		}
	});

	it.each([
		{ title: "TensorFlow's", preprocessing: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] } },
		{ title: "PyTorch's", preprocessing: imagenet },
		{ title: "PyTorch's in blue, green, red", preprocessing: { ...imagenet, channelOrder: "bgr" } as const },
		{ title: "one of gray", preprocessing: { mean: [100.4], std: [50] } },
	])("give the first layer's sums of $title preprocessing", ({ preprocessing }) => {
		const channels = preprocessing.mean.length;
		const model = modelWith(preprocessing, channels);
		const { uniform } = random(3);
		const pixels = Uint8Array.from({ length: size * size * channels }, () => Math.floor(uniform() * 256));
		const isSwapped = model.preprocessing.channelOrder === "bgr";
		const real = Float32Array.from(pixels, (_, i) => {
			const c = i % channels;
			const { mean, std } = model.preprocessing;
			return (pixels[isSwapped ? i - c + 2 - c : i]! - mean[c]!) / std[c]!;
		});
		const expected = stemOf(model, real);

		const { model: changed, input } = withPixelCodes(model);
		const codes = codesOfPixels(pixels, changed);
		expect([...codes].sort((a, b) => a - b)).toEqual([...pixels].map((p) => p - 128).sort((a, b) => a - b));
		const words = Float32Array.from(codes, (code) => input.scale * (code - input.zeroPoint));
		const got = stemOf(changed, words);
		// Its preprocessing says the same, so that the model means the same in float.
		const { mean, std } = changed.preprocessing;
		const says = Float32Array.from(pixels, (_, i) => {
			const c = i % channels;
			return (pixels[isSwapped ? i - c + 2 - c : i]! - mean[c]!) / std[c]!;
		});
		expect(Math.max(...says.map((x, i) => Math.abs(x - words[i]!)))).toBeLessThan(1e-5);

		// TensorFlow's padding: zeros right and below, where they stand for another pixel than before.
		const [places, outputs] = [size / 2, expected.length / (size / 2) ** 2];
		for (let i = 0; i < expected.length; i++) {
			const place = Math.floor(i / outputs);
			const isInside = place % places < places - 1 && place < places * (places - 1);
			if (isInside) expect(Math.abs(got[i]! - expected[i]!)).toBeLessThan(1e-4);
		}
	});
});

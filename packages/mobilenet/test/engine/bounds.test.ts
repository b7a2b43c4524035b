/**
 * Layers with bounds of their own in the place of the activation, on every build: what they give out is what they give out
 * unbounded, cut off; and the next layer takes that.
 */
import { describe, expect, test } from "vitest";
import type { Pixels } from "../../src/image/pixels.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { configure } from "../../src/network/configuration.ts";
import { quantize } from "../../src/quantization/quantize.ts";
import { fold } from "../../src/weights/fold.ts";
import { initialize } from "../../src/weights/initialize.ts";
import type { Model } from "../../src/weights/model.ts";
import { type Bounds, partsOf, tensorsOf } from "../../src/weights/parts.ts";
import type { Tensor } from "../../src/weights/tensor.ts";
import { buildsHere } from "../support/builds.ts";

const size = 64;
const picture: Pixels = {
	...{ width: size, height: size, channels: 3 },
	data: Uint8Array.from({ length: size * size * 3 }, (_, i) => 128 + 100 * Math.sin(i * 0.031)),
};
const float = fold(initialize(configure({ alpha: 0.25, depth: "shallow", size, classes: 3 }), { seed: 2 }));
const [stem, depthwise, pointwise] = ["stem", "blocks.0.depthwise", "blocks.0.pointwise"];
/** Below 0 and above 6, of every layer its own. */
const own: Readonly<Record<string, Bounds>> = {
	[stem]: { low: -0.25, high: 0.5 },
	[depthwise]: { low: 0, high: 0.375 },
	[pointwise]: { low: -0.125, high: 0.25 },
};
const wide: Bounds = { low: -1e9, high: 1e9 };

function withBounds(model: Model, bounds: Readonly<Record<string, Bounds>>): Model {
	const { layers, ...rest } = partsOf(model);
	const changed = layers.map((parts) =>
		parts.weight ? { ...parts, bounds: bounds[parts.layer.name] } : parts,
	);
	return { ...model, tensors: tensorsOf({ ...rest, layers: changed }) };
}

async function outputs(model: Model, build: (typeof buildsHere)[number], names: readonly string[]) {
	using mobilenet = await MobileNet.from(model, { build });
	const found = await mobilenet.features(picture, names);
	return names.map((name) => found.get(name)!.data);
}

const cut = (x: number, { low, high }: Bounds): number => Math.min(high, Math.max(low, x));

describe.each(buildsHere)("on the build %s", (build) => {
	test("floats are cut off at each layer's own bounds", async () => {
		const model = withBounds(float, own);
		const [first, second, third] = await outputs(model, build, [stem, depthwise, pointwise]);
		const [raw] = await outputs(withBounds(float, { [stem]: wide }), build, [stem]);
		expect(raw!.some((x) => x < -0.25) && raw!.some((x) => x > 0.5)).toBe(true);
		expect(first).toEqual(raw!.map((x) => cut(x, own[stem]!)));
		const [rawSecond] = await outputs(withBounds(float, { ...own, [depthwise]: wide }), build, [depthwise]);
		expect(second).toEqual(rawSecond!.map((x) => cut(x, own[depthwise]!)));
		expect(Math.max(...second!)).toBe(0.375);
		// By hand, from what the layer before gave out.
		const { weight, bias } = partsOf(float).layers.find(({ layer }) => layer.name === pointwise)!;
		const [inputs = 0, pixels] = [weight!.shape[1], [0, 77, 1023]];
		const channels = weight!.shape[0]!;
		for (const pixel of pixels)
			for (let o = 0; o < channels; o++) {
				let sum = bias!.data[o]!;
				for (let i = 0; i < inputs; i++) sum += second![pixel * inputs + i]! * weight!.data[o * inputs + i]!;
				expect(third![pixel * channels + o]).toBeCloseTo(cut(sum, own[pointwise]!), 5);
			}
	});

	test("the answer is that of the same layers one by one", async () => {
		const model = withBounds(float, own);
		using fused = await MobileNet.from(model, { build });
		const [logits] = await outputs(model, build, ["classifier", stem, depthwise, pointwise]);
		const alone = (await fused.features(picture, "classifier")).data;
		for (const [i, x] of alone.entries()) expect(x).toBeCloseTo(logits![i]!, 5);
	});

	test("bounds of half floats are numbers, not their bits", async () => {
		const model = withBounds(float, { [stem]: own[stem]! });
		// −0.25 and 0.5.
		const half: Tensor = { dtype: "F16", shape: [2], data: Uint16Array.of(0xb400, 0x3800) };
		const tensors = new Map([...model.tensors, ["stem.bounds", half]]);
		const [expected, actual] = [
			await outputs(model, build, [stem]),
			await outputs({ ...model, tensors }, build, [stem]),
		];
		expect(actual).toEqual(expected);
	});

	test("integers are cut off at the nearest codes", async () => {
		const { model } = await quantize(float, [picture]);
		const { scale } = partsOf(model).layers.find(({ layer }) => layer.name === pointwise)!.output!;
		const bounds = { low: 7.4 * scale, high: 90.6 * scale };
		const [raw] = await outputs(model, build, [pointwise]);
		const [actual] = await outputs(withBounds(model, { [pointwise]: bounds }), build, [pointwise]);
		expect(raw!.some((x) => x < bounds.low) && raw!.some((x) => x > bounds.high)).toBe(true);
		const words = (values: Float32Array): number[] => Array.from(values, (x) => Math.round(x / scale));
		expect(words(actual!)).toEqual(words(raw!).map((word) => Math.min(91, Math.max(7, word))));
	});
});

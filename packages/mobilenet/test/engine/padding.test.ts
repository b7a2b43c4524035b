/**
 * Every padding at sizes at which they lay other zeros, forward and backward, against what PyTorch 2.15 computed in
 * float64 with the zeros laid by hand. Weights are sines of their number, so that both have the same without a file:
 *
 *   def numbers(count, layer, scale): return float32(np.sin(12.9898 * np.arange(1, count + 1) + 78.233 * layer) * scale)
 *   def zeros(kind, size, stride):  # before, after
 *       if kind == "symmetric": return 1, 1
 *       if kind == "keras": return (1, 1) if stride == 1 else (0, 1)  # ZeroPadding2D(((0, 1), (0, 1))), then "valid"
 *       total = max((math.ceil(size / stride) - 1) * stride + 3 - size, 0)
 *       return total // 2, total - total // 2
 *   # of each convolution, `layer` from 1: F.pad(x, (before, after, before, after)), F.conv2d with numbers(…, layer,
 *   # sqrt(4 / inputs of one output)), plus numbers(out, layer + 0.5, 0.1), clamp(0, 6); then the mean, and the classifier
 *   # numbers(3 * 10, 99, 0.5) with numbers(3, 99.5, 0.1). Backward: F.batch_norm(training=True, eps=1e-3) before the
 *   # clamp, gamma 1 + numbers(out, layer + 0.25, 0.2); F.cross_entropy of two pictures with the labels 2 and 0.
 */
import { describe, expect, test } from "vitest";
import { createTrainer } from "../../src/engine/training.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { configure, type Padding } from "../../src/network/configuration.ts";
import { layers } from "../../src/network/layers.ts";
import { type Model, usualPreprocessing } from "../../src/weights/model.ts";
import { type LayerParts, tensorsOf } from "../../src/weights/parts.ts";
import { filled, float32, sizeOf, type Tensor } from "../../src/weights/tensor.ts";
import { lossSettings, oneHot, usual } from "../golden/training.ts";
import { buildsHere, loadExactly } from "../support/builds.ts";

type Paddings = readonly [size: number, padding: Padding, stemPadding: Padding];

/** The logits of one picture. */
const forward: readonly (readonly [...Paddings, logits: readonly number[]])[] = [
	[33, "same", "same", [0.251146, -0.910979, 0.631845]],
	[33, "keras", "keras", [0.00424, -0.152188, 0.180528]],
	[33, "symmetric", "symmetric", [0.251146, -0.910979, 0.631845]],
	[33, "same", "keras", [0.00424, -0.152188, 0.180528]],
	[33, "keras", "symmetric", [0.00351, -0.152223, 0.181291]],
	[46, "same", "same", [0.495526, -1.818288, 1.22235]],
	[46, "keras", "keras", [0.018121, -0.207026, 0.217108]],
	[46, "symmetric", "symmetric", [0.620574, -1.869301, 1.144243]],
	[75, "same", "same", [0.731895, -2.54747, 1.656958]],
	[75, "keras", "keras", [0.550892, -1.699654, 1.05782]],
	[75, "symmetric", "symmetric", [0.539897, -1.567468, 0.94718]],
	[75, "same", "keras", [0.739575, -2.562807, 1.663391]],
	[75, "keras", "symmetric", [0.550268, -1.710043, 1.068004]],
	[100, "same", "same", [0.49785, -1.733828, 1.142307]],
	[100, "keras", "keras", [0.811686, -2.583416, 1.610244]],
	[100, "symmetric", "symmetric", [0.48817, -1.780137, 1.1946]],
	[100, "keras", "symmetric", [0.788577, -2.424232, 1.486876]],
];

/** The loss of two pictures, and four numbers of each gradient, a quarter of it apart. */
const backward: readonly (readonly [
	...Paddings,
	loss: number,
	gradients: Readonly<Record<string, readonly number[]>>,
])[] = [
	[
		75,
		"keras",
		"keras",
		0.822433,
		{
			"stem.conv": [-0.352985, -0.430648, 0.11491, 0.0950912],
			"blocks.1.depthwise.conv": [0.069419, -0.190939, -0.41904, 0.116303],
			"blocks.5.depthwise.conv": [0.023576, -0.0208063, -0.015866, -0.00529645],
			classifier: [0.135266, -0.107287, 0.0485498, 0.0791263],
		},
	],
	[
		99,
		"keras",
		"same",
		0.822749,
		{
			"stem.conv": [-0.0541264, -0.62982, -1.88346, -0.904839],
			"blocks.1.depthwise.conv": [0.0135093, -0.0774598, -0.00261946, 0.0496525],
			"blocks.5.depthwise.conv": [-0.0159635, -0.0069566, 9.51215e-5, 0.00515497],
			classifier: [-0.119507, 0.00964666, 0.0575283, -0.00162188],
		},
	],
	[
		47,
		"same",
		"keras",
		0.970336,
		{
			"stem.conv": [-0.0576047, -0.106535, 0.0200627, -0.0530956],
			"blocks.1.depthwise.conv": [-0.0350406, -0.247626, -0.0828476, 0.299519],
			"blocks.5.depthwise.conv": [-0.000794787, 0.00389741, 0.0144826, -0.0105172],
			classifier: [-0.0150094, -0.338899, 0.0270439, 0.25704],
		},
	],
];

function numbers(shape: readonly number[], layer: number, scale: number, shift = 0): Tensor {
	const data = Float32Array.from(
		{ length: sizeOf(shape) },
		(_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * layer) * scale,
	);
	return float32(
		data.map((x) => x + shift),
		shape,
	);
}

function networkOf([size, padding, stemPadding]: Paddings, isNormalized: boolean): Model {
	const configuration = configure({
		...{ alpha: 0.01, depth: "shallow", classes: 3, output: "logits", dropout: 0 },
		...{ size, padding, stemPadding },
	});
	let number = 0;
	const parts = layers(configuration).map((layer): LayerParts => {
		if (layer.kind === "pool") return { layer };
		const { weightShape, outputChannels: out } = layer;
		if (layer.kind === "dense")
			return { layer, weight: numbers(weightShape, 99, 0.5), bias: numbers([out], 99.5, 0.1) };
		number++;
		const weight = numbers(weightShape, number, Math.sqrt(4 / sizeOf(weightShape.slice(1))));
		const bias = numbers([out], number + 0.5, 0.1);
		if (!isNormalized) return { layer, weight, bias };
		const gamma = numbers([out], number + 0.25, 0.2, 1);
		return {
			layer,
			weight,
			norm: { weight: gamma, bias, mean: filled([out], 0), variance: filled([out], 1) },
		};
	});
	return {
		configuration,
		tensors: tensorsOf({ layers: parts }),
		preprocessing: usualPreprocessing(3),
		source: { format: "test", assumed: [], notes: [] },
	};
}

function picturesOf(size: number, count: number): Float32Array {
	return Float32Array.from({ length: count * size * size * 3 }, (_, i) => Math.sin(0.37 * i));
}

describe.each(buildsHere)("on the build %s", (build) => {
	test.each(forward)("%i pixels, %s, the first convolution %s: logits", async (...row) => {
		const [size, padding, stemPadding, expected] = row;
		using mobilenet = await MobileNet.from(networkOf([size, padding, stemPadding], false), { build });
		const logits = await mobilenet.run(picturesOf(size, 1));
		expect(logits.length).toBe(3);
		for (const [c, logit] of expected.entries()) expect(Math.abs(logits[c]! - logit)).toBeLessThan(5e-6);
	});

	test.each(backward)("%i pixels, %s, the first convolution %s: gradients", async (...row) => {
		const [size, padding, stemPadding, loss, gradients] = row;
		const loaded = await loadExactly(build, "training");
		const model = networkOf([size, padding, stemPadding], true);
		const trainer = createTrainer(model, { ...usual, build, batch: 2, frozenNorm: false }, loaded);
		trainer.floats.set(picturesOf(size, 2));
		oneHot(trainer.targets, trainer.targetPitch, [2, 0], 3, 0);
		expect(trainer.forward("floats", 2, lossSettings)).toBeCloseTo(loss, 5);
		trainer.backward();
		for (const [name, expected] of Object.entries(gradients)) {
			const all = trainer.gradient(`${name}.weight`);
			const apart = Math.max(1, Math.floor(all.length / 4));
			const largest = Math.max(...expected.map(Math.abs));
			for (const [i, value] of expected.entries())
				expect(Math.abs(all[i * apart]! - value) / largest).toBeLessThan(2e-4);
		}
		trainer.dispose();
	});
});

/** Layers that prepare the picture, and heads, as Keras 2.21 and 3.15 write their configurations. */
import { describe, expect, test } from "vitest";
import { filled, float32, type Tensor } from "../../weights/tensor.ts";
import type { Chain } from "../chain/chain.ts";
import { kerasChain } from "./layers.ts";

type Layer = readonly [className: string, config?: Record<string, unknown>];

const about = { name: "model.h5", format: "Test" };
const shape = (size: number | null) => ["InputLayer", { batch_shape: [null, size, size, 3] }] as const;

/** A Sequential model of these layers, each named by its class. */
function read(layers: readonly Layer[], weights: Readonly<Record<string, Tensor>> = {}): Chain {
	const topology = {
		class_name: "Sequential",
		config: {
			layers: layers.map(([className, config], i) => ({
				class_name: className,
				config: { name: `${className}${i}`, ...config },
			})),
		},
	};
	return kerasChain(topology, (_path, weight) => weights[weight], about);
}

const refusal = (layers: readonly Layer[], weights?: Readonly<Record<string, Tensor>>): string => {
	try {
		read(layers, weights);
	} catch (error) {
		return `${(error as { code: string }).code}: ${(error as Error).message}`;
	}
	throw new Error("it was read");
};

describe("Rescaling", () => {
	test("scales and shifts, by one number or one a channel", () => {
		expect(read([shape(32), ["Rescaling", { scale: 1 / 127.5, offset: -1 }]])).toMatchObject({
			size: 32,
			layers: [{ kind: "affine", factor: [1 / 127.5], offset: [-1] }],
		});
		expect(read([shape(32), ["Rescaling", { scale: [1, 2, 3], offset: [4, 5, 6] }]]).layers).toMatchObject([
			{ kind: "affine", factor: [1, 2, 3], offset: [4, 5, 6] },
		]);
		expect(refusal([shape(32), ["Rescaling", { scale: "half" }]])).toMatch(
			/^broken-file: .*has the scale "half" where a number was expected/,
		);
	});
});

describe("Normalization", () => {
	const axis = [-1];

	test("by numbers of its configuration", () => {
		const found = read([shape(32), ["Normalization", { axis, mean: [1, 2, 3], variance: [4, 16, 64] }]]);
		expect(found.layers).toMatchObject([
			{ kind: "affine", factor: [0.5, 0.25, 0.125], offset: [-0.5, -0.5, -0.375] },
		]);
		const inverted = read([shape(32), ["Normalization", { axis: null, mean: 3, variance: 4, invert: true }]]);
		expect(inverted.layers).toMatchObject([{ kind: "affine", factor: [2], offset: [3] }]);
	});

	test("by learned ones, and without dividing by nothing", () => {
		const weights = { mean: float32([1, 2, 3]), variance: float32([4, 16, 0]) };
		const adapted = { axis, mean: null, variance: null, batch_input_shape: [null, null, null, null] };
		expect(read([shape(32), ["Normalization", adapted]], weights).layers).toMatchObject([
			{ kind: "affine", factor: [0.5, 0.25, 1e7], offset: [-0.5, -0.5, -3e7] },
		]);
	});

	test("that says otherwise is refused", () => {
		const of = (config: Record<string, unknown>) =>
			refusal([shape(32), ["Normalization", { axis, ...config }]]);
		expect(of({ axis: [1, 2], mean: 1, variance: 1 })).toMatch(/normalizes along the axes \[1,2\]/);
		expect(of({ mean: null, variance: null })).toMatch(/^broken-file: .*has no weights "mean"/);
		expect(of({ mean: [1, 2], variance: 4 })).toMatch(/2 means and 1 variances/);
		expect(of({ mean: 1, variance: -4 })).toMatch(/positive numbers/);
	});
});

test("what changes pictures at random does nothing once the network has learned", () => {
	const random = ["RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness"];
	const others = ["RandomTranslation", "GaussianNoise", "SpatialDropout2D", "ActivityRegularization"];
	const layers = [...random, ...others].map((className): Layer => [className]);
	expect(read([shape(32), ...layers, ["RandomCrop", { height: 32, width: 32 }]]).layers).toEqual([]);
});

describe("Resizing", () => {
	const to = (height: number, more = {}): Layer => [
		"Resizing",
		{ height, width: height, interpolation: "bilinear", ...more },
	];

	test("to the size that the picture has does nothing", () => {
		expect(read([shape(32), to(32)])).toMatchObject({ size: 32, layers: [] });
	});

	test("of pictures of any size gives the network its size", () => {
		expect(read([shape(null), to(48)])).toMatchObject({
			size: 48,
			inputChannels: 3,
			preprocessing: { filter: "tf-bilinear" },
		});
	});

	test("of another kind is refused", () => {
		const refused = /^unsupported: .*makes its picture .* in a way that is not done here/;
		expect(refusal([shape(64), to(48)])).toMatch(refused);
		expect(refusal([shape(null), to(48, { interpolation: "nearest" })])).toMatch(refused);
		expect(refusal([shape(null), to(48, { crop_to_aspect_ratio: true })])).toMatch(refused);
		expect(refusal([shape(64), ["CenterCrop", { height: 32, width: 32 }]])).toMatch(refused);
		expect(refusal([shape(64), ["RandomCrop", { height: 32, width: 32 }]])).toMatch(refused);
	});
});

test("a size that only a network inside says is the network's", () => {
	const inner = {
		class_name: "Sequential",
		config: {
			name: "inner",
			layers: [{ class_name: "InputLayer", config: { name: "i", batch_shape: [null, 96, 96, 3] } }],
		},
	};
	const outer = { class_name: "InputLayer", config: { name: "o", batch_shape: [null, null, null, 3] } };
	const found = kerasChain(
		{ class_name: "Sequential", config: { layers: [outer, inner] } },
		() => undefined,
		about,
	);
	expect(found).toMatchObject({ size: 96, inputChannels: 3 });
});

describe("heads", () => {
	const weights = {
		kernel: filled([3, 5], 1),
		bias: filled([5], 1),
		gamma: filled([3], 1),
		beta: filled([3], 0),
		moving_mean: filled([3], 0),
		moving_variance: filled([3], 1),
	};
	const dense = (activation: string): Layer => ["Dense", { activation }];

	test("of pools, flattening, batch norm and dense layers with activations", () => {
		const kinds = (...layers: readonly Layer[]) =>
			read([shape(32), ...layers], weights).layers.map((layer) =>
				layer.kind === "activation"
					? layer.activation
					: layer.kind === "pool"
						? (layer.pooling ?? "pool")
						: layer.kind,
			);
		expect(
			kinds(["GlobalMaxPooling2D"], ["BatchNormalization", { axis: [1] }], dense("tanh"), ["Softmax"]),
		).toEqual([...["max", "batchNorm", "dense", "tanh", "softmax"]]);
		expect(kinds(["MaxPooling2D", { pool_size: 32 }], ["Flatten"], dense("sigmoid"))).toEqual([
			...["max", "shape", "dense", "sigmoid"],
		]);
		expect(kinds(["Flatten"], dense("relu6"), ["ReLU"])).toEqual(["flatten", "dense", "relu6", "relu"]);
		expect(
			kinds(["Reshape", { target_shape: [-1] }], dense("linear"), ["Activation", { activation: "tanh" }]),
		).toEqual([...["flatten", "dense", "tanh"]]);
		expect(kinds(["Reshape", { target_shape: [32, 32, 3] }], ["GlobalAveragePooling2D"])).toEqual([
			"shape",
			"pool",
		]);
	});

	test("that are none are refused", () => {
		expect(refusal([shape(32), ["BatchNormalization", { axis: [1] }]], weights)).toMatch(/along the axis 1/);
		expect(refusal([shape(32), ["Reshape", { target_shape: [64, 48] }]])).toMatch(
			/reshapes the picture to \[64,48\]/,
		);
		expect(refusal([shape(32), ["GlobalAveragePooling2D"], dense("swish")], weights)).toMatch(
			/activation "swish"/,
		);
	});
});

test("depthwise layers of several filters a channel are refused without denying that it is one", () => {
	const weights = { depthwise_kernel: filled([3, 3, 3, 2], 1) };
	expect(
		refusal([shape(32), ["DepthwiseConv2D", { use_bias: false, depth_multiplier: 2 }]], weights),
	).toMatch(/^unsupported: model\.h5: the depthwise layer DepthwiseConv2D1 has a depth multiplier of 2/);
});

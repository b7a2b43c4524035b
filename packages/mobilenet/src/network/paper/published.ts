/**
 * What was published about MobileNets, as printed: the paper's tables about the network itself and the accuracies of
 * Google's checkpoints. tables.ts and grid.ts show our figures beside them; nothing is computed from them. Where the
 * layers do not give a printed figure, a note says what they give.
 *
 * - The paper: Howard and others, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
 *   Applications", 2017, https://arxiv.org/abs/1704.04861. Its Tables 8 and later are about other networks and tasks.
 * - The checkpoints: https://github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md, ILSVRC-2012 validation,
 *   one central crop, 1001 classes. Its column of mult-adds is omitted, because no formula gives its 317, 233, 162 and
 *   104 million for α 0.75 and 34 million for 0.25-192.
 */
import type { ConfigurationOptions } from "../configuration.ts";
import type { CostKind } from "../cost.ts";

/** The subject of each table, by its number. */
export const paperTitles = {
	1: "body architecture",
	2: "resource per layer type",
	3: "resource usage for modifications of one layer, each on top of the one before",
	4: "depthwise separable against full convolution",
	5: "narrow against shallow",
	6: "width multiplier",
	7: "resolution",
} as const;

/** The rows of Table 1: type and stride, filter shape, input size. In print, one brace joins the two rows marked 5×. */
export const bodyPrinted = [
	["Conv / s2", "3×3×3×32", "224×224×3"],
	["Conv dw / s1", "3×3×32 dw", "112×112×32"],
	["Conv / s1", "1×1×32×64", "112×112×32"],
	["Conv dw / s2", "3×3×64 dw", "112×112×64"],
	["Conv / s1", "1×1×64×128", "56×56×64"],
	["Conv dw / s1", "3×3×128 dw", "56×56×128"],
	["Conv / s1", "1×1×128×128", "56×56×128"],
	["Conv dw / s2", "3×3×128 dw", "56×56×128"],
	["Conv / s1", "1×1×128×256", "28×28×128"],
	["Conv dw / s1", "3×3×256 dw", "28×28×256"],
	["Conv / s1", "1×1×256×256", "28×28×256"],
	["Conv dw / s2", "3×3×256 dw", "28×28×256"],
	["Conv / s1", "1×1×256×512", "14×14×256"],
	["5× Conv dw / s1", "3×3×512 dw", "14×14×512"],
	["5× Conv / s1", "1×1×512×512", "14×14×512"],
	["Conv dw / s2", "3×3×512 dw", "14×14×512"],
	["Conv / s1", "1×1×512×1024", "7×7×512"],
	["Conv dw / s2", "3×3×1024 dw", "7×7×1024"],
	["Conv / s1", "1×1×1024×1024", "7×7×1024"],
	["Avg Pool / s1", "Pool 7×7", "7×7×1024"],
	["FC / s1", "1024×1000", "1×1×1024"],
	["Softmax / s1", "Classifier", "1×1×1000"],
] as const;

/** A note on the one row of Table 1 that differs from ours. */
export const bodyNote =
	"the last depthwise layer: the paper prints stride 2, though the picture stays 7×7; the published networks have " +
	"stride 1 (lastBlock stride2, as in the preset tutorial, is the table as printed, with a padding of 4)";

/** Table 2: share of mult-adds and of parameters, in %. */
export const kindsPrinted: readonly (readonly [
	kind: CostKind,
	multAdds: number,
	parameters: number,
	note?: string,
])[] = [
	["conv 1x1", 94.86, 74.59],
	["conv depthwise 3x3", 3.06, 1.06],
	[
		"conv 3x3",
		1.19,
		0.02,
		"conv 3x3: the paper's 1.19 % of mult-adds is a misprint, 10.8 of 568.7 million are 1.91 %",
	],
	["fully connected", 0.18, 24.33],
];

/** How a layer or a network differs from MobileNet 1.0-224. */
type Modification = Pick<ConfigurationOptions, "alpha" | "rho" | "size" | "depth"> & {
	/** Standard convolutions instead of separable ones. */
	readonly convolution?: "standard";
};

/** The layer of Table 3: Dk = 3, M = N = 512, Df = 14. */
export const layerOfTable3 = { kernel: 3, inputChannels: 512, outputChannels: 512, size: 14 } as const;

/** Table 3: millions of mult-adds and of parameters. Its ρ of 0.714 is 160 pixels. */
export const modificationsPrinted: readonly (readonly [
	name: string,
	multAdds: number,
	parameters: number,
	layer: Modification,
])[] = [
	["convolution", 462, 2.36, { convolution: "standard" }],
	["depthwise separable convolution", 52.3, 0.27, {}],
	["α = 0.75", 29.6, 0.15, { alpha: 0.75 }],
	["ρ = 0.714", 15.1, 0.15, { alpha: 0.75, rho: 160 / 224 }],
];

/** Tables 4 to 7: ImageNet top-1 in %, millions of mult-adds and of parameters. */
export const networksPrinted: Readonly<
	Record<
		4 | 5 | 6 | 7,
		readonly (readonly [
			name: string,
			top1: number,
			multAdds: number,
			parameters: number,
			network: Modification,
			note?: string,
		])[]
	>
> = {
	4: [
		[
			"Conv MobileNet",
			71.7,
			4866,
			29.3,
			{ convolution: "standard" },
			"Conv MobileNet: the layers give 4867.3 million mult-adds (4866.3 without the classifier), not the printed 4866",
		],
		["MobileNet", 70.6, 569, 4.2, {}],
	],
	5: [
		["0.75 MobileNet", 68.4, 325, 2.6, { alpha: 0.75 }],
		["Shallow MobileNet", 65.3, 307, 2.9, { depth: "shallow" }],
	],
	6: [
		["1.0 MobileNet-224", 70.6, 569, 4.2, {}],
		["0.75 MobileNet-224", 68.4, 325, 2.6, { alpha: 0.75 }],
		["0.5 MobileNet-224", 63.7, 149, 1.3, { alpha: 0.5 }],
		["0.25 MobileNet-224", 50.6, 41, 0.5, { alpha: 0.25 }],
	],
	7: [
		["1.0 MobileNet-224", 70.6, 569, 4.2, {}],
		["1.0 MobileNet-192", 69.1, 418, 4.2, { size: 192 }],
		[
			"1.0 MobileNet-160",
			67.2,
			290,
			4.2,
			{ size: 160 },
			"1.0 MobileNet-160: the printed 290 million mult-adds are 290.7 million cut, where other figures are rounded",
		],
		["1.0 MobileNet-128", 64.4, 186, 4.2, { size: 128 }],
	],
};

/** The checkpoints: α, size, top-1 and top-5 as fractions. */
export const checkpointsPrinted = [
	[1, 224, 0.709, 0.899],
	[1, 192, 0.7, 0.892],
	[1, 160, 0.68, 0.877],
	[1, 128, 0.652, 0.858],
	[0.75, 224, 0.684, 0.882],
	[0.75, 192, 0.672, 0.873],
	[0.75, 160, 0.653, 0.86],
	[0.75, 128, 0.621, 0.839],
	[0.5, 224, 0.633, 0.849],
	[0.5, 192, 0.617, 0.836],
	[0.5, 160, 0.591, 0.819],
	[0.5, 128, 0.563, 0.794],
	[0.25, 224, 0.498, 0.742],
	[0.25, 192, 0.477, 0.723],
	[0.25, 160, 0.455, 0.703],
	[0.25, 128, 0.415, 0.663],
] as const;

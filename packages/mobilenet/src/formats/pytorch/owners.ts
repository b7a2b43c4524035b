/**
 * Whose network it is by the names of its modules. Weights do not say strides, padding, activation or epsilon; whoever
 * wrote the code that they are of did, and is told by names that nobody else uses together.
 */
import type { Configuration } from "../../network/configuration.ts";
import type { Preprocessing } from "../../weights/model.ts";
import type { Usual } from "../chain/weights-alone.ts";

export interface Owner {
	/** All of these are among the names. */
	readonly names: readonly RegExp[];
	readonly usual: Usual;
	/** How those networks were trained on colors; assumed for this one. */
	readonly preprocessing?: Partial<Preprocessing>;
	/** Who writes a `config.json` beside the weights. */
	readonly config?: "transformers" | "timm";
	/** Why the network cannot be read, for those that look like one in weights alone. */
	readonly refusal?: string;
}

/** Colors as PyTorch's example of ImageNet takes them. */
const imagenet: Partial<Preprocessing> = {
	mean: [0.485, 0.456, 0.406].map((mean) => mean * 255),
	std: [0.229, 0.224, 0.225].map((std) => std * 255),
};
const cifar =
	"its first convolution has stride 1, for pictures of 32×32 pixels, which a configuration does not express; train this package's network on them";

const torch = (like: string, differing: Partial<Configuration> = {}): Usual => ({
	preset: "torch",
	differing,
	like,
});

/** The tutorial first, which is this package's own; the last fits all. */
const owners: readonly Owner[] = [
	{
		names: [/(^|\.)first_conv\.0$/, /(^|\.)layers\.0\.0$/],
		usual: {
			preset: "tutorial",
			differing: { output: "logits" },
			like: "the PyTorch tutorial",
		},
	},
	{
		names: [/(^|\.)conv_stem$/, /(^|\.)blocks\.0\.0\.conv_dw$/, /(^|\.)conv_head$/],
		usual: torch("timm's MobileNet"),
		refusal:
			"it has another 1×1 convolution (conv_head) before its pool, as timm's mobilenetv1_100h, which a configuration does not express; take a network without it, such as mobilenetv1_100",
	},
	{
		names: [/(^|\.)conv_stem$/, /(^|\.)blocks\.0\.0\.conv_dw$/],
		usual: torch("timm's MobileNet"),
		preprocessing: { filter: "pillow-bicubic" },
		config: "timm",
	},
	{
		names: [/(^|\.)conv_stem\.convolution$/, /(^|\.)layer\.0\.convolution$/],
		usual: { preset: "tf", differing: { output: "logits" }, like: "Hugging Face's MobileNet" },
		config: "transformers",
	},
	{
		names: [/(^|\.)stage1\.0\.0$/, /(^|\.)stage1\.1\.3$/, /(^|\.)stage3\.1\.3$/],
		usual: torch("the MobileNet of Pytorch_Retinaface", { activation: "leakyRelu", leakySlope: 0.1 }),
		preprocessing: imagenet,
	},
	{
		names: [/(^|\.)model\.0\.0$/, /(^|\.)model\.1\.0$/, /(^|\.)model\.1\.3$/],
		usual: torch("marvis's pytorch-mobilenet", { activation: "relu" }),
		preprocessing: imagenet,
	},
	{
		names: [/(^|\.)features\.init_block\.conv$/, /(^|\.)features\.stage1\.unit1\.dw_conv\.conv$/],
		usual: torch("pytorchcv's MobileNet", { activation: "relu" }),
		preprocessing: imagenet,
	},
	{ names: [/(^|\.)layers\.0\.conv1$/, /(^|\.)linear$/], usual: torch("pytorch-cifar"), refusal: cifar },
	{
		names: [/(^|\.)stem\.0\.conv$/, /(^|\.)stem\.1\.depthwise\.0$/],
		usual: torch("pytorch-cifar100"),
		refusal: cifar,
	},
	{ names: [], usual: torch("timm's MobileNet; whose its names are is not known") },
];

export function ownerOf(modules: readonly string[]): Owner {
	return owners.find(({ names }) => names.every((name) => modules.some((module) => name.test(module))))!;
}

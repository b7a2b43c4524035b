/** The tensors of a model as people's code in PyTorch names them. */
import type { Model } from "../../src/weights/model.ts";
import { weightedParts } from "../../src/weights/parts.ts";
import type { Tensor } from "../../src/weights/tensor.ts";

/** Names of a convolution and its batch norm; `block` counts from 0, and −1 is the first convolution. */
export type Naming = (block: number, isDepthwise: boolean) => readonly [convolution: string, norm: string];

/** The tutorial: `first_conv.0`, `layers.0.0`, `layers.0.3`, `classifier`. */
export const tutorialNames: Naming = (block, isDepthwise) => {
	const [module, first] = block < 0 ? ["first_conv", 0] : [`layers.${block}`, isDepthwise ? 0 : 3];
	return [`${module}.${first}`, `${module}.${first + 1}`];
};

/** timm: stages of one, two, two, six and two blocks. */
export const timmNames: Naming = (block, isDepthwise) => {
	if (block < 0) return ["conv_stem", "bn1"];
	const starts = [0, 1, 3, 5, 11, 13];
	const stage = starts.findLastIndex((start) => start <= block);
	const module = `blocks.${stage}.${block - starts[stage]!}`;
	return isDepthwise ? [`${module}.conv_dw`, `${module}.bn1`] : [`${module}.conv_pw`, `${module}.bn2`];
};

/** transformers. */
export const huggingFaceNames: Naming = (block, isDepthwise) => {
	const module = block < 0 ? "conv_stem" : `layer.${2 * block + (isDepthwise ? 0 : 1)}`;
	return [`mobilenet_v1.${module}.convolution`, `mobilenet_v1.${module}.normalization`];
};

/** `nn.Sequential` of `nn.Sequential`, as in marvis's pytorch-mobilenet. */
export const sequentialNames: Naming = (block, isDepthwise) => {
	const first = block < 0 || isDepthwise ? 0 : 3;
	return [`model.${block + 1}.${first}`, `model.${block + 1}.${first + 1}`];
};

/** The tensors in the network's order. */
export function torchTensors(model: Model, naming: Naming, classifier: string): Map<string, Tensor> {
	const tensors = new Map<string, Tensor>();
	let block = -1;
	for (const { layer, weight, bias, norm } of weightedParts(model)) {
		const isDepthwise = layer.kind === "depthwise";
		if (isDepthwise) block++;
		const [convolution, batchNorm] = naming(block, isDepthwise);
		const name = layer.kind === "dense" ? classifier : convolution;
		tensors.set(`${name}.weight`, weight);
		if (bias) tensors.set(`${name}.bias`, bias);
		if (!norm) continue;
		tensors.set(`${batchNorm}.weight`, norm.weight);
		tensors.set(`${batchNorm}.bias`, norm.bias);
		tensors.set(`${batchNorm}.running_mean`, norm.mean);
		tensors.set(`${batchNorm}.running_var`, norm.variance);
	}
	return tensors;
}

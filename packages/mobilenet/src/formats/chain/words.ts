/** How refusals speak of a network: what was found, what was expected in its place, and what the whole looks like. */
import type { Chain } from "./chain.ts";
import { saturationOf } from "./saturation.ts";
import { type Item, isDepthwise, isPointwise, kernelOf, refuse, type Unit } from "./units.ts";

/** Refuses what is not the layer that was expected after another. */
export function unexpected(
	chain: Chain,
	items: readonly Item[],
	item: Item | undefined,
	after: string,
	expected: string,
): never {
	if (!item) refuse(chain, `${after} it ends where ${expected} was expected${resemblance(items)}`);
	refuse(
		chain,
		`${after} comes ${describe(item)} where ${expected} was expected (layer ${item.name})${resemblance(items)}`,
		"not-mobilenet",
		item.name,
	);
}

/** A layer as errors speak of it. */
export function describe(item: Item): string {
	switch (item.kind) {
		case "unit": {
			const { weight, groups, stride } = item.convolution;
			const outputs = weight.tensor.shape[0]!;
			const kind = isDepthwise(item) ? " depthwise" : groups > 1 ? ` grouped (${groups} groups)` : "";
			const strided =
				kernelOf(item) === "1×1" && stride.some((n) => n !== 1) ? ` and stride ${stride[0]}` : "";
			return `a ${kernelOf(item)}${kind} convolution with ${outputs} outputs${strided}`;
		}
		case "batchNorm":
			return "a batch norm";
		case "pad":
			return "a padding";
		case "activation":
			return `an activation (${item.activation})`;
		case "pool":
			return item.pooling === "max" ? "a max pool" : "an average pool";
		case "flatten":
			return "a flattening";
		case "affine":
			return "a multiplication or an addition";
		case "dense":
			return `a dense layer with ${item.weight.tensor.shape[0]} outputs`;
		case "dropout":
			return "a dropout";
		case "softmax":
			return "a softmax";
	}
}

/** Which other network it looks like, as the end of a sentence. */
export function resemblance(items: readonly Item[]): string {
	const pool = items.findIndex((item) => item.kind === "pool" || item.kind === "flatten");
	const units = items.slice(0, pool < 0 ? items.length : pool).filter((item) => item.kind === "unit");
	const depthwise = units.filter(isDepthwise);
	if (depthwise.some((unit) => kernelOf(unit) === "5×5"))
		return "; it looks like MobileNet v3 or EfficientNet";
	// Version 2 narrows every block with a 1×1 convolution that no activation follows.
	if (depthwise.some(isActive) && units.some((unit) => isPointwise(unit) && !isActive(unit)))
		return "; it looks like MobileNet v2";
	return "";
}

function isActive({ activation, convolution: { weight }, output }: Unit): boolean {
	return activation !== undefined || saturationOf({ weight, output }) !== undefined;
}

/** How refusals speak of a network: what was found, what was expected in its place, and what the whole looks like. */
import type { Chain } from "./chain.ts";
import { type Item, isDepthwise, isPointwise, kernelOf, refuse } from "./units.ts";

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

/** Which other network of the family it looks like, as the end of a sentence. */
export function resemblance(items: readonly Item[]): string {
	const units = items.filter((item) => item.kind === "unit");
	const pool = items.findIndex((item) => item.kind === "pool");
	// Version 2 narrows every block with a 1×1 convolution that no activation follows.
	if (!units.some((unit) => isDepthwise(unit) && unit.activation)) return "";
	const beforePool = items.slice(0, pool < 0 ? items.length : pool);
	return beforePool.some((item) => item.kind === "unit" && isPointwise(item) && !item.activation)
		? "; it looks like MobileNet v2"
		: "";
}

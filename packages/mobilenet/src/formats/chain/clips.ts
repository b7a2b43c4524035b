/** Bounds of activations as frameworks write them: least and greatest values, one at a time or both. */
import type { Bounds } from "../../weights/parts.ts";
import type { ChainLayer } from "./chain.ts";

/** Several bounds one after the other made one, and called by their names where they have them. */
export function mergedBounds(layers: readonly ChainLayer[]): readonly ChainLayer[] {
	const merged: ChainLayer[] = [];
	for (const layer of layers) {
		const before = merged.at(-1);
		const [first, second] = [before && boundsOf(before), boundsOf(layer)];
		const output = layer.output ?? before?.output;
		const codes = output ? { output } : {};
		if (!second) merged.push(layer);
		else if (first && first.low <= second.high && second.low <= first.high)
			merged[merged.length - 1] = {
				...named(before!.name, {
					low: Math.max(first.low, second.low),
					high: Math.min(first.high, second.high),
				}),
				...codes,
			};
		else merged.push({ ...named(layer.name, second), ...(layer.output && { output: layer.output }) });
	}
	return merged;
}

function boundsOf(layer: ChainLayer): Bounds | undefined {
	if (layer.kind !== "activation") return undefined;
	if (layer.activation === "relu") return { low: 0, high: Number.POSITIVE_INFINITY };
	if (layer.activation === "relu6") return { low: 0, high: 6 };
	return layer.activation === "clip" ? layer.bounds : undefined;
}

function named(name: string, bounds: Bounds): ChainLayer {
	const { low, high } = bounds;
	if (low === 0 && high === 6) return { kind: "activation", name, activation: "relu6" };
	if (low === 0 && high === Number.POSITIVE_INFINITY) return { kind: "activation", name, activation: "relu" };
	return { kind: "activation", name, activation: "clip", bounds };
}

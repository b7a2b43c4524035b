/**
 * The chain of layers that a reader found as units: each convolution with its pads, what scales its channels and its
 * activation. Every shape is checked here, before anything loops or allocates by it. Which units make a MobileNet v1 is
 * parts-of.ts's and head.ts's.
 */
import { type ErrorCode, MobileNetError, shown } from "../../base/error.ts";
import type { Quantization } from "../../weights/parts.ts";
import type { Chain, ChainLayer, Reading } from "./chain.ts";

type Of<K extends ChainLayer["kind"]> = Extract<ChainLayer, { kind: K }>;
export type Convolution = Of<"convolution">;
export type BatchNorm = Of<"batchNorm">;
export type Affine = Of<"affine">;
export type Activation = Of<"activation">;
export type Dense = Of<"dense">;
export type Pool = Of<"pool">;
export type Flatten = Of<"flatten">;
type Pad = Of<"pad">;

/** A convolution with what belongs to it. */
export interface Unit {
	readonly kind: "unit";
	readonly name: string;
	readonly convolution: Convolution;
	/** Zeros laid around the picture before the convolution lays its own. */
	readonly pads: readonly Pad[];
	/** What is multiplied and added to each channel between the convolution and its activation, in order. */
	readonly scalings: readonly (BatchNorm | Affine)[];
	readonly activation?: Activation;
	/** What the codes stand for that it gives out in the end. */
	readonly output?: Quantization;
}

/** What a chain is cut into: everything that belongs to no convolution stands by itself. */
export type Item = Unit | Exclude<ChainLayer, { kind: "convolution" | "shape" }>;

/** Blocks of the full network and of the shallow one. */
export const blockCounts = { full: 13, shallow: 8 } as const;

/** Refuses a file: one sentence after its name. */
export function refuse(
	{ name }: Pick<Reading, "name">,
	sentence: string,
	code: ErrorCode = "not-mobilenet",
	layer?: string,
): never {
	const what = code === "not-mobilenet" ? " holds no MobileNet v1" : "";
	throw new MobileNetError(code, `${name}${what}: ${sentence}.`, { file: name, layer });
}

/** Convolutions with all that belongs to them; everything else by itself. */
export function itemsOf(chain: Chain): readonly Item[] {
	const layers = chain.layers.filter((layer) => layer.kind !== "shape");
	for (const layer of layers)
		if (layer.kind === "convolution" || layer.kind === "dense") checkShape(chain, layer);
	const items: Item[] = [];
	for (let i = 0; i < layers.length; i++) {
		let next = i;
		const pads: Pad[] = [];
		for (let layer = layers[next]; layer?.kind === "pad"; layer = layers[++next]) pads.push(layer);
		const layer = layers[next];
		if (layer?.kind !== "convolution") {
			items.push(layers[i] as Item);
			continue;
		}
		const scalings: (BatchNorm | Affine)[] = [];
		let follower = layers[++next];
		for (; follower?.kind === "batchNorm" || follower?.kind === "affine"; follower = layers[++next])
			scalings.push(follower);
		const activation = follower?.kind === "activation" ? follower : undefined;
		const output = (activation ?? scalings.at(-1))?.output ?? layer.output;
		items.push({
			kind: "unit",
			name: layer.name,
			convolution: layer,
			pads,
			scalings,
			...(activation && { activation }),
			...(output && { output }),
		});
		i = activation ? next : next - 1;
	}
	return items;
}

/** So that nothing later loops or allocates by a number that the file's bytes do not bear out. */
function checkShape(chain: Chain, layer: Convolution | Dense): void {
	const { shape } = layer.weight.tensor;
	const rank = layer.kind === "dense" ? 2 : 4;
	if (shape.length !== rank || !shape.every(isCount))
		refuse(
			chain,
			`the weights of the layer ${layer.name} have the shape ${shown(shape)} where ${rank} numbers above 0 were expected`,
			"broken-file",
		);
	if (layer.kind === "convolution" && ![layer.groups, ...layer.stride].every(isCount))
		refuse(
			chain,
			`the convolution ${layer.name} has ${shown(layer.groups)} groups and the stride ${shown(layer.stride)} where whole numbers from 1 on were expected`,
			"broken-file",
		);
}

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value > 0;
}

export function kernelOf({ convolution }: Unit): string {
	return convolution.weight.tensor.shape.slice(2).join("×");
}

/** Whether there is one filter a channel; a multiplier shows as more outputs than groups. */
export function isDepthwise({ convolution: { groups, weight } }: Unit): boolean {
	return groups > 1 && weight.tensor.shape[1] === 1 && weight.tensor.shape[0] === groups;
}

export function isStandard3x3(unit: Unit): boolean {
	return kernelOf(unit) === "3×3" && unit.convolution.groups === 1;
}

/** A filter of 3×3 for every channel, of which the narrowest network has one. */
export function isDepthwise3x3(unit: Unit): boolean {
	const { groups, weight } = unit.convolution;
	const [outputs, inputs] = weight.tensor.shape;
	return kernelOf(unit) === "3×3" && inputs === 1 && outputs === groups;
}

/** How many filters a channel has: 1, or a depth multiplier. */
export function depthMultiplier({ convolution: { groups, weight } }: Unit): number {
	const [outputs, inputs] = weight.tensor.shape;
	return inputs === 1 ? outputs! / groups : 1;
}

export function isPointwise(unit: Unit): boolean {
	const { groups, stride, padding } = unit.convolution;
	const unpadded = typeof padding === "string" || padding.every((zeros) => zeros === 0);
	return (
		kernelOf(unit) === "1×1" &&
		groups === 1 &&
		stride[0] === 1 &&
		stride[1] === 1 &&
		unpadded &&
		unit.pads.length === 0
	);
}

/** The nearest whole number, of two as near the even one, as processors round. */
export function nearestEven(x: number): number {
	const rounded = Math.round(x);
	return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

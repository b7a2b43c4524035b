/**
 * The chain of layers that a reader found, cut into the parts of a MobileNet v1: first convolution, blocks, pool,
 * classifier. Here only the order of the layers counts; a network of another order is refused with what was found
 * instead of what was expected. Channels and tensors are tensors.ts's.
 */
import { type ErrorCode, MobileNetError, shown } from "../../base/error.ts";
import type { Chain, ChainLayer, Reading } from "./chain.ts";

export type Convolution = Extract<ChainLayer, { kind: "convolution" }>;
export type BatchNorm = Extract<ChainLayer, { kind: "batchNorm" }>;
export type Activation = Extract<ChainLayer, { kind: "activation" }>;
export type Dense = Extract<ChainLayer, { kind: "dense" }>;
export type Pool = Extract<ChainLayer, { kind: "pool" }>;
type Pad = Extract<ChainLayer, { kind: "pad" }>;

/** A convolution with what belongs to it. */
export interface Unit {
	readonly kind: "unit";
	readonly name: string;
	readonly convolution: Convolution;
	/** Zeros laid around the picture before the convolution lays its own. */
	readonly pads: readonly Pad[];
	readonly batchNorm?: BatchNorm;
	readonly activation?: Activation;
}

/** A convolution of the network proper, which always has an activation. */
export type ActiveUnit = Unit & { readonly activation: Activation };

export interface Block {
	readonly depthwise: ActiveUnit;
	readonly pointwise: ActiveUnit;
}

export interface Parts {
	readonly stem: ActiveUnit;
	readonly blocks: readonly Block[];
	/** Absent where the file ends with the last block. */
	readonly pool: Pool | undefined;
	/** Dense layers with nothing between them. */
	readonly classifiers: readonly Dense[];
	/** Share dropped before the classifier; 0 where nothing is. */
	readonly dropout: number;
	readonly softmax: boolean;
}

type Item = Unit | Exclude<ChainLayer, { kind: "convolution" | "shape" }>;

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

export function partsOf(chain: Chain): Parts {
	const items = itemsOf(chain);
	if (!items.some((item) => item.kind === "unit")) refuse(chain, "it has no convolutions");
	let at = 0;
	const convolution = (after: string, expected: string, fits: (unit: Unit) => boolean): ActiveUnit => {
		const item = items[at];
		if (item?.kind !== "unit" || !fits(item)) return unexpected(chain, items, item, after, expected);
		at++;
		const { activation } = item;
		if (!activation)
			return refuse(
				chain,
				`${describe(item)} has no activation after it where ReLU6, ReLU or leaky ReLU was expected (layer ${item.name})${resemblance(items)}`,
				"not-mobilenet",
				item.name,
			);
		return { ...item, activation };
	};

	const stem = convolution("at the start", "a 3×3 convolution", isStandard3x3);
	const blocks: Block[] = [];
	let last = "the first convolution";
	while (items[at]?.kind === "unit") {
		const name = `blocks.${blocks.length}`;
		const depthwise = convolution(`after ${last}`, "a 3×3 depthwise one", isDepthwise3x3);
		const pointwise = convolution(`after ${name}.depthwise`, "a 1×1 one", isPointwise);
		blocks.push({ depthwise, pointwise });
		last = `${name}.pointwise`;
	}
	const { full, shallow } = blockCounts;
	if (blocks.length !== full && blocks.length !== shallow) {
		const item = items[at];
		const next = item ? `, then ${describe(item)} (layer ${item.name})` : "";
		refuse(
			chain,
			`it has ${blocks.length} depthwise separable blocks${next}, where ${full} were expected, or ${shallow} in the shallow network`,
		);
	}
	return { stem, blocks, ...headOf(chain, items, at, last) };
}

/** What comes after the last block. */
function headOf(
	chain: Chain,
	items: readonly Item[],
	start: number,
	lastBlock: string,
): Omit<Parts, "stem" | "blocks"> {
	let pool: Pool | undefined;
	const classifiers: Dense[] = [];
	let dropout = 0;
	let softmax = false;
	let last = lastBlock;
	for (const item of items.slice(start)) {
		if (item.kind === "dropout") {
			if (classifiers.length === 0) dropout = item.rate;
			continue;
		}
		const dense = pool && !softmax ? asDense(item) : undefined;
		if (item.kind === "pool" && !pool) {
			pool = item;
			last = "the pool";
		} else if (dense) {
			classifiers.push(dense);
			last = "the classifier";
		} else if (item.kind === "softmax" && classifiers.length > 0 && !softmax) {
			softmax = true;
			last = "the softmax";
		} else {
			if (pool && item.kind === "unit" && isPointwise(item))
				refuse(
					chain,
					`${describe(item)} comes after the pool with ${item.batchNorm ? "a batch norm" : "an activation"} after it where only a classifier was expected (layer ${item.name})`,
				);
			const expected = !pool
				? "an average pool over the whole picture"
				: softmax
					? "the end"
					: classifiers.length > 0
						? "a softmax or the end"
						: "a dense layer or a 1×1 convolution";
			unexpected(chain, items, item, `after ${last}`, expected);
		}
	}
	return { pool, classifiers, dropout, softmax };
}

/** A dense layer, or a 1×1 convolution over the single pixel that the pool leaves, which is the same. */
function asDense(item: Item): Dense | undefined {
	if (item.kind === "dense") return item;
	if (item.kind !== "unit" || !isPointwise(item) || item.batchNorm || item.activation) return undefined;
	const { weight, bias, name, output } = item.convolution;
	const tensor = { ...weight.tensor, shape: weight.tensor.shape.slice(0, 2) };
	return {
		kind: "dense",
		name,
		weight: { ...weight, tensor },
		...(bias && { bias }),
		...(output && { output }),
	};
}

/** Convolutions with their pads, batch norms and activations; everything else by itself. */
function itemsOf(chain: Chain): Item[] {
	const layers = chain.layers.filter((layer) => layer.kind !== "shape");
	for (const layer of layers)
		if (layer.kind === "convolution" || layer.kind === "dense") checkShape(chain, layer);
	const items: Item[] = [];
	for (let i = 0; i < layers.length; i++) {
		let next = i;
		const pads: Pad[] = [];
		for (let layer = layers[next]; layer?.kind === "pad"; layer = layers[++next]) pads.push(layer);
		const layer = layers[next];
		if (layer?.kind === "convolution") {
			let batchNorm: BatchNorm | undefined;
			let activation: Activation | undefined;
			let follower = layers[next + 1];
			if (follower?.kind === "batchNorm") {
				batchNorm = follower;
				follower = layers[++next + 1];
			}
			if (follower?.kind === "activation") {
				activation = follower;
				next++;
			}
			items.push({
				kind: "unit",
				name: layer.name,
				convolution: layer,
				pads,
				...(batchNorm && { batchNorm }),
				...(activation && { activation }),
			});
			i = next;
		} else items.push(layers[i] as Item);
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

function kernelOf({ convolution }: Unit): string {
	return convolution.weight.tensor.shape.slice(2).join("×");
}

/** Whether there is one filter a channel; a multiplier shows as more outputs than groups. */
function isDepthwise({ convolution: { groups, weight } }: Unit): boolean {
	return groups > 1 && weight.tensor.shape[1] === 1 && weight.tensor.shape[0] === groups;
}

function isStandard3x3(unit: Unit): boolean {
	return kernelOf(unit) === "3×3" && unit.convolution.groups === 1;
}

function isDepthwise3x3(unit: Unit): boolean {
	return kernelOf(unit) === "3×3" && isDepthwise(unit);
}

function isPointwise(unit: Unit): boolean {
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

function unexpected(
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

function describe(item: Item): string {
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
function resemblance(items: readonly Item[]): string {
	const units = items.filter((item) => item.kind === "unit");
	const pool = items.findIndex((item) => item.kind === "pool");
	// Version 2 narrows every block with a 1×1 convolution that no activation follows.
	if (!units.some((unit) => isDepthwise(unit) && unit.activation)) return "";
	const beforePool = items.slice(0, pool < 0 ? items.length : pool);
	return beforePool.some((item) => item.kind === "unit" && isPointwise(item) && !item.activation)
		? "; it looks like MobileNet v2"
		: "";
}

/**
 * The chain of layers that a reader found, cut into the parts of a MobileNet v1: what comes before the first convolution,
 * that, the blocks, the head. Here only the order of the layers counts; a network of another order is refused with what
 * was found instead of what was expected. Channels and tensors are tensors.ts's.
 */
import { stemChannels, blocks as table } from "../../network/layers.ts";
import type { Bounds } from "../../weights/parts.ts";
import type { Chain } from "./chain.ts";
import { type FoundHead, headOf } from "./head.ts";
import { findWidth } from "./multiplier.ts";
import { rangeOf, saturationOf } from "./saturation.ts";
import { foldedUnit, type NormedUnit } from "./scaling.ts";
import {
	type Activation,
	type Affine,
	type BatchNorm,
	blockCounts,
	depthMultiplier,
	type Item,
	isDepthwise3x3,
	isPointwise,
	isStandard3x3,
	itemsOf,
	refuse,
	type Unit,
} from "./units.ts";
import { describe, resemblance, unexpected } from "./words.ts";

/** What keeps the numbers of a convolution in bounds: its activation, or its codes. */
type Kept =
	| { readonly activation: Activation; readonly bounds?: undefined }
	| { readonly activation?: undefined; readonly bounds: Bounds };

/** A convolution of the network proper. */
export type ActiveUnit = Omit<NormedUnit, "activation"> & Kept;

export interface Block {
	readonly depthwise: ActiveUnit;
	readonly pointwise: ActiveUnit;
}

/** Fewer blocks of the right widths may be any network's. */
const fewestBlocks = 4;
const unbounded: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** What a network does to its input before the first convolution. */
export type Leading = Affine | BatchNorm;

export interface Parts {
	readonly leading: readonly Leading[];
	readonly stem: ActiveUnit;
	readonly blocks: readonly Block[];
	readonly head: FoundHead;
}

export function partsOf(chain: Chain): Parts {
	const items = itemsOf(chain);
	if (!items.some((item) => item.kind === "unit")) refuse(chain, "it has no convolutions");
	let at = 0;
	const convolution = (after: string, expected: string, fits: (unit: Unit) => boolean): ActiveUnit => {
		const item = items[at];
		if (item?.kind !== "unit" || !fits(item)) return unexpected(chain, items, item, after, expected);
		at++;
		// Some cut the network before its last activation.
		const mayBeLinear = isPointwise(item) && isCount(blocks.length + 1) && items[at]?.kind !== "unit";
		return activeUnit(chain, items, item, mayBeLinear);
	};

	const blocks: Block[] = [];
	const leading: Leading[] = [];
	for (let item = items[at]; item?.kind === "affine" || item?.kind === "batchNorm"; item = items[++at])
		leading.push(item);
	const stem = convolution("at the start", "a 3×3 convolution", isStandard3x3);
	let last = "the first convolution";
	while (items[at]?.kind === "unit") {
		const name = `blocks.${blocks.length}`;
		refuseMultiplier(chain, items[at] as Unit);
		const depthwise = convolution(`after ${last}`, "a 3×3 depthwise one", isDepthwise3x3);
		const pointwise = convolution(`after ${name}.depthwise`, "a 1×1 one", isPointwise);
		blocks.push({ depthwise, pointwise });
		last = `${name}.pointwise`;
	}
	if (!isCount(blocks.length)) refuseCount(chain, { stem, blocks }, items[at]);
	const { activation } = blocks.at(-1)!.pointwise;
	const head = headOf(chain, items.slice(at), { name: last, activation: activation?.activation });
	return { leading, stem, blocks, head };
}

/** Refuses another number of blocks: a network that was cut off is one all the same. */
function refuseCount(
	chain: Chain,
	{ stem, blocks }: Pick<Parts, "stem" | "blocks">,
	next: Item | undefined,
): never {
	const { full, shallow } = blockCounts;
	const counts = [stem, ...blocks.map(({ pointwise }) => pointwise)].map(({ convolution }, i) => ({
		base: i === 0 ? stemChannels : (table[i - 1]?.[0] ?? 0),
		channels: convolution.weight.tensor.shape[0]!,
	}));
	if (blocks.length >= fewestBlocks && blocks.length < full && findWidth(counts, "floor"))
		refuse(
			chain,
			`it is a MobileNet v1 cut off after ${blocks.length} of its ${full} blocks, and only the whole network is supported, or the shallow one of ${shallow}`,
			"unsupported",
		);
	const then = next ? `, then ${describe(next)} (layer ${next.name})` : "";
	return refuse(
		chain,
		`it has ${blocks.length} depthwise separable blocks${then}, where ${full} were expected, or ${shallow} in the shallow network`,
	);
}

/** All convolutions of the network proper, in order. */
export function unitsOf({ stem, blocks }: Pick<Parts, "stem" | "blocks">): readonly ActiveUnit[] {
	return [stem, ...blocks.flatMap(({ depthwise, pointwise }) => [depthwise, pointwise])];
}

function isCount(blocks: number): boolean {
	return blocks === blockCounts.full || blocks === blockCounts.shallow;
}

function activeUnit(chain: Chain, items: readonly Item[], unit: Unit, mayBeLinear: boolean): ActiveUnit {
	const { activation, ...folded } = foldedUnit(chain, unit);
	if (activation?.activation === "clip") return { ...folded, ...clippedTo(chain, activation) };
	if (activation) return { ...folded, activation };
	const saturating = { output: unit.output, weight: unit.convolution.weight };
	const bounds = saturationOf(saturating) ?? (mayBeLinear ? (rangeOf(saturating) ?? unbounded) : undefined);
	if (bounds) return { ...folded, bounds };
	return refuse(
		chain,
		`${describe(unit)} has no activation after it where ReLU6, ReLU or leaky ReLU was expected (layer ${unit.name})${resemblance(items)}`,
		"not-mobilenet",
		unit.name,
	);
}

/** From 0 to 6 it is ReLU6, as which it is kept. */
function clippedTo(chain: Chain, activation: Activation): Kept {
	const { low = Number.NaN, high = Number.NaN } = activation.bounds ?? {};
	if (low === 0 && high === 6) return { activation: { ...activation, activation: "relu6" } };
	if (low === 0 && high > 0 && Number.isFinite(high)) return { bounds: { low, high } };
	return refuse(
		chain,
		`the activation ${activation.name} keeps numbers between ${low} and ${high} where 0 and a number above it were expected`,
		"not-mobilenet",
		activation.name,
	);
}

/** More filters than one a channel: the network of the paper has none, but its code can make them. */
function refuseMultiplier(chain: Chain, unit: Unit): void {
	const multiplier = depthMultiplier(unit);
	if (multiplier > 1 && unit.convolution.groups > 1)
		refuse(
			chain,
			`its depthwise convolutions have a depth multiplier of ${multiplier} (layer ${unit.name}), and only those of 1 are supported`,
			"unsupported",
			unit.name,
		);
}

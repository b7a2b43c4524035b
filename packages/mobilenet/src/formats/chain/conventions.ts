/**
 * What a chain's numbers say about the conventions of its network: padding and last block from the strides and
 * zeros of the 3×3 convolutions; activation and batch norm's constants, which must be the same in every layer.
 */
import { type Configuration, type Padding, presets } from "../../network/configuration.ts";
import { type Layer, layers } from "../../network/layers.ts";
import type { Chain } from "./chain.ts";
import { type ActiveUnit, type BatchNorm, blockCounts, type Parts, refuse } from "./units.ts";

type Sides = readonly [top: number, left: number, bottom: number, right: number];

export type Geometry = Pick<Configuration, "size" | "depth" | "padding" | "stemPadding" | "lastBlock">;

const lastBlocks = ["stride1", "stride2"] as const;
/** At some sizes several paddings lay the same zeros. Then that of the file's words is the first of these that fits. */
const preferred = {
	words: ["same", "keras", "symmetric"],
	numbers: ["symmetric", "keras", "same"],
} as const satisfies Readonly<Record<string, readonly Padding[]>>;

export function geometryOf(chain: Chain, { stem, blocks }: Parts, size: number): Geometry {
	const depthwise = blocks.map((block) => block.depthwise);
	const units = [stem, ...depthwise];
	const depth = blocks.length === blockCounts.full ? "full" : "shallow";

	let best: { matched: number; sentence: string } | undefined;
	for (const candidate of candidates([stem], depthwise)) {
		const geometry = { size, depth, ...candidate } as const;
		const table = layers({ ...presets.tf, ...geometry }).filter(
			({ kind }) => kind === "convolution" || kind === "depthwise",
		);
		const wrong = units.findIndex((unit, i) => !matches(unit, table[i]!));
		if (wrong < 0) return geometry;
		if (!best || wrong > best.matched)
			best = { matched: wrong, sentence: difference(units[wrong]!, table[wrong]!) };
	}
	return refuse(chain, best!.sentence);
}

/** First the networks whose first convolution is padded as their blocks are. */
function candidates(
	stem: readonly ActiveUnit[],
	blocks: readonly ActiveUnit[],
): readonly Pick<Geometry, "padding" | "stemPadding" | "lastBlock">[] {
	const all = paddingsOf(blocks).flatMap((padding) =>
		paddingsOf(stem).flatMap((stemPadding) =>
			lastBlocks.map((lastBlock) => ({ padding, stemPadding, lastBlock })),
		),
	);
	const isAlike = ({ padding, stemPadding }: (typeof all)[number]): boolean => padding === stemPadding;
	return [...all.filter(isAlike), ...all.filter((candidate) => !isAlike(candidate))];
}

/** TensorFlow has a word for its zeros; numbers are the same at every size. */
function paddingsOf(units: readonly ActiveUnit[]): readonly Padding[] {
	const strided = units.filter(({ convolution }) => convolution.stride[0] > 1);
	const inWords = strided.some(
		({ pads, convolution }) => convolution.padding === "same" && pads.length === 0,
	);
	return inWords ? preferred.words : preferred.numbers;
}

function matches(unit: ActiveUnit, layer: Layer): boolean {
	const { before, after } = layer.padding;
	const [top, left, bottom, right] = zerosOf(unit, layer.inputSize);
	const { stride } = unit.convolution;
	return (
		stride[0] === layer.stride &&
		stride[1] === layer.stride &&
		top === before &&
		left === before &&
		bottom === after &&
		right === after
	);
}

/** All the zeros around a picture of `size` pixels: those of the pads before the convolution and its own. */
function zerosOf({ pads, convolution: { padding, stride } }: ActiveUnit, size: number): Sides {
	const laid: [number, number, number, number] = [0, 0, 0, 0];
	const add = (sides: Sides): void => {
		for (const i of [0, 1, 2, 3] as const) laid[i] += sides[i];
	};
	for (const pad of pads) add(pad.padding);
	if (padding === "same") {
		const [top, bottom] = sameZeros(size + laid[0] + laid[2], stride[0]);
		const [left, right] = sameZeros(size + laid[1] + laid[3], stride[1]);
		add([top, left, bottom, right]);
	} else if (padding !== "valid") add(padding);
	return laid;
}

/** TensorFlow's SAME for three pixels: as many zeros as ⌈size / stride⌉ outputs need, the odd one after. */
function sameZeros(size: number, stride: number): readonly [before: number, after: number] {
	const total = Math.max((Math.ceil(size / stride) - 1) * stride + 3 - size, 0);
	return [Math.floor(total / 2), Math.ceil(total / 2)];
}

function difference(unit: ActiveUnit, layer: Layer): string {
	const [top, left, bottom, right] = zerosOf(unit, layer.inputSize);
	const { before, after } = layer.padding;
	return `the layer ${unit.name} (${layer.name}) has stride ${unit.convolution.stride.join("×")} and zeros [${top}, ${left}, ${bottom}, ${right}] (top, left, bottom, right) on ${layer.inputSize}×${layer.inputSize} pixels where stride ${layer.stride} and zeros [${before}, ${before}, ${after}, ${after}] were expected`;
}

export function activationOf(
	chain: Chain,
	units: readonly ActiveUnit[],
): Pick<Configuration, "activation" | "leakySlope"> {
	const [first] = units as [ActiveUnit];
	const { activation } = first.activation;
	if (activation === "tanh" || activation === "sigmoid" || activation === "clip")
		return refuse(
			chain,
			`the layer ${first.name} is followed by ${activation} where ReLU6, ReLU or leaky ReLU was expected`,
			"not-mobilenet",
			first.name,
		);
	const leakySlope = activation === "leakyRelu" ? short(first.activation.slope ?? 0.1) : 0;
	for (const unit of units) {
		const own = unit.activation;
		if (own.activation !== activation)
			refuse(
				chain,
				`the layer ${unit.name} is followed by ${own.activation} where the layers before it have ${activation}`,
				"not-mobilenet",
				unit.name,
			);
		if (activation === "leakyRelu" && short(own.slope ?? 0.1) !== leakySlope)
			refuse(
				chain,
				`the layer ${unit.name} has a leaky ReLU of slope ${own.slope} where the layers before it have ${leakySlope}`,
				"not-mobilenet",
				unit.name,
			);
	}
	if (!(leakySlope >= 0 && leakySlope < 1))
		refuse(chain, `its leaky ReLU has the slope ${leakySlope} where one from 0 to below 1 was expected`);
	return { activation, leakySlope };
}

/** Epsilon and momentum, as far as the file has batch norm and says so. */
export function batchNormOf(
	chain: Chain,
	units: readonly ActiveUnit[],
): { readonly epsilon?: number; readonly momentum?: number; readonly notes: readonly string[] } {
	const norms = units.map(({ batchNorm }) => batchNorm).filter((norm) => norm !== undefined);
	const [first] = norms;
	if (!first) return { notes: [] };
	const epsilon = short(first.epsilon);
	const other = norms.find((norm) => short(norm.epsilon) !== epsilon);
	if (other)
		refuse(
			chain,
			`its batch norms have different epsilons, ${epsilon} in ${first.name} and ${short(other.epsilon)} in ${other.name}, where a network has one`,
			"unsupported",
		);
	const momenta = norms.map((norm) => norm.momentum).filter((momentum) => momentum !== undefined);
	const momentum = momenta[0] === undefined ? undefined : short(momenta[0]);
	const differ = momenta.some((value) => short(value) !== momentum);
	return {
		epsilon,
		...(momentum !== undefined && { momentum }),
		notes: differ
			? [
					`Its batch norms have different momenta; that of ${momentumName(norms)}, ${momentum}, is taken for all.`,
				]
			: [],
	};
}

function momentumName(norms: readonly BatchNorm[]): string {
	return norms.find((norm) => norm.momentum !== undefined)!.name;
}

/** Files keep such numbers in float32 or as 1 − x: 0.0010000000474974513 is meant to be 0.001. */
function short(value: number): number {
	return Number(value.toPrecision(7));
}

/**
 * What a chain's numbers say about the conventions of its network: padding and last block from the strides and
 * zeros of the 3×3 convolutions; activation and batch norm's constants, which must be the same in every layer.
 */
import { type Configuration, type Padding, presets } from "../../network/configuration.ts";
import { type Layer, layers } from "../../network/layers.ts";
import { isFloat } from "../../weights/float.ts";
import type { Chain } from "./chain.ts";
import type { ActiveUnit, Parts } from "./parts-of.ts";
import { isActivation, isWithinSix } from "./saturation.ts";
import { type BatchNorm, blockCounts, refuse } from "./units.ts";

type Sides = readonly [top: number, left: number, bottom: number, right: number];

export type Geometry = Pick<Configuration, "size" | "depth" | "padding" | "stemPadding" | "lastBlock">;

const lastBlocks = ["stride1", "stride2"] as const;
/** At some sizes several paddings lay the same zeros. Then that of the file's words is the first of these that fits. */
const preferred = {
	words: ["same", "keras", "symmetric"],
	numbers: ["symmetric", "keras", "same"],
} as const satisfies Readonly<Record<string, readonly Padding[]>>;

export function geometryOf(
	chain: Chain,
	{ stem, blocks }: Pick<Parts, "stem" | "blocks">,
	size: number,
): Geometry {
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
	return refuse(chain, best!.sentence, "unsupported");
}

/**
 * First what the words of the file say, which hold at every size, and its numbers beside them; then the networks whose
 * first convolution is padded as their blocks are.
 */
function candidates(
	stem: readonly ActiveUnit[],
	blocks: readonly ActiveUnit[],
): readonly Pick<Geometry, "padding" | "stemPadding" | "lastBlock">[] {
	const all = paddingsOf(blocks).flatMap((padding) =>
		paddingsOf(stem).flatMap((stemPadding) =>
			lastBlocks.map((lastBlock) => ({ padding, stemPadding, lastBlock })),
		),
	);
	const isSaid = [blocks, stem].map(isInWords);
	// A file that knows the word means others by its numbers.
	const isStrange = (padding: Padding, own: 0 | 1): boolean =>
		isSaid[own] ? padding !== "same" : isSaid[1 - own]! && padding === "same";
	const strangeness = ({ padding, stemPadding }: (typeof all)[number]): number =>
		2 * Number(isStrange(padding, 0)) +
		2 * Number(isStrange(stemPadding, 1)) +
		Number(padding !== stemPadding);
	return all.toSorted((a, b) => strangeness(a) - strangeness(b));
}

function paddingsOf(units: readonly ActiveUnit[]): readonly Padding[] {
	return isInWords(units) ? preferred.words : preferred.numbers;
}

/** TensorFlow has a word for its zeros; numbers are the same at every size. Where the stride is 1 both are alike. */
function isInWords(units: readonly ActiveUnit[]): boolean {
	return units.some(
		({ pads, convolution: { stride, padding } }) => stride[0] > 1 && padding === "same" && pads.length === 0,
	);
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

/** One activation for all layers; what is kept between bounds of its own has ReLU6 or ReLU at its least. */
export function activationOf(
	chain: Chain,
	units: readonly ActiveUnit[],
): Pick<Configuration, "activation" | "leakySlope"> & { readonly notes: readonly string[] } {
	const written = units.filter((unit) => unit.activation !== undefined);
	const notes = boundsNotes(units);
	const [first] = written;
	if (!first) {
		const active = units.map(({ bounds }) => bounds!).filter(isActivation);
		const activation = active.every(isWithinSix) ? "relu6" : "relu";
		return { activation, leakySlope: 0, notes };
	}
	const { activation } = first.activation;
	if (activation === "tanh" || activation === "sigmoid" || activation === "clip")
		return refuse(
			chain,
			`the layer ${first.name} is followed by ${activation} where ReLU6, ReLU or leaky ReLU was expected`,
			"unsupported",
			first.name,
		);
	const leakySlope = activation === "leakyRelu" ? short(first.activation.slope ?? 0.1) : 0;
	for (const unit of written) {
		const own = unit.activation;
		if (own.activation !== activation)
			refuse(
				chain,
				`the layer ${unit.name} is followed by ${own.activation} where the layers before it have ${activation}`,
				"unsupported",
				unit.name,
			);
		if (activation === "leakyRelu" && short(own.slope ?? 0.1) !== leakySlope)
			refuse(
				chain,
				`the layer ${unit.name} has a leaky ReLU of slope ${own.slope} where the layers before it have ${leakySlope}`,
				"unsupported",
				unit.name,
			);
	}
	if (!(leakySlope >= 0 && leakySlope < 1))
		refuse(
			chain,
			`its leaky ReLU has the slope ${leakySlope} where one from 0 to below 1 was expected`,
			"unsupported",
		);
	return { activation, leakySlope, notes };
}

/** What `inspect` says of layers that are kept between bounds of their own. */
function boundsNotes(units: readonly ActiveUnit[]): string[] {
	const notes: string[] = [];
	const bounded = units.filter(({ bounds }) => bounds && isActivation(bounds));
	if (bounded.length > 0) {
		const highs = bounded.map(({ bounds }) => Number(bounds!.high.toPrecision(3)));
		const [least, greatest] = [Math.min(...highs), Math.max(...highs)];
		const range = least === greatest ? `${least}` : `${least} … ${greatest}, layer by layer`;
		const which = bounded.length === units.length ? "" : `${bounded.length} of `;
		notes.push(
			bounded.some(({ convolution }) => isFloat(convolution.weight.tensor))
				? `The activations of ${which}its ${units.length} convolutions end at a number of their own: ${range}.`
				: `After ${which}its ${units.length} convolutions no activation is written: the range of their codes is the activation, from 0 to ${range}.`,
		);
	}
	if (units.some(({ bounds }) => bounds && !isActivation(bounds)))
		notes.push("Its last convolution has no activation.");
	return notes;
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

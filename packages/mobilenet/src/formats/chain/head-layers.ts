/**
 * The dense layers of a head, of what was found after the last block. Batch norm, multiplications and additions are folded
 * into the dense layer before them, or into the next; dense layers with nothing between them are multiplied into one,
 * W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂), as networks have them that put a new classifier on the old one's logits.
 * All of it in floats: integers stay layer by layer, as they are. Computed in float64.
 */
import type { HeadActivation } from "../../network/configuration.ts";
import { isFloat } from "../../weights/float.ts";
import type { Bounds, Quantization } from "../../weights/parts.ts";
import { float32, type Tensor } from "../../weights/tensor.ts";
import type { Chain } from "./chain.ts";
import type { FoundHead } from "./head.ts";
import { saturationOf } from "./saturation.ts";
import { composed, floatsOf, type Scaling, scaledColumns, scaledRows, scalingOf } from "./scaling.ts";
import { type Dense, refuse } from "./units.ts";

/** Two dense layers stay two where one would be many times as large as they are, or take seconds to compute. */
const most = { multiplications: 1e10, timesItsSize: 4 } as const;

/** A dense layer with its activation; `none` for the last, the classifier. */
export interface FoundHeadLayer extends Dense {
	readonly activation: HeadActivation;
	/** Where its codes are the activation. */
	readonly bounds?: Bounds | undefined;
	/** What its codes stand for before tanh or sigmoid makes others of them. */
	readonly linear?: Quantization | undefined;
}

/** The last block's picture, of which a head makes features. */
export interface Picture {
	readonly channels: number;
	/** Width and height. */
	readonly size: number;
}

export function headLayersOf(
	chain: Chain,
	{ pool, before, steps }: Pick<FoundHead, "pool" | "before" | "steps">,
	{ channels, size }: Picture,
): { readonly layers: readonly FoundHeadLayer[]; readonly notes: readonly string[] } {
	const layers: FoundHeadLayer[] = [];
	const notes: string[] = [];
	const pixels = pool?.kind === "flatten" ? size ** 2 : 1;
	/** Numbers that the next dense layer takes. */
	let inputs = channels * pixels;
	const turned = pixels > 1 && pool?.kind === "flatten" && pool.order === "chw";
	/** What scales the numbers before the next dense layer does. */
	let pending: Scaling | undefined;
	/** Dense layers made one that no activation follows yet. */
	let open: Dense | undefined;
	let merged: string[] = [];
	const close = (layer: Omit<FoundHeadLayer, keyof Dense>, output = open?.output): void => {
		if (merged.length > 1) notes.push(mergedNote(merged));
		layers.push({ ...open!, ...layer, ...(output && { output }) });
		[open, merged] = [undefined, []];
	};

	for (const layer of before) {
		const scaling = scalingOf(chain, layer, channels);
		// An average keeps factors and offsets, the greatest of numbers only factors above 0.
		if (pool?.kind === "pool" && pool.pooling === "max" && scaling.factor.some((factor) => !(factor > 0)))
			refuse(
				chain,
				`the layer ${layer.name} multiplies by a number that is not above 0 before a max pool, which cannot be made part of the layers after it`,
				"unsupported",
				layer.name,
			);
		pending = pending ? composed(pending, scaling) : scaling;
	}
	for (const step of steps) {
		const isFirst = layers.length === 0 && !open;
		if (step.kind === "activation") {
			const { activation, bounds, output } = step;
			const linear = activation === "tanh" || activation === "sigmoid" ? open?.output : undefined;
			close(activation === "clip" ? { activation: "relu", bounds } : { activation, linear }, output);
		} else if (step.kind === "dense") {
			let next = isFirst && turned ? pixelsFirst(chain, step, inputs, channels) : step;
			if (pending) next = scaledColumns(chain, checked(chain, next, inputs), pending);
			pending = undefined;
			const product = open && productOf(chain, open, next);
			if (open && !product) close(unactivated(open));
			open = product ?? next;
			merged.push(step.name);
			inputs = step.weight.tensor.shape[0]!;
		} else {
			const found = scalingOf(chain, step, inputs);
			const scaling = isFirst && turned ? pixelsFirstScaling(found, channels) : found;
			if (open) open = scaledRows(chain, open, scaling);
			else pending = pending ? composed(pending, scaling) : scaling;
		}
	}
	if (pending)
		refuse(
			chain,
			`after its last activation its numbers are scaled (layer ${(steps.at(-1) ?? before.at(-1))!.name}) where a dense layer or the end was expected`,
			"unsupported",
		);
	if (open) close({ activation: "none" });
	const folded = [...before, ...steps].filter(({ kind }) => kind === "batchNorm" || kind === "affine");
	if (folded.length > 0)
		notes.push(
			`What scales the numbers of its head (${folded.map(({ name }) => name).join(", ")}) is folded into the dense layers beside it.`,
		);
	return { layers, notes };
}

function mergedNote(names: readonly string[]): string {
	return `It has ${names.length} dense layers with nothing between them (${names.join(", ")}); they are multiplied into one.`;
}

/** What keeps a hidden layer in bounds that no activation follows: its codes, if these are an activation. */
function unactivated(layer: Dense): Omit<FoundHeadLayer, keyof Dense> {
	const bounds = saturationOf(layer);
	return bounds ? { activation: "relu", bounds } : { activation: "none" };
}

/** A dense layer over all pixels of a channel after each other, with its columns as all channels of a pixel. */
function pixelsFirst(chain: Chain, layer: Dense, inputs: number, channels: number): Dense {
	const { tensor } = checked(chain, layer, inputs).weight;
	const [outputs = 0] = tensor.shape;
	const pixels = inputs / channels;
	const data = tensor.data.slice();
	for (let o = 0; o < outputs; o++)
		for (let p = 0; p < pixels; p++)
			for (let c = 0; c < channels; c++)
				data[o * inputs + p * channels + c] = tensor.data[o * inputs + c * pixels + p]!;
	return { ...layer, weight: { ...layer.weight, tensor: { ...tensor, data } as Tensor } };
}

function pixelsFirstScaling({ factor, offset }: Scaling, channels: number): Scaling {
	const turn = (values: readonly number[]): readonly number[] => {
		const pixels = values.length / channels;
		if (values.length === 1) return values;
		return values.map((_, i) => values[(i % channels) * pixels + Math.floor(i / channels)]!);
	};
	return { factor: turn(factor), offset: turn(offset) };
}

/** A dense layer that takes so many numbers, which its data bear out. */
function checked(chain: Chain, layer: Dense, inputs: number): Dense {
	const { tensor } = layer.weight;
	const [outputs = 0, taken] = tensor.shape;
	if (taken !== inputs || tensor.data.length !== outputs * inputs)
		refuse(
			chain,
			`the weights of the layer ${layer.name} have the shape [${outputs},${taken}] and ${tensor.data.length} numbers where [${outputs},${inputs}] was expected`,
			"broken-file",
			layer.name,
		);
	return layer;
}

/** One layer of the results of both; undefined where they are better left two. */
function productOf(chain: Chain, first: Dense, second: Dense): Dense | undefined {
	const all = [first.weight, first.bias, second.weight, second.bias];
	if (!all.every((own) => !own || isFloat(own.tensor))) return undefined;
	const [middle = 0, inputs = 0] = first.weight.tensor.shape;
	const [outputs = 0] = second.weight.tensor.shape;
	const w1 = floatsOf(chain, first, "weights", first.weight.tensor, [middle, inputs]);
	const w2 = floatsOf(chain, second, "weights", second.weight.tensor, [outputs, middle]);
	const b1 = first.bias && floatsOf(chain, first, "bias", first.bias.tensor, [middle]);
	const b2 = second.bias && floatsOf(chain, second, "bias", second.bias.tensor, [outputs]);
	if (
		outputs * middle * inputs > most.multiplications ||
		outputs * inputs > most.timesItsSize * (w1.length + w2.length)
	)
		return undefined;
	const weight = new Float32Array(outputs * inputs);
	const bias = new Float32Array(outputs);
	const row = new Float64Array(inputs);
	for (let o = 0; o < outputs; o++) {
		row.fill(0);
		let sum = b2?.[o] ?? 0;
		for (let m = 0; m < middle; m++) {
			const factor = w2[o * middle + m]!;
			for (let i = 0; i < inputs; i++) row[i]! += factor * w1[m * inputs + i]!;
			sum += factor * (b1?.[m] ?? 0);
		}
		weight.set(row, o * inputs);
		bias[o] = sum;
	}
	return {
		kind: "dense",
		name: `${first.name}, ${second.name}`,
		weight: { tensor: float32(weight, [outputs, inputs]) },
		bias: { tensor: float32(bias) },
	};
}

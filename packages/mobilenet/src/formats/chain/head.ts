/**
 * What comes after the last block, in order: how the picture becomes features, then dense layers (or 1×1 convolutions over
 * the pool's single pixel) with what scales their numbers and activates them, and what makes answers of the last. Here only
 * the order counts; head-layers.ts makes layers of it.
 */
import type { Configuration } from "../../network/configuration.ts";
import { isFloat } from "../../weights/float.ts";
import type { Chain } from "./chain.ts";
import {
	type Activation,
	type Affine,
	type BatchNorm,
	type Dense,
	type Flatten,
	type Item,
	isPointwise,
	type Pool,
	refuse,
	type Unit,
} from "./units.ts";
import { describe, unexpected } from "./words.ts";

export type HeadStep = Dense | BatchNorm | Affine | HiddenActivation;
type HiddenActivation = Activation & {
	readonly activation: "relu" | "relu6" | "tanh" | "sigmoid" | "clip";
};

export interface FoundHead {
	/** Absent where the file ends with the last block. */
	readonly pool: Pool | Flatten | undefined;
	/** What scales channels before the pool. */
	readonly before: readonly (BatchNorm | Affine)[];
	/** What comes after it, without the activation that makes the answers. */
	readonly steps: readonly HeadStep[];
	/** Share dropped before the last dense layer; 0 where nothing is. */
	readonly dropout: number;
	readonly output: Configuration["output"];
}

/** The last convolution before the head: how errors call it, and its activation, where it has one. */
interface Trunk {
	readonly name: string;
	readonly activation: Activation["activation"] | undefined;
}

export function headOf(chain: Chain, items: readonly Item[], trunk: Trunk): FoundHead {
	let pool: FoundHead["pool"];
	const before: (BatchNorm | Affine)[] = [];
	const steps: HeadStep[] = [];
	const dropped = dropouts();
	let softmax = false;
	let last = trunk.name;
	const strange = (item: Item, expected: string): never =>
		refuse(
			chain,
			`after ${last} comes ${describe(item)} where ${expected} was expected (layer ${item.name})`,
			"unsupported",
			item.name,
		);

	/** Whether there is a dense layer that nothing has activated yet. */
	const isOpen = (): boolean => {
		const latest = steps.findLast(({ kind }) => kind === "dense" || kind === "activation");
		return latest?.kind === "dense";
	};

	for (const item of items) {
		if (item.kind === "dropout") dropped.by(item.rate);
		else if (softmax) strange(item, "the end");
		else if (item.kind === "pool" || item.kind === "flatten") {
			// Behind the first there is a single pixel, of which nothing is left to pool or to flatten.
			if (!pool) last = item.kind === "pool" ? "the pool" : "the flattening";
			pool ??= item;
		} else if (
			item.kind === "activation" &&
			steps.length + before.length === 0 &&
			changesNothing(item, trunk.activation)
		)
			continue;
		else if (item.kind === "batchNorm" || item.kind === "affine") (pool ? steps : before).push(item);
		else if (!pool) unexpected(chain, items, item, `after ${last}`, "an average pool over the whole picture");
		else if (item.kind === "softmax") {
			if (!isOpen()) strange(item, "a dense layer or a 1×1 convolution");
			softmax = true;
			last = "the softmax";
		} else if (item.kind === "activation") {
			if (!isOpen()) strange(item, "a dense layer, a 1×1 convolution or the end");
			steps.push(hidden(chain, item));
			dropped.activation();
			last = `the activation ${item.name}`;
		} else {
			const found = asDense(item);
			if (!found) return strange(item, "a dense layer, a 1×1 convolution, a softmax or the end");
			for (const step of found) {
				if (step.kind === "dense") dropped.dense(isFloat(step.weight.tensor));
				if (step.kind === "activation") dropped.activation();
				steps.push(step.kind === "activation" ? hidden(chain, step) : step);
			}
			last = `the layer ${item.name}`;
		}
	}
	const answers = steps.at(-1);
	if (answers?.kind === "activation") {
		if (answers.activation !== "sigmoid")
			refuse(
				chain,
				`its last layer is followed by ${answers.activation} where a softmax, a sigmoid or the end was expected (layer ${answers.name})`,
				"unsupported",
				answers.name,
			);
		steps.pop();
	}
	const output = softmax ? "softmax" : answers?.kind === "activation" ? "sigmoid" : "logits";
	return { pool, before, steps, dropout: dropped.rate(), output };
}

/**
 * Which of a head's dropouts is the one before its last dense layer, those of floats with nothing between them counted as
 * one.
 */
function dropouts() {
	let [open, next] = [false, 0];
	let rate: number | undefined;
	return {
		by: (dropout: number): void => {
			if (!open) next = dropout;
		},
		dense: (ofFloats: boolean): void => {
			if (!open) [rate, next] = [next, 0];
			open = ofFloats;
		},
		activation: (): void => {
			open = false;
		},
		rate: (): number => rate ?? next,
	};
}

/** Whether an activation finds nothing to do behind that of the last block, as a pool's fused one. */
function changesNothing({ activation }: Activation, trunk: Activation["activation"] | undefined): boolean {
	return activation === trunk ? activation !== "leakyRelu" : activation === "relu" && trunk === "relu6";
}

function hidden(chain: Chain, layer: Activation): HiddenActivation {
	const { activation, name, bounds } = layer;
	if (activation === "leakyRelu" || (activation === "clip" && bounds?.low !== 0))
		return refuse(
			chain,
			`its head has the activation ${activation} where none, ReLU, ReLU6, tanh or sigmoid was expected (layer ${name})`,
			"unsupported",
			name,
		);
	return { ...layer, activation };
}

/** A dense layer, or a 1×1 convolution over the single pixel that the pool leaves, which is the same. */
function asDense(item: Item): readonly (Dense | BatchNorm | Affine | Activation)[] | undefined {
	if (item.kind === "dense") return [item];
	if (item.kind !== "unit" || !isPointwise(item)) return undefined;
	const { convolution, scalings, activation }: Unit = item;
	const { weight, bias, name, output } = convolution;
	const tensor = { ...weight.tensor, shape: weight.tensor.shape.slice(0, 2) };
	const dense: Dense = {
		kind: "dense",
		name,
		weight: { ...weight, tensor },
		...(bias && { bias }),
		...(output && { output }),
	};
	return [dense, ...scalings, ...(activation ? [activation] : [])];
}

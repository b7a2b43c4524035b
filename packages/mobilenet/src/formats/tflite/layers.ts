/**
 * Operators of TensorFlow Lite as layers: one function an operator. What an operator does beyond what layers can
 * say (dilation, pools that are not global, activations of other kinds) is refused here with its name; whether the
 * layers make a MobileNet v1 is recognize.ts's.
 */
import { shown } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { arithmetic, requantize } from "./arithmetic.ts";
import { convolution, depthwise, fullyConnected } from "./convolutions.ts";
import { float32 } from "./flatbuffer.ts";
import {
	broken,
	dataIndex,
	described,
	foreign,
	type Graph,
	type Operator,
	tensorAt,
	unsupported,
} from "./graph.ts";
import { type BareLayer, type Context, codesOf, optionsOf } from "./operator.ts";
import { pool, reduction, reshape } from "./pools.ts";
import { fields, optionTypes } from "./schema.ts";
import { integersAt } from "./weights.ts";

const same = (): readonly BareLayer[] => [{ kind: "shape" }];

/** Every operator that is read; each takes the data as its first input, but arithmetic with a constant. */
const readers: Readonly<Record<string, (context: Context) => readonly BareLayer[]>> = {
	CONV_2D: convolution,
	DEPTHWISE_CONV_2D: depthwise,
	FULLY_CONNECTED: fullyConnected,
	AVERAGE_POOL_2D: pool("average"),
	MAX_POOL_2D: pool("max"),
	MEAN: reduction("average"),
	REDUCE_MAX: reduction("max"),
	PAD: pad,
	ADD: arithmetic,
	SUB: arithmetic,
	MUL: arithmetic,
	DIV: arithmetic,
	RELU: () => [{ kind: "activation", activation: "relu" }],
	RELU6: () => [{ kind: "activation", activation: "relu6" }],
	TANH: () => [{ kind: "activation", activation: "tanh" }],
	LOGISTIC: () => [{ kind: "activation", activation: "sigmoid" }],
	LEAKY_RELU: leakyRelu,
	SOFTMAX: softmax,
	RESHAPE: reshape,
	SQUEEZE: reshape,
	QUANTIZE: requantize,
	DEQUANTIZE: same,
	CAST: cast,
};

export const knownOperators: ReadonlySet<string> = new Set(Object.keys(readers));

/** The layers of a chain's operators. */
export function layersOf(graph: Graph, operators: readonly Operator[]): ChainLayer[] {
	const layers: ChainLayer[] = [];
	let pooled = false;
	for (const operator of operators) {
		const own = layersOfOne(graph, operator, pooled);
		pooled ||= own.some(({ kind }) => kind === "pool" || kind === "flatten");
		layers.push(...own);
	}
	return layers;
}

/** A fused activation is a layer of its own, and its output the operator's. */
function layersOfOne(graph: Graph, operator: Operator, pooled: boolean): ChainLayer[] {
	if (operator.outputs.length !== 1)
		throw broken(graph.name, `an operator ${operator.name} has ${operator.outputs.length} outputs, not one`);
	const from = tensorAt(graph, dataIndex(graph, operator));
	const to = tensorAt(graph, operator.outputs[0]!);
	const output = codesOf(graph, to);
	const layers = readers[operator.name]!({ graph, operator, from, to, pooled });
	return layers.map((layer, i) => ({
		...layer,
		name: to.name,
		...(output && i === layers.length - 1 && { output }),
	}));
}

function pad({ graph, operator, to }: Context): readonly BareLayer[] {
	const amounts = integersAt(graph, operator.inputs[1], "the padding");
	const [before0, after0, top = 0, bottom = 0, left = 0, right = 0, before3, after3] = amounts;
	if (amounts.length !== 8 || [before0, after0, before3, after3].some((n) => n !== 0))
		throw foreign(
			graph.name,
			`the file is sound, but its padding ${to.name} is ${shown(amounts)} where only height and width were expected to be padded`,
		);
	const padding = [top, left, bottom, right] as const;
	if (padding.some((n) => n < 0)) throw broken(graph.name, `its padding ${to.name} is ${shown(amounts)}`);
	return [{ kind: "pad", padding }];
}

function leakyRelu(context: Context): readonly BareLayer[] {
	const slope = float32(optionsOf(context, optionTypes.LEAKY_RELU), fields.leakyRelu.slope);
	return [{ kind: "activation", activation: "leakyRelu", slope }];
}

function softmax(context: Context): readonly BareLayer[] {
	const beta = float32(optionsOf(context, optionTypes.SOFTMAX), fields.softmax.beta);
	if (beta !== 1)
		throw unsupported(context.graph.name, `its softmax ${context.to.name} has a beta of ${beta}, not 1`);
	return [{ kind: "softmax" }];
}

/** Pixels that become floats. */
function cast({ graph, from, to }: Context): readonly BareLayer[] {
	if (to.type !== "float32" || from.quantization)
		throw unsupported(graph.name, `its CAST ${to.name} makes ${described(to)} of ${described(from)}`);
	return same();
}

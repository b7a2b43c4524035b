/**
 * Operators of TensorFlow Lite as layers: one function an operator. What an operator does beyond what layers can
 * say (dilation, pools that are not global, activations of other kinds) is refused here with its name; whether the
 * layers make a MobileNet v1 is recognize.ts's.
 */
import { shown } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { areBeforeNetwork, withReversedColors } from "../reversed-colors.ts";
import { arithmetic, requantize } from "./arithmetic.ts";
import { convolution, depthwise, fullyConnected } from "./convolutions.ts";
import { childTable, float32, int32 } from "./flatbuffer.ts";
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
	STRIDED_SLICE: reversal,
	REVERSE_V2: reversal,
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

/** The layers of a chain's operators, and whether they begin with turning round the order of the colors. */
export function layersOf(
	graph: Graph,
	operators: readonly Operator[],
): { readonly layers: readonly ChainLayer[]; readonly reversed: boolean } {
	let layers: ChainLayer[] = [];
	let reversed = false;
	let pooled = false;
	for (const operator of operators) {
		const own = layersOfOne(graph, operator, pooled);
		if (readers[operator.name] === reversal) {
			if (!areBeforeNetwork(layers))
				throw foreign(
					graph.name,
					`the file is sound, but its operator ${operator.name} turns round what its layers have made`,
				);
			layers = withReversedColors(layers);
			reversed = !reversed;
		}
		pooled ||= own.some(({ kind }) => kind === "pool" || kind === "flatten");
		layers.push(...own);
	}
	return { layers, reversed };
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

/** The channels in the opposite order; any other slice of a picture is refused. */
function reversal({ graph, operator, from, to }: Context): readonly BareLayer[] {
	const { inputs, name } = operator;
	const last = from.shape.length - 1;
	const isReversal =
		name === "REVERSE_V2"
			? [String(last), "-1"].includes(integersAt(graph, inputs[1], "the axes").join())
			: takesAll(operator, from.shape.length) &&
				integersAt(graph, inputs[3], "the steps").every((step, axis) => step === (axis === last ? -1 : 1));
	if (last !== 3 || !isReversal)
		throw foreign(
			graph.name,
			`the file is sound, but its operator ${name} makes ${described(to)} of ${described(from)} where only the order of the colors was expected to change`,
		);
	return [];
}

/** Whether a slice begins and ends nowhere, on every axis. */
function takesAll({ table }: Operator, rank: number): boolean {
	const options = childTable(table, fields.operator.options);
	const all = 2 ** rank - 1;
	const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = fields.stridedSlice;
	return (
		options !== undefined &&
		[beginMask, endMask].every((mask) => (int32(options, mask) & all) === all) &&
		[ellipsisMask, newAxisMask, shrinkAxisMask].every((mask) => int32(options, mask) === 0)
	);
}

/** Pixels that become floats. */
function cast({ graph, from, to }: Context): readonly BareLayer[] {
	if (to.type !== "float32" || from.quantization)
		throw unsupported(graph.name, `its CAST ${to.name} makes ${described(to)} of ${described(from)}`);
	return same();
}

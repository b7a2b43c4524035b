/**
 * Operators of TensorFlow Lite as layers: one function an operator. What an operator does beyond what layers can
 * say (dilation, pools that are not global, activations of other kinds) is refused here with its name; whether the
 * layers make a MobileNet v1 is recognize.ts's.
 */
import { shown } from "../../base/error.ts";
import type { Quantization } from "../../weights/parts.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { childTable, float32, int8, int32, type Table, uint8 } from "./flatbuffer.ts";
import {
	broken,
	described,
	foreign,
	type Graph,
	type GraphTensor,
	type Operator,
	tensorAt,
	unsupported,
} from "./graph.ts";
import { activations, fields, optionTypes, paddings } from "./schema.ts";
import { biasAt, integersAt, weightsAt } from "./weights.ts";

type Convolution = Extract<ChainLayer, { kind: "convolution" }>;
/** A layer without its name and the quantization of its output, which are added for all. */
type Bare<L> = L extends ChainLayer ? Omit<L, "name" | "output"> : never;
type BareLayer = Bare<ChainLayer>;

interface Context {
	readonly graph: Graph;
	readonly operator: Operator;
	/** What the operator is given and what it gives out. */
	readonly from: GraphTensor;
	readonly to: GraphTensor;
}

/** Every operator that is read; each takes the data as its first input. */
const readers: Readonly<Record<string, (context: Context) => readonly BareLayer[]>> = {
	CONV_2D: convolution,
	DEPTHWISE_CONV_2D: depthwise,
	FULLY_CONNECTED: fullyConnected,
	AVERAGE_POOL_2D: averagePool,
	MEAN: mean,
	PAD: pad,
	RELU: () => [{ kind: "activation", activation: "relu" }],
	RELU6: () => [{ kind: "activation", activation: "relu6" }],
	LEAKY_RELU: leakyRelu,
	SOFTMAX: softmax,
	RESHAPE: () => [{ kind: "shape" }],
	SQUEEZE: () => [{ kind: "shape" }],
	QUANTIZE: requantize,
	DEQUANTIZE: () => [{ kind: "shape" }],
};

export const knownOperators: ReadonlySet<string> = new Set(Object.keys(readers));

/** The layers of one operator of the chain; a fused activation is a layer of its own, and its output the operator's. */
export function layersOf(graph: Graph, operator: Operator): ChainLayer[] {
	if (operator.outputs.length !== 1)
		throw broken(graph.name, `an operator ${operator.name} has ${operator.outputs.length} outputs, not one`);
	const from = tensorAt(graph, operator.inputs[0] ?? -1);
	const to = tensorAt(graph, operator.outputs[0]!);
	const output = codesOf(graph, to);
	const layers = readers[operator.name]!({ graph, operator, from, to });
	return layers.map((layer, i) => ({
		...layer,
		name: to.name,
		...(output && i === layers.length - 1 && { output }),
	}));
}

/** The quantization of activations: undefined where they are floats. */
export function codesOf(graph: Graph, tensor: GraphTensor): Quantization | undefined {
	if (tensor.type === "float32") return undefined;
	if (tensor.type !== "int8" && tensor.type !== "uint8")
		throw unsupported(
			graph.name,
			`its activations ${described(tensor)} are of a type other than float32, int8 or uint8`,
		);
	const { scale = [], zeroPoint = [] } = tensor.quantization ?? {};
	if (scale.length !== 1)
		throw broken(
			graph.name,
			`its activations ${described(tensor)} have ${scale.length} scales where one was expected`,
		);
	return { scale, zeroPoint };
}

function convolution(context: Context): readonly BareLayer[] {
	const { graph, operator, from } = context;
	const options = optionsOf(context, optionTypes.CONV_2D);
	const weight = weightsAt(graph, operator.inputs[1] ?? -1, "convolution");
	const [outputs = 0, inputs = 0] = weight.tensor.shape;
	const given = channelsOf(context, inputs);
	if (given % inputs !== 0)
		throw broken(
			graph.name,
			`the convolution ${context.to.name} has weights for ${inputs} channels, but is given ${described(from)}`,
		);
	return convolutionLayers(context, options, fields.convolution, { weight, groups: given / inputs }, outputs);
}

function depthwise(context: Context): readonly BareLayer[] {
	const { graph, operator, from } = context;
	const options = optionsOf(context, optionTypes.DEPTHWISE_CONV_2D);
	const weight = weightsAt(graph, operator.inputs[1] ?? -1, "depthwise");
	const [outputs = 0] = weight.tensor.shape;
	const groups = channelsOf(context, outputs);
	if (outputs % groups !== 0)
		throw broken(
			graph.name,
			`the depthwise convolution ${context.to.name} has weights for ${outputs} outputs, but is given ${described(from)}`,
		);
	// Over one channel it is a standard convolution: [out, 1, height, width] either way.
	const stored = groups === 1 && outputs > 1 ? { storedAsDepthwise: true } : {};
	return convolutionLayers(context, options, fields.depthwise, { weight, groups, ...stored }, outputs);
}

function convolutionLayers(
	context: Context,
	options: Table,
	f: typeof fields.convolution | typeof fields.depthwise,
	read: Pick<Convolution, "weight" | "groups" | "storedAsDepthwise">,
	outputs: number,
): readonly BareLayer[] {
	const { graph, operator, to } = context;
	const dilation = [int32(options, f.dilationHeight, 1), int32(options, f.dilationWidth, 1)];
	if (dilation.some((step) => step !== 1))
		throw foreign(
			graph.name,
			`the file is sound, but its ${operator.name} ${to.name} is dilated (${dilation.join("×")})`,
		);
	const stride = [int32(options, f.strideHeight), int32(options, f.strideWidth)] as const;
	if (!stride.every((step) => step > 0))
		throw broken(graph.name, `its ${operator.name} ${to.name} has the stride ${stride.join("×")}`);
	const padding = paddings[int8(options, f.padding)];
	if (!padding) throw broken(graph.name, `its ${operator.name} ${to.name} has an unknown padding`);
	const bias = biasAt(graph, operator.inputs[2], outputs);
	return [
		{ kind: "convolution", ...read, ...(bias && { bias }), stride, padding },
		...fusedActivation(context, int8(options, f.activation)),
	];
}

function fullyConnected(context: Context): readonly BareLayer[] {
	const { graph, operator, to } = context;
	const options = optionsOf(context, optionTypes.FULLY_CONNECTED);
	if (int8(options, fields.fullyConnected.weightsFormat) !== 0)
		throw unsupported(graph.name, `the weights of its FULLY_CONNECTED ${to.name} are shuffled`);
	const weight = weightsAt(graph, operator.inputs[1] ?? -1, "dense");
	const bias = biasAt(graph, operator.inputs[2], weight.tensor.shape[0] ?? 0);
	return [
		{ kind: "dense", weight, ...(bias && { bias }) },
		...fusedActivation(context, int8(options, fields.fullyConnected.activation)),
	];
}

/** Global, or refused: the only average pool of a MobileNet v1 takes in the whole picture. */
function averagePool(context: Context): readonly BareLayer[] {
	const { graph, from, to } = context;
	const options = optionsOf(context, optionTypes.AVERAGE_POOL_2D);
	const f = fields.pool;
	const filter = [int32(options, f.filterHeight), int32(options, f.filterWidth)];
	const [, height, width] = from.shape;
	const [, outputHeight, outputWidth] = to.shape;
	const global = filter[0] === height && filter[1] === width && outputHeight === 1 && outputWidth === 1;
	if (from.shape.length !== 4 || !global)
		throw foreign(
			graph.name,
			`the file is sound, but its average pool ${to.name} of ${filter.join("×")} pixels does not take in the whole of ${described(from)}`,
		);
	return [{ kind: "pool" }, ...fusedActivation(context, int8(options, f.activation))];
}

function mean({ graph, operator, from, to }: Context): readonly BareLayer[] {
	const axes = integersAt(graph, operator.inputs[1], "the axes").map((axis) => (axis < 0 ? axis + 4 : axis));
	if (from.shape.length !== 4 || axes.toSorted((a, b) => a - b).join() !== "1,2")
		throw foreign(
			graph.name,
			`the file is sound, but its mean ${to.name} is over the axes ${shown(axes)} of ${described(from)} where 1 and 2, height and width, were expected`,
		);
	return [{ kind: "pool" }];
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

/** From floats to codes, or from uint8 to int8 and back; other codes for the same numbers, which no layer sees. */
function requantize({ graph, from, to }: Context): readonly BareLayer[] {
	const [before, after] = [codesOf(graph, from), codesOf(graph, to)];
	if (before && after && !(Math.abs(before.scale[0]! / after.scale[0]! - 1) < 1e-3))
		throw unsupported(
			graph.name,
			`its operator QUANTIZE ${to.name} goes from the scale ${before.scale[0]} to ${after.scale[0]} where the same scale was expected`,
		);
	return [{ kind: "shape" }];
}

function fusedActivation({ graph, operator, to }: Context, code: number): readonly BareLayer[] {
	const activation = activations[code];
	if (activation === "none") return [];
	if (activation === "relu" || activation === "relu6") return [{ kind: "activation", activation }];
	if (!activation)
		throw broken(graph.name, `its ${operator.name} ${to.name} has an unknown activation, ${code}`);
	throw foreign(
		graph.name,
		`the file is sound, but its ${operator.name} ${to.name} has the activation ${activation} where ReLU6, ReLU or none was expected`,
	);
}

function optionsOf({ graph, operator, to }: Context, type: number): Table {
	const f = fields.operator;
	const options = childTable(operator.table, f.options);
	const given = uint8(operator.table, f.optionsType);
	if (!options || given !== type)
		throw broken(
			graph.name,
			`its ${operator.name} ${to.name} has options of the type ${given} where ${type} was expected`,
		);
	return options;
}

/** Channels of what an operator is given; `usual` where the file leaves them open. */
function channelsOf({ graph, from }: Context, usual: number): number {
	const channels = from.shape.length === 4 ? from.shape[3]! : Number.NaN;
	if (channels === -1) return usual;
	if (!(channels > 0))
		throw broken(
			graph.name,
			`a convolution is given ${described(from)} where a picture of 4 axes was expected`,
		);
	return channels;
}

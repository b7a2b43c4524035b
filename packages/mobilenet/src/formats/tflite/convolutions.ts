/** Convolutions and dense layers of TensorFlow Lite. What no MobileNet v1 has, such as dilation, is refused here. */
import type { ChainLayer } from "../chain/chain.ts";
import { int8, int32, type Table } from "./flatbuffer.ts";
import { broken, described, foreign, unsupported } from "./graph.ts";
import { type BareLayer, type Context, fusedActivation, optionsOf } from "./operator.ts";
import { rowOf } from "./pools.ts";
import { fields, optionTypes, paddings } from "./schema.ts";
import { biasAt, weightsAt } from "./weights.ts";

type Convolution = Extract<ChainLayer, { kind: "convolution" }>;

export function convolution(context: Context): readonly BareLayer[] {
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

export function depthwise(context: Context): readonly BareLayer[] {
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

export function fullyConnected(context: Context): readonly BareLayer[] {
	const { graph, operator, to } = context;
	const options = optionsOf(context, optionTypes.FULLY_CONNECTED);
	if (int8(options, fields.fullyConnected.weightsFormat) !== 0)
		throw unsupported(graph.name, `the weights of its FULLY_CONNECTED ${to.name} are shuffled`);
	const weight = weightsAt(graph, operator.inputs[1] ?? -1, "dense");
	const bias = biasAt(graph, operator.inputs[2], weight.tensor.shape[0] ?? 0);
	return [
		...rowOf(context),
		{ kind: "dense", weight, ...(bias && { bias }) },
		...fusedActivation(context, int8(options, fields.fullyConnected.activation)),
	];
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

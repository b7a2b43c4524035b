/** Convolutions and dense layers of TensorFlow's graphs, and what optimizers have fused to them. */
import { shown } from "../../base/error.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { charge } from "../graph.ts";
import { oihw, transposedDense } from "../keras/weights.ts";
import { described } from "./graph.ts";
import { type BareLayer, type Context, checkLayout, floatsAt, rowAt } from "./operator.ts";

type Convolution = Extract<BareLayer, { kind: "convolution" }>;
type Dense = Extract<BareLayer, { kind: "dense" }>;

const activations: Readonly<Record<string, BareLayer>> = {
	Relu: { kind: "activation", activation: "relu" },
	Relu6: { kind: "activation", activation: "relu6" },
	Tanh: { kind: "activation", activation: "tanh" },
	Sigmoid: { kind: "activation", activation: "sigmoid" },
};
const usual = { leakySlope: 0.2, epsilon: 1e-4 } as const;

export function activation(context: Context, op = context.node.op): BareLayer {
	if (op !== "LeakyRelu") return activations[op]!;
	const { node } = context;
	const slope = (node.attribute("alpha") ?? node.attribute("leakyrelu_alpha"))?.number ?? usual.leakySlope;
	return { kind: "activation", activation: "leakyRelu", slope };
}

export function convolution(context: Context): readonly BareLayer[] {
	const { graph, node, form } = context;
	checkLayout(context);
	const filter = floatsAt(context, 1, 4);
	const [, , inputs = 1, outputs = 1] = filter.shape;
	const channels = form.channels ?? inputs;
	if (channels % inputs !== 0)
		refuse(
			graph,
			`${described(node)} has weights for ${inputs} channels, but is given ${channels}`,
			"broken-file",
		);
	charge(graph, filter.data.byteLength);
	const weight = { tensor: oihw(filter, inputs, outputs) };
	return fused(context, convolved(context, weight.tensor, { weight, groups: channels / inputs }));
}

/** [height, width, C, m]: m filters for each of C channels. */
export function depthwise(context: Context): readonly BareLayer[] {
	checkLayout(context);
	const filter = floatsAt(context, 1, 4);
	const [, , groups = 1, multiplier = 1] = filter.shape;
	charge(context.graph, filter.data.byteLength);
	const weight = { tensor: oihw(filter, 1, groups * multiplier) };
	const stored = groups === 1 && multiplier > 1 ? { storedAsDepthwise: true } : {};
	return fused(context, convolved(context, weight.tensor, { weight, groups, ...stored }));
}

export function dense(context: Context): readonly BareLayer[] {
	const { graph, node, form } = context;
	if (node.attribute("transpose_a")?.flag)
		refuse(graph, `${described(node)} takes its input transposed`, "unsupported");
	const kernel = floatsAt(context, 1, 2);
	const isTransposed = node.attribute("transpose_b")?.flag === true;
	if (!isTransposed) charge(graph, kernel.data.byteLength);
	const tensor = isTransposed ? kernel : transposedDense(kernel);
	Object.assign(form, { channels: tensor.shape[0], isRow: true });
	return fused(context, { kind: "dense", weight: { tensor } });
}

/** A batch norm as one operator, in inference. */
export function batchNorm(context: Context): readonly BareLayer[] {
	const { graph, node } = context;
	checkLayout(context);
	if (node.attribute("is_training")?.flag !== false)
		refuse(
			graph,
			`${described(node)} is in the form for training: export the network for inference`,
			"unsupported",
		);
	return [norm(context, 1)];
}

/** @param first the number of the input that is the scale; offset, mean and variance come after it */
function norm(context: Context, first: number): BareLayer {
	const [weight, bias, mean, variance] = [0, 1, 2, 3].map((i) => rowAt(context, first + i)) as [
		Tensor,
		Tensor,
		Tensor,
		Tensor,
	];
	const epsilon = context.node.attribute("epsilon")?.number ?? usual.epsilon;
	return { kind: "batchNorm", weight, bias, mean, variance, epsilon };
}

/** What an optimizer has drawn into a layer: a bias or a batch norm, whose numbers are further inputs; an activation. */
function fused(context: Context, layer: Convolution | Dense): readonly BareLayer[] {
	const { graph, node } = context;
	const ops = node.attribute("fused_ops")?.texts ?? [];
	const layers: BareLayer[] = [layer];
	let next = 2;
	for (const op of ops) {
		if (op === "BiasAdd") layers[0] = { ...layer, bias: { tensor: rowAt(context, next++) } };
		else if (op === "FusedBatchNorm") {
			layers.push(norm(context, next));
			next += 4;
		} else if (op === "LeakyRelu" || Object.hasOwn(activations, op)) layers.push(activation(context, op));
		else refuse(graph, `${described(node)} is fused with ${shown(op)}`, "not-mobilenet", node.name);
	}
	return layers;
}

function convolved(
	context: Context,
	{ shape: [outputs = 1, , height = 1, width = 1] }: Tensor,
	read: Pick<Convolution, "weight" | "groups" | "storedAsDepthwise">,
): Convolution {
	const { graph, node, form } = context;
	if (form.isRow) refuse(graph, `${described(node)} is given a row of numbers where a picture was expected`);
	const dilations = node.attribute("dilations")?.numbers ?? [];
	if (dilations.some((step) => step !== 1))
		refuse(graph, `${described(node)} is dilated (${shown(dilations)})`, "not-mobilenet", node.name);
	const stride = strideOf(context);
	const padding = paddingOf(context);
	const [top, left, bottom, right] = typeof padding === "string" ? [0, 0, 0, 0] : padding;
	form.height = lengthAfter(form.height, height, stride[0], padding === "same", top + bottom);
	form.width = lengthAfter(form.width, width, stride[1], padding === "same", left + right);
	form.channels = outputs;
	return { kind: "convolution", ...read, stride, padding };
}

/** Height and width of `strides`, or of `ksize`, which lie between the batch's and the channels' own. */
export function strideOf(
	{ graph, node }: Context,
	attribute = "strides",
): readonly [height: number, width: number] {
	const numbers = node.attribute(attribute)?.numbers ?? [];
	const [batch, height = 0, width = 0, channels] = numbers;
	if (batch !== 1 || channels !== 1 || !(height > 0 && width > 0))
		refuse(graph, `${described(node)} has the ${attribute} ${shown(numbers)}`, "unsupported");
	return [height, width];
}

function paddingOf({ graph, node }: Context): Convolution["padding"] {
	const padding = node.attribute("padding")?.text;
	if (padding === "SAME") return "same";
	if (padding === "VALID") return "valid";
	const zeros = node.attribute("explicit_paddings")?.numbers ?? [];
	const [, , top = 0, bottom = 0, left = 0, right = 0] = zeros;
	if (padding !== "EXPLICIT" || zeros.length !== 8 || !zeros.every((length) => length >= 0))
		refuse(graph, `${described(node)} has the padding ${shown(padding)} ${shown(zeros)}`, "broken-file");
	return [top, left, bottom, right];
}

export function lengthAfter(
	length: number | undefined,
	kernel: number,
	stride: number,
	isSame: boolean,
	zeros = 0,
): number | undefined {
	if (length === undefined) return undefined;
	return isSame ? Math.ceil(length / stride) : Math.floor((length + zeros - kernel) / stride) + 1;
}

/** What the layer before a node is, if numbers can be added to it as its bias. */
export function biased(context: Context, offset: Tensor): boolean {
	const { layers } = context;
	const last = layers.at(-1);
	if ((last?.kind !== "convolution" && last?.kind !== "dense") || last.bias) return false;
	const outputs = last.weight.tensor.shape[0]!;
	if (sizeOf(offset.shape) !== outputs) return false;
	layers[layers.length - 1] = { ...last, bias: { tensor: { ...offset, shape: [outputs] } } };
	return true;
}

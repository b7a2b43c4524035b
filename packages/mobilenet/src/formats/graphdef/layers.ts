/** The operators on the way of a picture as layers: one reader for each that a way may have. */
import { shown } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { mergedBounds } from "../chain/clips.ts";
import { refuse } from "../chain/units.ts";
import { arithmetic, biasAdd, bounds } from "./arithmetic.ts";
import { type Constants, wholeNumbers } from "./constants.ts";
import {
	activation,
	batchNorm,
	convolution,
	dense,
	depthwise,
	lengthAfter,
	strideOf,
} from "./convolutions.ts";
import { described, type Graph, type GraphNode, inputOf } from "./graph.ts";
import { type BareLayer, type Context, checkLayout, type Form, floatsAt, type Said } from "./operator.ts";

type Read = (context: Context) => readonly BareLayer[];

const nothing: Read = () => [];
const activated: Read = (context) => [activation(context)];

const readers: Readonly<Record<string, Read>> = {
	Placeholder: picture,
	PlaceholderWithDefault: picture,
	DecodeJpeg: decoded,
	DecodePng: decoded,
	DecodeBmp: decoded,
	DecodeImage: decoded,
	ResizeBilinear: resized,
	ResizeNearestNeighbor: resized,
	Cast: nothing,
	Identity: nothing,
	StopGradient: nothing,
	CheckNumerics: nothing,
	PreventGradient: nothing,
	Snapshot: nothing,
	Switch: nothing,
	Merge: nothing,
	ExpandDims: nothing,
	Squeeze: nothing,
	Reshape: reshaped,
	FakeQuantWithMinMaxVars: rounded,
	FakeQuantWithMinMaxVarsPerChannel: rounded,
	Conv2D: convolution,
	FusedConv2D: convolution,
	_FusedConv2D: convolution,
	DepthwiseConv2dNative: depthwise,
	FusedDepthwiseConv2dNative: depthwise,
	_FusedDepthwiseConv2dNative: depthwise,
	MatMul: dense,
	_FusedMatMul: dense,
	BiasAdd: biasAdd,
	Add: arithmetic,
	AddV2: arithmetic,
	Sub: arithmetic,
	Mul: arithmetic,
	RealDiv: arithmetic,
	Div: arithmetic,
	FusedBatchNorm: batchNorm,
	FusedBatchNormV2: batchNorm,
	FusedBatchNormV3: batchNorm,
	Relu: activated,
	Relu6: activated,
	LeakyRelu: activated,
	Tanh: activated,
	Sigmoid: activated,
	Maximum: bounds,
	Minimum: bounds,
	ClipByValue: bounds,
	Pad: pad,
	PadV2: pad,
	AvgPool: pool,
	MaxPool: pool,
	Mean: reduced,
	Max: reduced,
	Softmax: () => [{ kind: "softmax" }],
};

export const knownOperators: ReadonlySet<string> = new Set(Object.keys(readers));

const roundingNote =
	"What its layers give out is rounded to integers where it was trained so (FakeQuant); it is run without.";
/** An input of more channels is no picture. */
const mostChannels = 4096;

/** The layers of a way through a graph, and what the graph says beside them. */
export function layersOf(
	graph: Graph,
	constants: Constants,
	nodes: readonly GraphNode[],
): { readonly layers: readonly ChainLayer[]; readonly said: Said } {
	const layers: ChainLayer[] = [];
	const said: Said = { notes: new Set() };
	const form: Form = { height: undefined, width: undefined, channels: undefined, isRow: false };
	const done = new Set<GraphNode>();
	for (const [i, node] of nodes.entries()) {
		if (done.has(node)) continue;
		const read = readers[node.op]!;
		const following = nodes.slice(i + 1, i + 2);
		const context = { graph, constants, node, form, layers, following, done, said };
		for (const layer of read(context)) layers.push({ ...layer, name: node.name } as ChainLayer);
	}
	return { layers: mergedBounds(layers), said };
}

/** The picture, or a place where something else than what was computed could be put. */
function picture(context: Context): readonly BareLayer[] {
	const { graph, node, constants, form, said } = context;
	if (node.op === "PlaceholderWithDefault" && !constants.has(inputOf(graph, node, 0))) return [];
	const { shape } = node.attribute("shape") ?? {};
	if (!shape || shape.length === 0) return [];
	const [height = 0, width = 0, channels = 0] = shape.slice(-3);
	if (
		(shape.length !== 4 && shape.length !== 3) ||
		[height, width, channels].includes(0) ||
		channels > mostChannels
	)
		refuse(
			graph,
			`its input ${shown(node.name)} of the shape ${shown(shape)} is no picture of height, width and channels`,
		);
	if (height > 0 && width > 0) said.size = [height, width];
	if (channels > 0) said.channels = channels;
	Object.assign(form, {
		height: height > 0 ? height : undefined,
		width: width > 0 ? width : undefined,
		channels: channels > 0 ? channels : undefined,
	});
	return [];
}

/** A picture file, whose pixels this package has decoded itself. */
function decoded({ node, form, said }: Context): readonly BareLayer[] {
	const channels = node.attribute("channels")?.number ?? 0;
	if (channels > 0) form.channels = said.channels = channels;
	return [];
}

/** To the network's size, as this package does before: how is what the file says of preprocessing. */
function resized(context: Context): readonly BareLayer[] {
	const { graph, constants, node, form, layers, said } = context;
	const size = wholeNumbers(graph, constants, inputOf(graph, node, 1));
	const [height = 0, width = 0] = size;
	if (size.length !== 2 || !(height > 0 && width > 0))
		refuse(graph, `${described(node)} makes pictures of the size ${shown(size)}`, "broken-file");
	if (layers.length > 0)
		refuse(graph, `${described(node)} comes after a layer where only the picture is resized`, "unsupported");
	said.size = [height, width];
	const isAligned = node.attribute("align_corners")?.flag === true;
	const isCentered = node.attribute("half_pixel_centers")?.flag === true;
	said.filter =
		node.op === "ResizeNearestNeighbor"
			? "nearest"
			: isAligned
				? "tf-bilinear-align-corners"
				: isCentered
					? "tf-bilinear"
					: "tf-bilinear-legacy";
	Object.assign(form, { height, width });
	return [];
}

/** After the pool, and around a row, only the shape is another; before, all pixels become one row. */
function reshaped({ graph, constants, node, form }: Context): readonly BareLayer[] {
	const single = form.isRow || (form.height === 1 && form.width === 1);
	const shape = inputOf(graph, node, 1);
	const axes = constants.has(shape) ? constants.valueOf(shape).data.length : 2;
	if (single) {
		form.isRow ||= axes === 2;
		return [];
	}
	if (axes !== 2)
		refuse(
			graph,
			`${described(node)} makes a shape of ${axes} axes of a picture`,
			"not-mobilenet",
			node.name,
		);
	Object.assign(form, { isRow: true, channels: undefined });
	return [{ kind: "flatten", order: "hwc" }];
}

function rounded({ said }: Context): readonly BareLayer[] {
	said.notes.add(roundingNote);
	return [];
}

function pad(context: Context): readonly BareLayer[] {
	const { graph, constants, node, form } = context;
	const amounts = wholeNumbers(graph, constants, inputOf(graph, node, 1));
	const [before0, after0, top = 0, bottom = 0, left = 0, right = 0, before3, after3] = amounts;
	if (
		amounts.length !== 8 ||
		[before0, after0, before3, after3].some((n) => n !== 0) ||
		amounts.some((n) => n < 0)
	)
		refuse(
			graph,
			`${described(node)} pads by ${shown(amounts)} where only height and width were expected to be padded`,
			"not-mobilenet",
			node.name,
		);
	if (node.op === "PadV2" && floatsAt(context, 2).data.some((value) => value !== 0))
		refuse(graph, `${described(node)} pads with another number than 0`, "not-mobilenet", node.name);
	if (form.height !== undefined) form.height += top + bottom;
	if (form.width !== undefined) form.width += left + right;
	return [{ kind: "pad", padding: [top, left, bottom, right] }];
}

/** Global, or refused: the only pool of a MobileNet v1 takes in the whole picture. */
function pool(context: Context): readonly BareLayer[] {
	const { graph, node, form, layers, said } = context;
	checkLayout(context);
	const kernel = strideOf(context, "ksize");
	const stride = strideOf(context);
	const isSame = node.attribute("padding")?.text === "SAME";
	const [height, width] = [form.height ?? kernel[0], form.width ?? kernel[1]];
	const after = [
		lengthAfter(height, kernel[0], stride[0], isSame),
		lengthAfter(width, kernel[1], stride[1], isSame),
	];
	if (form.isRow || kernel[0] < height || kernel[1] < width || after[0] !== 1 || after[1] !== 1)
		refuse(
			graph,
			`${described(node)} of ${kernel.join("×")} pixels does not take in the whole of ${height}×${width}`,
			"not-mobilenet",
			node.name,
		);
	// Where the input is of any size, the pool says which: that of which it takes in the whole.
	if (form.height === undefined && !said.size) {
		const strides = layers.map((layer) => (layer.kind === "convolution" ? layer.stride : [1, 1]));
		const total = (side: 0 | 1): number =>
			strides.reduce((product, own) => product * own[side]!, kernel[side]);
		said.size = [total(0), total(1)];
		said.isSizeAssumed = true;
	}
	Object.assign(form, { height: 1, width: 1 });
	return [{ kind: "pool", pooling: node.op === "MaxPool" ? "max" : "average" }];
}

/** The mean or the greatest over height and width. */
function reduced({ graph, constants, node, form }: Context): readonly BareLayer[] {
	const given = wholeNumbers(graph, constants, inputOf(graph, node, 1));
	const axes = given.map((axis) => (axis < 0 ? axis + 4 : axis)).sort((a, b) => a - b);
	if (form.isRow || axes.join() !== "1,2")
		refuse(
			graph,
			`${described(node)} is over the axes ${shown(given)} where 1 and 2, height and width, were expected`,
			"not-mobilenet",
			node.name,
		);
	Object.assign(form, { height: 1, width: 1 });
	return [{ kind: "pool", pooling: node.op === "Max" ? "max" : "average" }];
}

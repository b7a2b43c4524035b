/**
 * A folded record as a TensorFlow Lite file: convolutions with their activation inside, pool, fully connected,
 * softmax; NHWC. The numbers of its schema are those that our reader has too.
 */
import type { Model } from "mobilenet";
import { type Layer, layers } from "mobilenet/network";
import {
	activations,
	fields,
	identifiers,
	operatorNames,
	optionTypes,
	paddings,
	schemaVersion,
	tensorTypes,
} from "../../../mobilenet/dist/formats/tflite-schema.js";
import { parametersOf, permute } from "../weights.ts";
import { type FlatbufferWriter, flatbufferWriter, type Offset } from "./flatbuffer.ts";

/** Fields that reading does not need; the schema's numbers as well. */
const more = {
	operatorCode: { version: 2 },
	depthwise: { multiplier: 3 },
	pool: { padding: 0, strideWidth: 1, strideHeight: 2 },
} as const;
/** The schema wants the bytes of buffers aligned like this. */
const alignment = 16;

type Operator = keyof typeof optionTypes;

/** What stands in a file, in lists that refer to one another by number. */
interface Parts {
	readonly buffers: Offset[];
	readonly tensors: Offset[];
	readonly operators: Offset[];
	/** By number, the kinds of operators. */
	readonly kinds: Operator[];
}

/** @param batch the pictures that every run brings */
export function writeTensorFlowLite(model: Model, batch: number): Uint8Array {
	const writer = flatbufferWriter();
	// The first buffer is empty and stands for no data.
	const parts: Parts = { buffers: [writer.table()], tensors: [], operators: [], kinds: [] };
	const { size, inputChannels, classes } = model.configuration;
	const input = addTensor(writer, parts, "input", [batch, size, size, inputChannels]);
	let last = input;
	for (const layer of layers(model.configuration)) {
		const { name, kind, outputSize, outputChannels } = layer;
		const inputs = [last, ...addParameters(writer, parts, model, layer)];
		const shape = kind === "dense" ? [] : [outputSize, outputSize];
		last = addTensor(writer, parts, name, [batch, ...shape, outputChannels]);
		addOperator(writer, parts, operatorOf[kind], inputs, last, optionsOf(writer, model, layer));
	}
	const output = addTensor(writer, parts, "probabilities", [batch, classes]);
	const softmax = writer.table([fields.softmax.beta, "float32", 1]);
	addOperator(writer, parts, "SOFTMAX", [last], output, softmax);
	return finish(writer, parts, input, output);
}

const operatorOf: Readonly<Record<Layer["kind"], Operator>> = {
	convolution: "CONV_2D",
	pointwise: "CONV_2D",
	depthwise: "DEPTHWISE_CONV_2D",
	pool: "AVERAGE_POOL_2D",
	dense: "FULLY_CONNECTED",
};

/** @returns the tensor's number */
function addTensor(
	{ table, bytes, integers, text }: FlatbufferWriter,
	{ buffers, tensors }: Parts,
	name: string,
	shape: readonly number[],
	values?: Float32Array<ArrayBuffer>,
): number {
	if (values) {
		const data = bytes(new Uint8Array(values.buffer), alignment);
		buffers.push(table([fields.buffer.data, "offset", data]));
	}
	const [sizes, label] = [integers(shape), text(name)];
	const { tensor } = fields;
	return (
		tensors.push(
			table(
				[tensor.shape, "offset", sizes],
				[tensor.type, "int8", tensorTypes.indexOf("float32")],
				[tensor.buffer, "int32", values ? buffers.length - 1 : 0],
				[tensor.name, "offset", label],
			),
		) - 1
	);
}

/** Weights and bias of a layer as tensors, in TensorFlow Lite's order of axes. */
function addParameters(
	writer: FlatbufferWriter,
	parts: Parts,
	model: Model,
	layer: Layer,
): readonly number[] {
	const { name, kind, kernel, inputChannels, outputChannels } = layer;
	if (kind === "pool") return [];
	const { weight, bias } = parametersOf(model, layer);
	const [shape, axes] = {
		dense: [
			[outputChannels, inputChannels],
			[0, 1],
		],
		depthwise: [
			[outputChannels, 1, kernel, kernel],
			[1, 2, 3, 0],
		],
		other: [
			[outputChannels, inputChannels, kernel, kernel],
			[0, 2, 3, 1],
		],
	}[kind === "dense" || kind === "depthwise" ? kind : "other"] as [number[], number[]];
	const sizes = axes.map((axis) => shape[axis]!);
	return [
		addTensor(writer, parts, `${name}.weight`, sizes, permute(weight, shape, axes)),
		addTensor(writer, parts, `${name}.bias`, [bias.length], Float32Array.from(bias)),
	];
}

function optionsOf({ table }: FlatbufferWriter, { configuration }: Model, layer: Layer): Offset {
	const { kind, stride, kernel } = layer;
	if (kind === "dense") return table();
	if (kind === "pool")
		return table(
			[more.pool.padding, "int8", paddings.indexOf("valid")],
			[more.pool.strideWidth, "int32", 1],
			[more.pool.strideHeight, "int32", 1],
			[fields.pool.filterWidth, "int32", kernel],
			[fields.pool.filterHeight, "int32", kernel],
		);
	const at = kind === "depthwise" ? fields.depthwise : fields.convolution;
	return table(
		[at.padding, "int8", paddings.indexOf("same")],
		[at.strideWidth, "int32", stride],
		[at.strideHeight, "int32", stride],
		...(kind === "depthwise" ? [[more.depthwise.multiplier, "int32", 1] as const] : []),
		[at.activation, "int8", activations.indexOf(configuration.activation as "relu" | "relu6")],
		[at.dilationWidth, "int32", 1],
		[at.dilationHeight, "int32", 1],
	);
}

function addOperator(
	{ table, integers }: FlatbufferWriter,
	{ operators, kinds }: Parts,
	kind: Operator,
	inputs: readonly number[],
	output: number,
	options: Offset,
): void {
	if (!kinds.includes(kind)) kinds.push(kind);
	const [from, to] = [integers(inputs), integers([output])];
	const { operator } = fields;
	operators.push(
		table(
			[operator.opcodeIndex, "int32", kinds.indexOf(kind)],
			[operator.inputs, "offset", from],
			[operator.outputs, "offset", to],
			[operator.optionsType, "int8", optionTypes[kind]],
			[operator.options, "offset", options],
		),
	);
}

function finish(
	{ table, offsets, integers, finish: end }: FlatbufferWriter,
	{ buffers, tensors, operators, kinds }: Parts,
	input: number,
	output: number,
): Uint8Array {
	const { subgraph, operatorCode, model } = fields;
	const codes = kinds.map((kind) => {
		const code = operatorNames.indexOf(kind);
		return table(
			[operatorCode.deprecatedBuiltinCode, "int8", code],
			[more.operatorCode.version, "int32", 1],
			[operatorCode.builtinCode, "int32", code],
		);
	});
	const [all, from, to, steps] = [
		offsets(tensors),
		integers([input]),
		integers([output]),
		offsets(operators),
	];
	const graph = table(
		[subgraph.tensors, "offset", all],
		[subgraph.inputs, "offset", from],
		[subgraph.outputs, "offset", to],
		[subgraph.operators, "offset", steps],
	);
	const [codeList, graphs, data] = [offsets(codes), offsets([graph]), offsets(buffers)];
	const root = table(
		[model.version, "int32", schemaVersion],
		[model.operatorCodes, "offset", codeList],
		[model.subgraphs, "offset", graphs],
		[model.buffers, "offset", data],
	);
	return end(root, identifiers.model);
}

/**
 * TensorFlow graphs for tests, as messages of a GraphDef or as the JSON of TensorFlow.js: any nodes, and those of a
 * model, in the ways in which its networks are written. Numbers of fields are those of TensorFlow's .proto files, written
 * out again.
 */
import { type MessageWriter, message } from "../../src/formats/protobuf.ts";
import { isConvolution, type Layer } from "../../src/network/layers.ts";
import type { Model } from "../../src/weights/model.ts";
import { partsOf, type WeightedParts } from "../../src/weights/parts.ts";
import { filled, float32, int32, type Tensor } from "../../src/weights/tensor.ts";

/** The value of an attribute, by its kind in attr_value.proto. */
export interface Value {
	readonly s?: string;
	readonly i?: number;
	readonly f?: number;
	readonly b?: boolean;
	readonly type?: string;
	readonly shape?: readonly number[];
	readonly tensor?: Tensor;
	readonly texts?: readonly string[];
	readonly numbers?: readonly number[];
}

export interface BuiltNode {
	readonly name: string;
	readonly op: string;
	readonly inputs: readonly string[];
	readonly attributes: Readonly<Record<string, Value>>;
}

const types: Readonly<Record<string, number>> = {
	DT_FLOAT: 1,
	DT_INT32: 3,
	DT_UINT8: 4,
	DT_BOOL: 10,
	DT_QUINT8: 12,
	DT_HALF: 19,
};
const typeOfData = { F32: "DT_FLOAT", I32: "DT_INT32", U8: "DT_QUINT8", F16: "DT_HALF" } as const;

export function node(
	op: string,
	name: string,
	inputs: readonly string[] = [],
	attributes: Readonly<Record<string, Value>> = {},
): BuiltNode {
	return { name, op, inputs, attributes };
}

export function constant(name: string, tensor: Tensor): BuiltNode {
	const type = typeOfData[tensor.dtype as keyof typeof typeOfData];
	return node("Const", name, [], { dtype: { type }, value: { tensor } });
}

/** A placeholder for pictures; a length of −1 is open. */
export function placeholder(name: string, shape?: readonly number[]): BuiltNode {
	return node("Placeholder", name, [], { dtype: { type: "DT_FLOAT" }, ...(shape && { shape: { shape } }) });
}

/** A graph as bytes of a GraphDef. */
export function graphDef(nodes: readonly BuiltNode[]): Uint8Array<ArrayBuffer> {
	return message((graph) => {
		for (const { name, op, inputs, attributes } of nodes)
			graph.message(1, (inner) => {
				inner.text(1, name);
				inner.text(2, op);
				for (const input of inputs) inner.text(3, input);
				for (const [key, value] of Object.entries(attributes))
					inner.message(5, (entry) => {
						entry.text(1, key);
						entry.message(2, (writer) => writeValue(writer, value));
					});
			});
		graph.message(4, (versions) => versions.integer(1, 1645));
	}, 2 ** 20);
}

function writeValue(writer: MessageWriter, { s, i, f, b, type, shape, tensor, texts, numbers }: Value): void {
	if (s !== undefined) writer.text(2, s);
	if (i !== undefined) writer.integer(3, i);
	if (f !== undefined) writer.float32(4, f);
	if (b !== undefined) writer.integer(5, Number(b));
	if (type !== undefined) writer.integer(6, types[type]!);
	if (shape) writer.message(7, (inner) => writeShape(inner, shape));
	if (tensor)
		writer.message(8, (inner) => {
			inner.integer(1, types[typeOfData[tensor.dtype as keyof typeof typeOfData]]!);
			inner.message(2, (own) => writeShape(own, tensor.shape));
			const { buffer, byteOffset, byteLength } = tensor.data;
			inner.bytes(4, new Uint8Array(buffer, byteOffset, byteLength));
		});
	if (texts || numbers)
		writer.message(1, (list) => {
			for (const text of texts ?? []) list.text(2, text);
			if (numbers) list.packed(3, numbers);
		});
}

function writeShape(writer: MessageWriter, shape: readonly number[]): void {
	for (const length of shape) writer.message(2, (dimension) => dimension.integer(1, length));
}

/** A graph as the files of a TensorFlow.js graph model, by name. */
export function graphModel(
	nodes: readonly BuiltNode[],
	more: Readonly<Record<string, unknown>> = { format: "graph-model" },
): ReadonlyMap<string, Uint8Array> {
	const constants = nodes.flatMap(({ name, attributes }) =>
		attributes.value?.tensor ? [{ name, tensor: attributes.value.tensor }] : [],
	);
	const stored = { F32: "float32", I32: "int32" } as Readonly<Record<string, string>>;
	const weights = constants.map(({ name, tensor: { shape, dtype } }) => ({
		name,
		shape,
		dtype: stored[dtype],
	}));
	const json = {
		...more,
		modelTopology: {
			node: nodes.map(({ name, op, inputs, attributes }) => ({
				name,
				op,
				...(inputs.length > 0 && { input: inputs }),
				attr: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, inJson(value)])),
			})),
			library: {},
			versions: {},
		},
		weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights }],
	};
	const shard = Buffer.concat(
		constants.map(({ tensor: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
	);
	return new Map([
		["model.json", new TextEncoder().encode(JSON.stringify(json))],
		["group1-shard1of1.bin", new Uint8Array(shard)],
	]);
}

function inJson({ s, i, f, b, type, shape, tensor, texts, numbers }: Value): unknown {
	const sizes = (lengths: readonly number[]): unknown => ({
		dim: lengths.map((length) => ({ size: `${length}` })),
	});
	if (tensor)
		return {
			tensor: {
				dtype: typeOfData[tensor.dtype as keyof typeof typeOfData],
				tensorShape: sizes(tensor.shape),
			},
		};
	if (shape) return { shape: sizes(shape) };
	if (texts) return { list: { s: texts.map(btoa) } };
	if (numbers) return { list: { i: numbers.map(String) } };
	return {
		...(s !== undefined && { s: btoa(s) }),
		...(i !== undefined && { i: `${i}` }),
		...(f !== undefined && { f }),
		...(b !== undefined && { b }),
		...(type !== undefined && { type }),
	};
}

export interface Dialect {
	/** As one operator, or written out as TensorFlow's `batch_normalization` does. */
	readonly batchNorm: "FusedBatchNormV3" | "written out";
	/** Bias and activation as operators, or drawn into the layers as optimizers do; then without batch norm. */
	readonly drawnIn: boolean;
	/** Zeros by the word SAME, as numbers, or as an operator of its own. */
	readonly zeros: "SAME" | "EXPLICIT" | "Pad";
	readonly pool: "Mean" | "AvgPool";
	readonly classifier: "Conv2D" | "MatMul" | "MatMul, transposed";
	/** Weights behind an Identity, as those of frozen variables. */
	readonly reads: boolean;
}

export const usualDialect: Dialect = {
	batchNorm: "FusedBatchNormV3",
	drawnIn: false,
	zeros: "SAME",
	pool: "Mean",
	classifier: "Conv2D",
	reads: false,
};

/** Nodes as they are put one after the other. */
interface Growing {
	readonly nodes: BuiltNode[];
	/** An operator over what came last. */
	readonly add: (
		op: string,
		name: string,
		inputs?: readonly string[],
		attributes?: BuiltNode["attributes"],
	) => void;
	/** A constant, and the name under which it is taken. */
	readonly put: (name: string, tensor: Tensor) => string;
}

function growing(first: BuiltNode, dialect: Dialect): Growing {
	const nodes: BuiltNode[] = [first];
	let last = first.name;
	return {
		nodes,
		add: (op, name, inputs = [], attributes = {}) => {
			nodes.push(node(op, name, [last, ...inputs], { T: { type: "DT_FLOAT" }, ...attributes }));
			last = name;
		},
		put: (name, tensor) => {
			nodes.push(constant(name, tensor));
			if (!dialect.reads) return name;
			nodes.push(node("Identity", `${name}/read`, [name]));
			return `${name}/read`;
		},
	};
}

/** The nodes of a model of ReLU6 and of floats, which ends with logits or a softmax. */
export function nodesOf(model: Model, dialect: Dialect = usualDialect): readonly BuiltNode[] {
	const { size, inputChannels, output, epsilon } = model.configuration;
	const graph = growing(placeholder("input", [-1, size, size, inputChannels]), dialect);
	const { add, put } = graph;
	for (const parts of partsOf(model).layers) {
		const { name, inputSize } = parts.layer;
		if (parts.weight && isConvolution(parts.layer)) addUnit(graph, parts, dialect, epsilon);
		else if (parts.weight) addClassifier(graph, parts, dialect);
		else if (dialect.pool === "Mean")
			add("Mean", name, [put(`${name}/axes`, int32([1, 2]))], { keep_dims: { b: true } });
		else
			add("AvgPool", name, [], {
				ksize: { numbers: [1, inputSize, inputSize, 1] },
				strides: { numbers: [1, 2, 2, 1] },
				padding: { s: "VALID" },
			});
	}
	if (output === "softmax") add("Softmax", "answer");
	return graph.nodes;
}

function addUnit(
	{ nodes, add, put }: Growing,
	parts: WeightedParts,
	dialect: Dialect,
	epsilon: number,
): void {
	const { layer, weight, bias, norm } = parts;
	const { name } = layer;
	const isDepthwise = layer.kind === "depthwise";
	const { before, after } = layer.padding;
	if (dialect.zeros === "Pad" && before + after > 0)
		add("Pad", `${name}/pad`, [
			put(`${name}/paddings`, int32([0, 0, before, after, before, after, 0, 0], [4, 2])),
		]);
	const zeros = dialect.zeros === "Pad" ? "VALID" : dialect.zeros;
	const op = isDepthwise ? "DepthwiseConv2dNative" : "Conv2D";
	const fused = isDepthwise ? "FusedDepthwiseConv2dNative" : "_FusedConv2D";
	add(
		dialect.drawnIn ? fused : op,
		name,
		[put(`${name}/weights`, hwio(weight, layer)), ...(dialect.drawnIn ? [put(`${name}/bias`, bias!)] : [])],
		{
			strides: { numbers: [1, layer.stride, layer.stride, 1] },
			dilations: { numbers: [1, 1, 1, 1] },
			padding: { s: zeros },
			data_format: { s: "NHWC" },
			...(zeros === "EXPLICIT" && {
				explicit_paddings: { numbers: [0, 0, before, after, before, after, 0, 0] },
			}),
			...(dialect.drawnIn && { fused_ops: { texts: ["BiasAdd", "Relu6"] }, num_args: { i: 1 } }),
		},
	);
	if (dialect.drawnIn) return;
	if (bias) add("BiasAdd", `${name}/BiasAdd`, [put(`${name}/bias`, bias)], { data_format: { s: "NHWC" } });
	if (norm) {
		const { weight: gamma, bias: beta, mean, variance } = norm;
		const [g, b, m, v] = Object.entries({ gamma, beta, mean, variance }).map(([part, tensor]) =>
			put(`${name}/${part}`, tensor!),
		) as [string, string, string, string];
		if (dialect.batchNorm === "FusedBatchNormV3")
			add("FusedBatchNormV3", `${name}/norm`, [g, b, m, v], {
				epsilon: { f: epsilon },
				is_training: { b: false },
			});
		else {
			// x · s + (β − μ · s), s = γ / √(σ² + ε).
			nodes.push(
				node("AddV2", `${name}/add`, [v, put(`${name}/epsilon`, float32([epsilon], []))]),
				node("Rsqrt", `${name}/Rsqrt`, [`${name}/add`]),
				node("Mul", `${name}/mul`, [`${name}/Rsqrt`, g]),
				node("Mul", `${name}/mul_2`, [m, `${name}/mul`]),
				node("Sub", `${name}/sub`, [b, `${name}/mul_2`]),
			);
			add("Mul", `${name}/mul_1`, [`${name}/mul`]);
			add("AddV2", `${name}/add_1`, [`${name}/sub`]);
		}
	}
	add("Relu6", `${name}/Relu6`);
}

function addClassifier({ add, put }: Growing, parts: WeightedParts, { classifier }: Dialect): void {
	const { weight, bias } = parts;
	const [outputs = 0, inputs = 0] = weight.shape;
	if (classifier === "Conv2D") {
		const kernel = hwio({ ...weight, shape: [outputs, inputs, 1, 1] } as Tensor, parts.layer);
		add("Conv2D", "logits", [put("logits/weights", kernel)], {
			strides: { numbers: [1, 1, 1, 1] },
			padding: { s: "SAME" },
		});
		add("BiasAdd", "logits/BiasAdd", [put("logits/bias", bias ?? filled([outputs], 0))]);
		add("Squeeze", "logits/Squeeze", [], { squeeze_dims: { numbers: [1, 2] } });
		return;
	}
	add("Reshape", "flatten", [put("flatten/shape", int32([-1, inputs]))]);
	const isTransposed = classifier === "MatMul, transposed";
	const matrix = isTransposed ? weight : turned(weight, [inputs, outputs], (i, o) => o * inputs + i);
	add("MatMul", "logits", [put("logits/weights", matrix)], { transpose_b: { b: isTransposed } });
	add("AddV2", "logits/add", [put("logits/bias", bias ?? filled([outputs], 0))]);
}

/** [out, in, height, width] → [height, width, in, out]; of a depthwise one [C, 1, …] → [height, width, C, 1]. */
function hwio(weight: Tensor, { kind }: Layer): Tensor {
	const [outputs = 1, inputs = 1, height = 1, width = 1] = weight.shape;
	const shape = kind === "depthwise" ? [height, width, outputs, 1] : [height, width, inputs, outputs];
	return turned(
		weight,
		shape,
		(row, column) => {
			const [pixel, input] = kind === "depthwise" ? [row, 0] : [Math.floor(row / inputs), row % inputs];
			return (column * inputs + input) * height * width + pixel;
		},
		outputs,
	);
}

/** A matrix of `columns` columns, each number from where `place` says. */
function turned(
	{ data }: Tensor,
	shape: readonly number[],
	place: (row: number, column: number) => number,
	columns = shape.at(-1)!,
): Tensor {
	const numbers = Float32Array.from(
		{ length: data.length },
		(_, i) => data[place(Math.floor(i / columns), i % columns)]!,
	);
	return float32(numbers, shape);
}

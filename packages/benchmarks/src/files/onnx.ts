/** A folded record as an ONNX file: 28 convolutions with Clip or Relu between them, pool, Gemm, Softmax; NCHW. */

import type { Model } from "mobilenet";
import { type Configuration, type Layer, layers } from "mobilenet/network";
import protobuf from "protobufjs";
import { parametersOf } from "../weights.ts";
import { attributeTypes, float32, irVersion, operatorSet, schema } from "./onnx-schema.ts";

type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** @param batch the pictures that every run brings */
export function writeOnnx(model: Model, batch: number): Uint8Array {
	const { configuration } = model;
	const nodes: object[] = [];
	const initializers = [constant("lowest", [], [0]), constant("highest", [], [6])];
	let last = "input";
	const add = (
		operator: string,
		output: string,
		inputs: readonly string[] = [],
		attributes: Attributes = {},
	) => {
		nodes.push({
			opType: operator,
			name: output,
			input: [last, ...inputs],
			output: [output],
			attribute: Object.entries(attributes).map(attribute),
		});
		last = output;
	};
	const parameters = (layer: Layer, shape: readonly number[]): readonly string[] => {
		const { weight, bias } = parametersOf(model, layer);
		const names = [`${layer.name}.weight`, `${layer.name}.bias`] as const;
		initializers.push(constant(names[0], shape, weight), constant(names[1], [bias.length], bias));
		return names;
	};

	for (const layer of layers(configuration)) {
		if (layer.kind === "pool") {
			add("GlobalAveragePool", layer.name);
			add("Flatten", "features");
		} else if (layer.kind === "dense") {
			const shape = [layer.outputChannels, layer.inputChannels];
			add("Gemm", layer.name, parameters(layer, shape), { transB: 1 });
		} else {
			const { kernel, stride, padding, inputChannels, outputChannels } = layer;
			const group = layer.kind === "depthwise" ? inputChannels : 1;
			const shape = [outputChannels, inputChannels / group, kernel, kernel];
			add("Conv", layer.name, parameters(layer, shape), {
				kernel_shape: [kernel, kernel],
				strides: [stride, stride],
				pads: [padding.before, padding.before, padding.after, padding.after],
				group,
			});
			activate(configuration, layer, add);
		}
	}
	add("Softmax", "probabilities", [], { axis: 1 });

	const { size, inputChannels, classes } = configuration;
	const type = protobuf.parse(schema).root.lookupType("ModelProto");
	return type
		.encode(
			type.fromObject({
				irVersion,
				producerName: "mobilenet-benchmarks",
				opsetImport: [{ domain: "", version: operatorSet }],
				graph: {
					name: "mobilenet",
					node: nodes,
					initializer: initializers,
					input: [value("input", [batch, inputChannels, size, size])],
					output: [value("probabilities", [batch, classes])],
				},
			}),
		)
		.finish();
}

function activate(
	{ activation }: Configuration,
	{ name }: Layer,
	add: (operator: string, output: string, inputs?: readonly string[]) => void,
): void {
	if (activation === "relu6") add("Clip", `${name}.activation`, ["lowest", "highest"]);
	else add("Relu", `${name}.activation`);
}

function attribute([name, value]: readonly [string, number | readonly number[]]): object {
	return typeof value === "number"
		? { name, i: value, type: attributeTypes.integer }
		: { name, ints: value, type: attributeTypes.integers };
}

function constant(name: string, dims: readonly number[], values: ArrayLike<number>): object {
	const rawData = new Uint8Array(Float32Array.from(values).buffer);
	return { name, dims, dataType: float32, rawData };
}

function value(name: string, shape: readonly number[]): object {
	const dim = shape.map((n) => ({ dimValue: n }));
	return { name, type: { tensorType: { elemType: float32, shape: { dim } } } };
}

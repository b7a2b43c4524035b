/** A folded model as an ONNX file: 28 convolutions with Clip or Relu between them, pool, Gemm, Softmax; NCHW. */

import type { Model } from "mobilenet";
import { type Layer, layers } from "mobilenet/network";
import { parametersOf } from "../weights.ts";
import { onnxGraph } from "./onnx-graph.ts";

/** @param batch the pictures that every run brings */
export function writeOnnx(model: Model, batch: number): Uint8Array {
	const { configuration } = model;
	const { add, constant, finish } = onnxGraph();
	const bounds = [
		constant("lowest", [], Float32Array.of(0)),
		constant("highest", [], Float32Array.of(6)),
	] as const;
	const parameters = (layer: Layer, shape: readonly number[]): readonly string[] => {
		const { weight, bias } = parametersOf(model, layer);
		return [
			constant(`${layer.name}.weight`, shape, weight),
			constant(`${layer.name}.bias`, [bias.length], bias),
		];
	};

	for (const layer of layers(configuration)) {
		const { name, kind, inputChannels, outputChannels } = layer;
		if (kind === "pool") {
			add("GlobalAveragePool", name);
			add("Flatten", "features");
		} else if (kind === "dense") {
			add("Gemm", name, parameters(layer, [outputChannels, inputChannels]), { transB: 1 });
		} else {
			add("Conv", name, parameters(layer, filterShape(layer)), convolution(layer));
			if (configuration.activation === "relu6") add("Clip", `${name}.activation`, bounds);
			else add("Relu", `${name}.activation`);
		}
	}
	add("Softmax", "probabilities", [], { axis: 1 });
	const { size, inputChannels, classes } = configuration;
	return finish([batch, inputChannels, size, size], [batch, classes]);
}

/** OIHW, as ONNX and the model have it. */
export function filterShape({ kind, kernel, inputChannels, outputChannels }: Layer): readonly number[] {
	return [outputChannels, kind === "depthwise" ? 1 : inputChannels, kernel, kernel];
}

/** The attributes of a convolution. */
export function convolution({ kind, kernel, stride, padding, inputChannels }: Layer) {
	return {
		kernel_shape: [kernel, kernel],
		strides: [stride, stride],
		pads: [padding.before, padding.before, padding.after, padding.after],
		group: kind === "depthwise" ? inputChannels : 1,
	};
}

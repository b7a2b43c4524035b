/** A folded model as an ONNX file: 28 convolutions with Clip or Relu between them, pool, Gemm, Softmax; NCHW. */

import type { Model } from "mobilenet";
import type { Layer } from "mobilenet/network";
import { foldedWeights } from "../../../mobilenet/dist/weights/fold.js";
import { partsOf, type WeightedParts } from "../../../mobilenet/dist/weights/parts.js";
import { onnxGraph } from "./onnx-graph.ts";

/** @param batch the pictures that every run brings */
export function writeOnnx(model: Model, batch: number): Uint8Array {
	const { configuration } = model;
	const { add, constant, finish } = onnxGraph();
	const bounds = [
		constant("lowest", [], Float32Array.of(0)),
		constant("highest", [], Float32Array.of(6)),
	] as const;
	const parameters = (own: WeightedParts): readonly string[] => {
		const { name, weightShape } = own.layer;
		const { weight, bias } = foldedWeights(own);
		return [constant(`${name}.weight`, weightShape, weight), constant(`${name}.bias`, [bias.length], bias)];
	};

	for (const own of partsOf(model).layers) {
		const { layer } = own;
		const { name, kind } = layer;
		if (!own.weight) {
			add("GlobalAveragePool", name);
			add("Flatten", "features");
		} else if (kind === "dense") {
			add("Gemm", name, parameters(own), { transB: 1 });
		} else {
			add("Conv", name, parameters(own), convolution(layer));
			if (configuration.activation === "relu6") add("Clip", `${name}.activation`, bounds);
			else add("Relu", `${name}.activation`);
		}
	}
	add("Softmax", "probabilities", [], { axis: 1 });
	const { size, inputChannels, classes } = configuration;
	return finish([batch, inputChannels, size, size], [batch, classes]);
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

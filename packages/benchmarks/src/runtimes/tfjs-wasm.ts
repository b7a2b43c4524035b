/**
 * TensorFlow.js with its WebAssembly backend, in Node: calls its fused operations in turn and reads the output. The
 * published layers model, without folded batch norm or fused operations, takes three times as long.
 */
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { readModel } from "mobilenet/formats";
import type { Layer } from "mobilenet/network";
import { foldedWeights } from "../../../mobilenet/dist/weights/fold.js";
import { partsOf } from "../../../mobilenet/dist/weights/parts.js";
import { packages } from "../folders.ts";
import { permute } from "../weights.ts";
import { inputsOf, serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async (job) => {
	setWasmPaths(`${packages}/@tensorflow/tfjs-backend-wasm/dist/`);
	setThreadsCount(job.threads);
	await tf.setBackend("wasm");
	await tf.ready();
	const model = await readModel(`${job.folder}/folded.safetensors`);
	const activation = model.configuration.activation as "relu" | "relu6";
	const steps = partsOf(model).layers.map((own) => {
		if (!own.weight) return (x: tf.Tensor) => tf.mean(x, [1, 2]);
		const { layer } = own;
		const { weight, bias: values } = foldedWeights(own);
		const filter = filterOf(layer, weight);
		const bias = tf.tensor1d(values);
		if (layer.kind === "dense")
			return (x: tf.Tensor) =>
				tf.fused.matMul({ a: x as tf.Tensor2D, b: filter as tf.Tensor2D, bias }) as tf.Tensor;
		const options = { strides: layer.stride, pad: "same", bias, activation } as const;
		const operation = layer.kind === "depthwise" ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
		return (x: tf.Tensor) =>
			operation({ ...options, x: x as tf.Tensor4D, filter: filter as tf.Tensor4D }) as tf.Tensor;
	});
	const shape = [job.batch, job.size, job.size, job.channels] as [number, number, number, number];
	const inputs = inputsOf(job).map((input) => tf.tensor4d(input, shape));
	return timed(inputs, async (input) => {
		const output = tf.tidy(() => tf.softmax(steps.reduce<tf.Tensor>((x, step) => step(x), input)));
		const data = await output.data<"float32">();
		output.dispose();
		return data;
	});
});

/**
 * HWIO; [3, 3, channels, 1] for a depthwise layer; [in, out] for the classifier, because a matrix that must be transposed
 * takes a slower path, which also adds the bias too often (4.22.0).
 */
function filterOf({ kind, weightShape: shape }: Layer, weight: Float32Array): tf.Tensor {
	const axes = { depthwise: [2, 3, 0, 1], dense: [1, 0], other: [2, 3, 1, 0] }[
		kind === "depthwise" || kind === "dense" ? kind : "other"
	];
	return tf.tensor(
		permute(weight, shape, axes),
		axes.map((axis) => shape[axis]!),
	);
}

/**
 * TensorFlow.js with its plain JavaScript backend, in Node: its WebAssembly backend lacks the gradient of filters. Batch
 * norm is made of its moments, whose gradients flow, as its layers do it.
 */
import "@tensorflow/tfjs-backend-cpu";
// The gradients of the operations come with it.
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "mobilenet";
import { readModel } from "mobilenet/formats";
import { foldedWeights } from "../../../mobilenet/dist/weights/fold.js";
import { type BatchNorm, partsOf, type WeightedParts } from "../../../mobilenet/dist/weights/parts.js";
import { inputsOf, serve } from "../runtimes/serve.ts";
import { permute } from "../weights.ts";
import { timedSteps } from "./steps.ts";

type Step = (x: tf.Tensor) => tf.Tensor;

serve(async (job) => {
	await tf.setBackend("cpu");
	await tf.ready();
	const { labels, learningRate, momentum, epsilon, normMomentum, losses } = job.training!;
	const model = await readModel(`${job.folder}/${job.network}`);
	const steps = partsOf(model).layers.map((own): Step => {
		if (!own.weight) return (x) => tf.mean(x, [1, 2]);
		if (!own.norm) {
			const { weight: values, bias: biases } = foldedWeights(own);
			const weight = reordered(values, own.layer.weightShape, [1, 0]);
			const bias = variable(biases, [biases.length]);
			return (x) => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias);
		}
		const convolve = convolution(own);
		const normalize = batchNorm(own.norm, epsilon, normMomentum);
		return (x) => tf.relu6(normalize(convolve(x)));
	});
	const input = tf.tensor4d(inputsOf(job)[0]!, [job.batch, job.size, job.size, job.channels]);
	const targets = tf.oneHot(tf.tensor1d([...labels], "int32"), job.classes);
	const optimizer = tf.train.momentum(learningRate, momentum);
	const step = (): number => {
		const loss = optimizer.minimize(() => {
			const logits = steps.reduce<tf.Tensor>((x, run) => run(x), input);
			return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
		}, true)!;
		const [value] = loss.dataSync<"float32">();
		loss.dispose();
		return value!;
	};
	return timedSteps(step, losses);
});

function numbers(tensor: Tensor): Float32Array {
	if (tensor.dtype !== "F32") throw new Error(`the model should be in float32, and holds ${tensor.dtype}.`);
	return tensor.data;
}

function variable(values: Float32Array, shape: number[]): tf.Variable {
	return tf.variable(tf.tensor(values, shape));
}

/** Weights that learn, with the axes in another order. */
function reordered(values: Float32Array, shape: readonly number[], axes: readonly number[]): tf.Variable {
	return variable(
		permute(values, shape, axes),
		axes.map((axis) => shape[axis]!),
	);
}

function convolution({ layer: { kind, kernel, stride, weightShape }, weight }: WeightedParts): Step {
	const isDepthwise = kind === "depthwise";
	const axes = isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0];
	const filter = reordered(numbers(weight), weightShape, axes) as unknown as tf.Tensor4D;
	const pad = kernel >> 1;
	return isDepthwise
		? (x) => tf.depthwiseConv2d(x as tf.Tensor4D, filter, stride, pad)
		: (x) => tf.conv2d(x as tf.Tensor4D, filter, stride, pad);
}

function batchNorm(norm: BatchNorm, epsilon: number, share: number): Step {
	const channels = norm.weight.data.length;
	const own = (tensor: Tensor): tf.Variable => variable(numbers(tensor), [channels]);
	const [scale, offset] = [own(norm.weight), own(norm.bias)];
	const running = (tensor: Tensor): tf.Variable => {
		const value = own(tensor);
		value.trainable = false;
		return value;
	};
	const [runningMean, runningVariance] = [running(norm.mean), running(norm.variance)];
	return (x) => {
		const { mean, variance } = tf.moments(x, [0, 1, 2]);
		const rows = x.size / channels;
		for (const [value, batch] of [
			[runningMean, mean],
			[runningVariance, tf.mul(variance, rows / (rows - 1))],
		] as const)
			value.assign(tf.add(tf.mul(value, 1 - share), tf.mul(batch, share)));
		return tf.batchNorm(
			x,
			mean as tf.Tensor1D,
			variance as tf.Tensor1D,
			offset as unknown as tf.Tensor1D,
			scale as unknown as tf.Tensor1D,
			epsilon,
		);
	};
}

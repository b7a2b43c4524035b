/**
 * TensorFlow.js with its plain JavaScript backend, in Node, because its WebAssembly backend lacks gradients of filters.
 * Batch norm is composed from moments, through which gradients flow, as in its layers.
 */
import "@tensorflow/tfjs-backend-cpu";
// Imported for the gradients of operations.
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "mobilenet";
import { readModel } from "mobilenet/formats";
import { type Layer, layers } from "mobilenet/network";
import { inputsOf, serve } from "../runtimes/serve.ts";
import { permute } from "../weights.ts";
import { timedSteps } from "./steps.ts";

type Step = (x: tf.Tensor) => tf.Tensor;

serve(async (job) => {
	await tf.setBackend("cpu");
	await tf.ready();
	const { labels, learningRate, momentum, epsilon, normMomentum, losses } = job.training!;
	const model = await readModel(`${job.folder}/${job.network}`);
	const steps = layers(model.configuration).map((layer): Step => {
		if (layer.kind === "pool") return (x) => tf.mean(x, [1, 2]);
		if (layer.kind === "dense") {
			const weight = variable(
				permute(numbers(model, "classifier.weight"), [layer.outputChannels, layer.inputChannels], [1, 0]),
				[layer.inputChannels, layer.outputChannels],
			);
			const bias = variable(numbers(model, "classifier.bias"), [layer.outputChannels]);
			return (x) => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias);
		}
		const convolve = convolution(model, layer);
		const normalize = batchNorm(model, layer, epsilon, normMomentum);
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

function numbers({ tensors }: Model, name: string): Float32Array {
	const tensor = tensors.get(name);
	if (tensor?.dtype !== "F32") throw new Error(`the model must have ${name} in float32.`);
	return tensor.data;
}

function variable(values: Float32Array, shape: number[]): tf.Variable {
	return tf.variable(tf.tensor(values, shape));
}

function convolution(
	model: Model,
	{ name, kind, kernel, stride, inputChannels, outputChannels }: Layer,
): Step {
	const isDepthwise = kind === "depthwise";
	const shape = [outputChannels, isDepthwise ? 1 : inputChannels, kernel, kernel];
	const axes = isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0];
	const filter = variable(
		permute(numbers(model, `${name}.conv.weight`), shape, axes),
		axes.map((axis) => shape[axis]!),
	) as unknown as tf.Tensor4D;
	const pad = kernel >> 1;
	return isDepthwise
		? (x) => tf.depthwiseConv2d(x as tf.Tensor4D, filter, stride, pad)
		: (x) => tf.conv2d(x as tf.Tensor4D, filter, stride, pad);
}

function batchNorm(model: Model, { name, outputChannels }: Layer, epsilon: number, share: number): Step {
	const own = (part: string): tf.Variable => variable(numbers(model, `${name}.bn.${part}`), [outputChannels]);
	const [scale, offset] = [own("weight"), own("bias")];
	const running = (part: string): tf.Variable => {
		const value = own(part);
		value.trainable = false;
		return value;
	};
	const [runningMean, runningVariance] = [running("running_mean"), running("running_var")];
	return (x) => {
		const { mean, variance } = tf.moments(x, [0, 1, 2]);
		const rows = x.size / outputChannels;
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

/** Keras's layers that have weights, and the zeros before them. */
import { shown } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { activation } from "./activations.ts";
import { type Context, convolved } from "./context.ts";
import { nameOf, numberIn, pair } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";
import { biasOf, oihw, transposedDense, weightOf } from "./weights.ts";

export function convolution(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const name = nameOf(layer);
	const isDepthwise = layer.className === "DepthwiseConv2D";
	const kernel = isDepthwise
		? // Keras 3 calls it as it calls all kernels.
			weightOf(layer, context, "depthwise_kernel", 4, "kernel")
		: weightOf(layer, context, "kernel", 4);
	const [height, width, inputs, outputs] = kernel.shape as [number, number, number, number];
	const stride = pair(layer, context, "strides", config.strides ?? 1);
	const dilation = pair(layer, context, "dilation_rate", config.dilation_rate ?? 1);
	if (dilation.some((n) => n !== 1))
		refuse(
			context,
			`the layer ${name} is dilated by ${dilation.join("×")}, which no layer of MobileNet v1 is`,
		);
	const said = pair(layer, context, "kernel_size", config.kernel_size ?? [height, width]);
	const filters = isDepthwise ? undefined : config.filters;
	if (said[0] !== height || said[1] !== width || (filters !== undefined && filters !== outputs))
		refuse(
			context,
			`the weights of the layer ${name} have the shape ${shown(kernel.shape)}, but its configuration says ${said.join("×")} pixels${filters === undefined ? "" : ` and ${shown(filters)} filters`}`,
			"broken-file",
		);
	const { padding } = config as { padding?: unknown };
	if (padding !== "same" && padding !== "valid" && padding !== undefined)
		refuse(context, `the layer ${name} has the padding ${shown(padding)} where same or valid was expected`);
	if (isDepthwise && inputs > 1 && outputs > 1)
		refuse(
			context,
			`the depthwise layer ${name} has a depth multiplier of ${outputs}, ${outputs} filters a channel, and only MobileNet v1 with one is read`,
			"unsupported",
		);
	context.picture = convolved(context.picture, [height, width], stride, padding ?? "valid");
	const groups = isDepthwise ? inputs : numberIn(layer, context, "groups", config.groups ?? 1);
	return [
		{
			kind: "convolution",
			name,
			weight: { tensor: isDepthwise ? oihw(kernel, 1, inputs * outputs) : oihw(kernel, inputs, outputs) },
			...biasOf(layer, context),
			groups,
			...(isDepthwise && inputs === 1 && { storedAsDepthwise: true }),
			stride,
			padding: padding ?? "valid",
		},
		...activation(layer, context),
	];
}

export function dense(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	return [
		{
			kind: "dense",
			name: nameOf(layer),
			weight: { tensor: transposedDense(weightOf(layer, context, "kernel", 2)) },
			...biasOf(layer, context),
		},
		...activation(layer, context),
	];
}

export function batchNorm(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const axis: unknown = Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1);
	// A row of numbers has its channels on the axis 1.
	if (axis !== -1 && axis !== 3 && !(axis === 1 && context.pooled))
		refuse(
			context,
			`the batch norm ${nameOf(layer)} goes along the axis ${shown(axis)}, not along the channels`,
		);
	return [
		{
			kind: "batchNorm",
			name: nameOf(layer),
			...(config.scale !== false && { weight: weightOf(layer, context, "gamma", 1) }),
			...(config.center !== false && { bias: weightOf(layer, context, "beta", 1) }),
			mean: weightOf(layer, context, "moving_mean", 1),
			variance: weightOf(layer, context, "moving_variance", 1),
			epsilon: numberIn(layer, context, "epsilon", config.epsilon ?? 1e-3),
			// Keras gives the share of the old statistics.
			momentum: 1 - numberIn(layer, context, "momentum", config.momentum ?? 0.99),
		},
	];
}

export function zeroPadding(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const value = layer.config.padding ?? 1;
	const [rows, columns] = Array.isArray(value) ? (value as unknown[]) : [value, value];
	const sides = (side: unknown): unknown[] => (Array.isArray(side) ? side : [side, side]);
	const [[top, bottom], [left, right]] = [sides(rows), sides(columns)];
	const padding = [top, left, bottom, right];
	if (!padding.every((n): n is number => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 1e4))
		return refuse(context, `the layer ${nameOf(layer)} has the padding ${shown(value)}`, "broken-file");
	const [t, l, b, r] = padding as [number, number, number, number];
	if (context.picture) context.picture = [context.picture[0] + t + b, context.picture[1] + l + r];
	return [{ kind: "pad", name: nameOf(layer), padding: [t, l, b, r] }];
}

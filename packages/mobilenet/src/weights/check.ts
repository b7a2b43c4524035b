/**
 * Which tensors a configuration's layers have, and in which shapes; and whether a model has them. A model
 * may be folded or not and quantized or not, layer by layer; tensors beyond the expected ones do no harm.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { isConvolution, type Layer, layers } from "../network/layers.ts";
import { isFloat } from "./float.ts";
import { type Model, sizeOf, type Tensor } from "./model.ts";

/** Shape of a layer's weights: [out, in / groups, kernel, kernel] of a convolution, [out, in] of the classifier. */
export function weightShape(layer: Layer): readonly number[] {
	const { kind, kernel, inputChannels, outputChannels } = layer;
	if (kind === "dense") return [outputChannels, inputChannels];
	return [outputChannels, kind === "depthwise" ? 1 : inputChannels, kernel, kernel];
}

/** Names, under `X.bn`, of batch norm's γ, β, μ and σ². */
export const batchNormParts = ["weight", "bias", "running_mean", "running_var"] as const;

interface Expected {
	readonly name: string;
	/** The only shape that will do, or how many numbers: one of them, or as many. */
	readonly shape: readonly number[] | { readonly oneOr: number };
	readonly type: "float" | "integer" | "any";
}

/**
 * Fails unless every tensor that the configuration's layers need is there with its shape.
 *
 * @param name how the error calls the model
 * @throws MobileNetError `broken-file` that names the first tensor that is missing or misshapen
 * @example
 * checkTensors(model, "model.safetensors")
 */
export function checkTensors(model: Pick<Model, "configuration" | "tensors">, name = "the model"): void {
	for (const expected of expectedTensors(model)) {
		const tensor = model.tensors.get(expected.name);
		if (tensor && fits(tensor, expected)) continue;
		const { shape } = expected;
		const type = expected.type === "any" ? "" : ` of ${expected.type} type`;
		const size =
			"oneOr" in shape
				? shape.oneOr === 1
					? "one number"
					: `one number or ${shape.oneOr}`
				: `the shape ${shown(shape)}`;
		const received = tensor
			? `has the shape ${shown(tensor.shape)}, the type ${tensor.dtype} and ${tensor.data.length} numbers`
			: "is missing";
		throw new MobileNetError(
			"broken-file",
			`${name}: the tensor ${expected.name} must have ${size}${type} in this network, but it ${received}.`,
		);
	}
}

/** In the order of the layers, what each must have, given what is there of it. */
function* expectedTensors({
	configuration,
	tensors,
}: Pick<Model, "configuration" | "tensors">): Iterable<Expected> {
	const quantization = function* (prefix: string, channels: number): Iterable<Expected> {
		yield { name: `${prefix}.scale`, shape: { oneOr: channels }, type: "float" };
		yield { name: `${prefix}.zero_point`, shape: { oneOr: channels }, type: "integer" };
	};
	const output = function* (prefix: string): Iterable<Expected> {
		if (tensors.has(`${prefix}.scale`) || tensors.has(`${prefix}.zero_point`)) yield* quantization(prefix, 1);
	};
	yield* output("input");
	for (const layer of layers(configuration)) {
		if (layer.kind !== "pool") {
			const prefix = isConvolution(layer) ? `${layer.name}.conv` : layer.name;
			const channels = layer.outputChannels;
			yield { name: `${prefix}.weight`, shape: weightShape(layer), type: "any" };
			const parts = isConvolution(layer) ? batchNormParts.map((part) => `${layer.name}.bn.${part}`) : [];
			const normalized = parts.some((part) => tensors.has(part));
			if (normalized) for (const part of parts) yield { name: part, shape: [channels], type: "float" };
			if (!normalized || tensors.has(`${prefix}.bias`))
				yield { name: `${prefix}.bias`, shape: [channels], type: "any" };
			const weight = tensors.get(`${prefix}.weight`);
			if (weight && !isFloat(weight)) yield* quantization(prefix, channels);
		}
		yield* output(`${layer.name}.output`);
	}
}

function fits(tensor: Tensor, { shape, type }: Expected): boolean {
	const size = sizeOf(tensor.shape);
	if (tensor.data.length !== size) return false;
	if (type !== "any" && isFloat(tensor) !== (type === "float")) return false;
	if ("oneOr" in shape) return tensor.shape.length <= 1 && (size === 1 || size === shape.oneOr);
	return tensor.shape.length === shape.length && shape.every((n, axis) => n === tensor.shape[axis]);
}

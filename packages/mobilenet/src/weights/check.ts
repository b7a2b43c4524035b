/**
 * Which tensors a configuration's layers have, and in which shapes; and whether a model has them. A model
 * may be folded or not and quantized or not, layer by layer; extra tensors are allowed.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Configuration } from "../network/configuration.ts";
import { isPool, type Layer, layers } from "../network/layers.ts";
import { isFloat } from "./float.ts";
import type { Model } from "./model.ts";
import {
	boundsName,
	type CodeNames,
	inputNames,
	inputTableName,
	linearNames,
	namesOf,
	normParts,
	outputNames,
} from "./names.ts";
import { sameShape, sizeOf, type Tensor } from "./tensor.ts";

interface Expected {
	readonly name: string;
	/** The required shape, or the allowed count of numbers: one, or this many. */
	readonly shape: readonly number[] | { readonly oneOr: number };
	readonly type: "float" | "integer" | "any";
}

/**
 * Fails unless every tensor that the configuration's layers need is there with its shape.
 *
 * @param name the model's name in the error
 * @throws MobileNetError `broken-file` that names the first tensor that is missing or misshapen; `configuration` where a
 *   network that does not pool is of another size
 * @example
 * checkTensors(model, "model.safetensors")
 */
export function checkTensors(model: Pick<Model, "configuration" | "tensors">, name = "the model"): void {
	for (const expected of expectedTensors(model)) {
		const tensor = model.tensors.get(expected.name);
		if (tensor && fits(tensor, expected)) continue;
		if (tensor && expected.name === rowWeight(model.configuration))
			throw onlyAtItsSize(model.configuration, name);
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

/** The weights that fix how many numbers the last feature map has, if a dense layer takes all of them. */
function rowWeight(configuration: Configuration): string | undefined {
	if (configuration.pooling !== "none") return undefined;
	const row = layers(configuration).find(({ kind }) => kind === "dense");
	return row && namesOf(row).weight;
}

function onlyAtItsSize({ size }: Configuration, name: string): MobileNetError {
	return new MobileNetError(
		"configuration",
		`${name} flattens its last feature map, so it runs only at the size it was made for and not at ${size} pixels: leave out the size.`,
	);
}

/** In the order of the layers, what each must have, given what is there of it. */
function* expectedTensors({
	configuration,
	tensors,
}: Pick<Model, "configuration" | "tensors">): Iterable<Expected> {
	yield* expectedOutput(tensors, inputNames);
	if (tensors.has(inputTableName)) yield expectedTable(tensors, configuration.inputChannels);
	for (const layer of layers(configuration)) {
		if (!isPool(layer)) yield* expectedWeights(tensors, layer);
		const bounds = boundsName(layer);
		if (tensors.has(bounds)) yield { name: bounds, shape: [2], type: "float" };
		yield* expectedOutput(tensors, linearNames(layer));
		yield* expectedOutput(tensors, outputNames(layer));
	}
}

function* expectedWeights(tensors: Model["tensors"], layer: Layer): Iterable<Expected> {
	const { weightShape, outputChannels: channels } = layer;
	const { weight, bias, codes, norm } = namesOf(layer);
	yield { name: weight, shape: weightShape, type: "any" };
	const normNames = norm ? normParts.map((part) => norm[part]) : [];
	const isNormalized = normNames.some((name) => tensors.has(name));
	if (isNormalized) for (const name of normNames) yield { name, shape: [channels], type: "float" };
	if (!isNormalized || tensors.has(bias)) yield { name: bias, shape: [channels], type: "any" };
	const found = tensors.get(weight);
	if (found && !isFloat(found)) yield* expectedCodes(codes, channels);
}

/** One row for all channels, or one per channel. */
function expectedTable(tensors: Model["tensors"], inputChannels: number): Expected {
	const rows = tensors.get(inputTableName)?.shape[0] === 1 ? 1 : inputChannels;
	return { name: inputTableName, shape: [rows, 256], type: "integer" };
}

/** What an activation's codes stand for, where anything says so. */
function* expectedOutput(tensors: Model["tensors"], names: CodeNames): Iterable<Expected> {
	if (tensors.has(names.scale) || tensors.has(names.zeroPoint)) yield* expectedCodes(names, 1);
}

function* expectedCodes({ scale, zeroPoint }: CodeNames, channels: number): Iterable<Expected> {
	yield { name: scale, shape: { oneOr: channels }, type: "float" };
	yield { name: zeroPoint, shape: { oneOr: channels }, type: "integer" };
}

function fits(tensor: Tensor, { shape, type }: Expected): boolean {
	const size = sizeOf(tensor.shape);
	if (tensor.data.length !== size) return false;
	if (type !== "any" && isFloat(tensor) !== (type === "float")) return false;
	if ("oneOr" in shape) return tensor.shape.length <= 1 && (size === 1 || size === shape.oneOr);
	return sameShape(tensor.shape, shape);
}

/** Keras's activations: layers of their own, or inside layers of another kind. */
import { shown } from "../../base/error.ts";
import { isJson } from "../../base/json.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { Context } from "./context.ts";
import { nameOf, numberIn } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";

/** An activation layer, or the activation that a layer of another kind has inside. */
export function activation(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const name = nameOf(layer);
	const value = layer.config.activation;
	// Keras 3 may write functions, and layers in their place, as objects.
	const text: unknown = isJson(value)
		? typeof value.config === "string"
			? value.config
			: value.class_name
		: (value ?? "linear");
	switch (text) {
		case "linear":
			return [];
		case "relu6":
		case "relu":
		case "tanh":
		case "sigmoid":
			return [{ kind: "activation", name, activation: text }];
		case "leaky_relu":
			return [{ kind: "activation", name, activation: "leakyRelu", slope: 0.2 }];
		case "softmax":
			return [{ kind: "softmax", name }];
		case "ReLU":
		case "LeakyReLU": {
			const read = text === "ReLU" ? reLU : leakyReLU;
			return isJson(value) && isJson(value.config) ? read({ ...layer, config: value.config }, context) : [];
		}
		default:
			return refuse(
				context,
				`the layer ${name} has the activation ${shown(text)} where relu6, relu, leaky_relu, tanh, sigmoid or softmax was expected`,
			);
	}
}

export function reLU(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { max_value: most, negative_slope: slope, threshold } = layer.config;
	const name = nameOf(layer);
	const plain = first(threshold) === 0;
	if (plain && most === 6 && first(slope) === 0) return [{ kind: "activation", name, activation: "relu6" }];
	if (plain && (most === null || most === undefined))
		return first(slope) === 0
			? [{ kind: "activation", name, activation: "relu" }]
			: [
					{
						kind: "activation",
						name,
						activation: "leakyRelu",
						slope: numberIn(layer, context, "negative_slope", first(slope)),
					},
				];
	return refuse(
		context,
		`the layer ${name} is a ReLU with max_value ${shown(most)}, negative_slope ${shown(slope)} and threshold ${shown(threshold)} where ReLU6, ReLU or leaky ReLU was expected`,
	);
}

export function leakyReLU(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const slope = numberIn(layer, context, "slope", config.negative_slope ?? config.alpha ?? 0.3);
	return [{ kind: "activation", name: nameOf(layer), activation: "leakyRelu", slope }];
}

/** Keras writes some numbers as lists of one; absent is 0. */
function first(value: unknown): unknown {
	return (Array.isArray(value) ? value[0] : value) ?? 0;
}

/**
 * The order of the layers in a Keras topology: the JSON that Keras writes into its own files and into those of
 * TensorFlow.js. The graph is walked back from its output along `inbound_nodes`, whatever the order of the list;
 * nested models are laid out in place. A MobileNet v1 is a chain, so a graph that branches is refused.
 */
import { shown } from "../../base/error.ts";
import { isJson, type Json } from "../../base/json.ts";
import { refuse } from "../chain/units.ts";
import { nodesTo } from "../graph.ts";
import { type Call, callOf, references } from "./calls.ts";

export interface KerasLayer {
	readonly className: string;
	/** The layer's name behind those of the nested models that it lies in, outermost first. */
	readonly path: readonly string[];
	readonly config: Json;
	/** What the layer is called with beside its input, by place (`0`, `1`) or by name. */
	readonly given: Call["given"];
}

const modelClasses = ["Functional", "Model", "Sequential"];
/** A model in a model in a model happens; more is a mistake. */
export const mostNested = 8;

/** The layers between input and output in order, input layers too. */
export function kerasLayers(topology: unknown, name: string, path: readonly string[] = []): KerasLayer[] {
	const { className, config } = classOf(topology, name, "the model");
	if (!modelClasses.includes(className))
		refuse(
			{ name },
			`its model is of the class ${shown(className)} where ${modelClasses.join(" or ")} was expected`,
			"unsupported",
		);
	if (path.length > mostNested)
		refuse({ name }, `models are nested more than ${mostNested} deep`, "unsupported");
	// Old Sequential models are a bare list.
	const layers = Array.isArray(config) ? config : isJson(config) ? config.layers : undefined;
	if (!Array.isArray(layers) || layers.length === 0)
		refuse({ name }, "its topology has no list of layers", "broken-file");
	const ordered = className === "Sequential" ? layers : backFromOutput(config as Json, layers, name);
	return ordered.flatMap((layer) => {
		const inner = classOf(layer, name, "a layer");
		const innerPath = [...path, nameOf(layer, name)];
		if (modelClasses.includes(inner.className)) return kerasLayers(layer, name, innerPath);
		if (!isJson(inner.config))
			return refuse({ name }, `the layer ${innerPath.at(-1)} has no configuration`, "broken-file");
		const { given } = callOf(layer as Json);
		return [{ className: inner.className, path: innerPath, config: inner.config, given }];
	});
}

function backFromOutput(config: Json, layers: readonly unknown[], name: string): unknown[] {
	const byName = new Map(layers.map((layer) => [nameOf(layer, name), layer]));
	const inputs = references(config.input_layers);
	const outputs = references(config.output_layers);
	if (inputs.length !== 1 || outputs.length !== 1)
		refuse(
			{ name },
			`it has ${inputs.length} inputs and ${outputs.length} outputs where one of each was expected`,
		);
	return nodesTo(outputs[0]!, {
		makerOf: (at) =>
			byName.get(at) ??
			refuse({ name }, `its topology speaks of a layer ${shown(at)} that is not in its list`, "broken-file"),
		sourceOf: (layer) => {
			const at = nameOf(layer, name);
			const before = reversedSource(layer, byName) ?? callOf(layer as Json).inputs;
			if (before.length > 1) refuse({ name }, branch(layers, layer as Json, at, before.length));
			if (before.length === 0 && at !== inputs[0])
				refuse(
					{ name },
					`the layer ${at} takes no input where its topology's input ${inputs[0]} was expected`,
					"broken-file",
				);
			return before[0];
		},
		refuseCircle: () => refuse({ name }, "its layers form a circle", "broken-file"),
	});
}

/**
 * Where a Stack of a picture's channels in the opposite order takes them from: Keras 3 writes that for networks that take
 * blue first.
 */
function reversedSource(layer: unknown, byName: ReadonlyMap<string, unknown>): string[] | undefined {
	if (!isJson(layer) || layer.class_name !== "Stack" || !isJson(layer.config) || layer.config.axis !== -1)
		return undefined;
	const channels = callOf(layer).inputs.map((name) => byName.get(name));
	const sources = new Set<string>();
	for (const [i, channel] of channels.entries()) {
		if (!isJson(channel) || channel.class_name !== "GetItem") return undefined;
		const { inputs, given } = callOf(channel);
		const slice = given.get("1");
		if (!Array.isArray(slice) || slice.at(-1) !== channels.length - 1 - i) return undefined;
		for (const input of inputs) sources.add(input);
	}
	return channels.length > 0 ? [...sources] : undefined;
}

function branch(layers: readonly unknown[], layer: Json, at: string, inputs: number): string {
	const classes = layers.map((one) => isJson(one) && one.class_name);
	const kin = !classes.includes("DepthwiseConv2D")
		? ""
		: classes.includes("Multiply")
			? "; it looks like MobileNet v3"
			: classes.includes("Add")
				? "; it looks like MobileNet v2"
				: "";
	return `its layers branch where a chain was expected: the layer ${at} (${shownClass(layer)}) takes ${inputs} inputs${kin}`;
}

function shownClass({ class_name: name }: Json): string {
	return typeof name === "string" ? name : shown(name);
}

function classOf(value: unknown, name: string, what: string): { className: string; config: unknown } {
	if (!isJson(value) || typeof value.class_name !== "string")
		return refuse(
			{ name },
			`its topology has ${shown(value)} where ${what} with a class_name was expected`,
			"broken-file",
		);
	return { className: value.class_name, config: value.config };
}

function nameOf(layer: unknown, name: string): string {
	if (isJson(layer)) {
		if (typeof layer.name === "string") return layer.name;
		const { config } = layer as { config?: unknown };
		if (isJson(config) && typeof config.name === "string") return config.name;
		// A nested Sequential of old Keras is a bare list without a name.
		if (Array.isArray(config)) return "sequential";
	}
	return refuse({ name }, `its topology has a layer without a name: ${shown(layer)}`, "broken-file");
}

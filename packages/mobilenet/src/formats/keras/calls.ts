/**
 * How a layer of a Keras graph is called: from which layers its tensors come, and what stands beside them, such as the
 * 127.5 of an operator that divides by it.
 */
import { isJson, type Json } from "../../base/json.ts";

export interface Call {
	/** Names of the layers that the tensors come from, every call of the layer counted. */
	readonly inputs: readonly string[];
	/** What is no tensor, by place (`0`, `1`) or by name (`y`). */
	readonly given: ReadonlyMap<string, unknown>;
}

/** In Keras 2 the place of a tensor may hold a constant. */
const constant = "_CONSTANT_VALUE";

export function callOf(layer: Json): Call {
	const inputs: string[] = [];
	const given = new Map<string, unknown>();
	const take = (place: string, value: unknown): void => {
		const sources = sourcesIn(value);
		for (const source of sources) inputs.push(source);
		if (sources.length === 0) given.set(place, plain(value));
	};
	const nodes = layer.inbound_nodes;
	for (const node of Array.isArray(nodes) ? (nodes as unknown[]) : []) {
		// Keras 3 writes a call's arguments, in which the tensors say where they come from.
		if (isJson(node)) {
			for (const [place, value] of Array.isArray(node.args) ? node.args.entries() : [])
				take(String(place), value);
			for (const [name, value] of isJson(node.kwargs) ? Object.entries(node.kwargs) : []) take(name, value);
			continue;
		}
		for (const [place, [name, , value, named]] of namedIn(node).entries()) {
			if (name === constant) given.set(String(place), value);
			else inputs.push(name);
			for (const [key, argument] of isJson(named) ? Object.entries(named) : [])
				if (isReference(argument)) inputs.push(argument[0]);
				else given.set(key, argument);
		}
	}
	return { inputs, given };
}

/** `[["conv1", 0, 0], …]`, or Keras 3's single `["conv1", 0, 0]`: the names. */
export function references(value: unknown): string[] {
	return namedIn(value).map(([name]) => name);
}

type Named = readonly [name: string, ...rest: unknown[]];

function isNamed(value: unknown): value is Named {
	return Array.isArray(value) && typeof value[0] === "string";
}

function namedIn(value: unknown): Named[] {
	return isNamed(value) ? [value] : Array.isArray(value) ? value.filter(isNamed) : [];
}

/** A tensor as Keras 2 writes it among a call's other arguments: `["tf.math.truediv", 0, 0]`. */
function isReference(value: unknown): value is Named {
	return isNamed(value) && value.length === 3 && value.slice(1).every(Number.isInteger);
}

/** The layers that Keras 3's tensors in an argument come from. */
function sourcesIn(value: unknown): string[] {
	const names: string[] = [];
	const open = [value];
	while (open.length > 0) {
		const one = open.pop();
		if (Array.isArray(one)) {
			for (const part of one.toReversed()) if (typeof part === "object") open.push(part);
		} else if (isJson(one)) {
			const { class_name: className, config } = one as { class_name?: unknown; config?: unknown };
			const history = className === "__keras_tensor__" && isJson(config) ? config.keras_history : undefined;
			if (Array.isArray(history) && typeof history[0] === "string") names.push(history[0]);
			else for (const part of Object.values(one)) open.push(part);
		}
	}
	return names;
}

/** The numbers of a constant tensor of Keras 3; anything else stays. */
function plain(value: unknown): unknown {
	return isJson(value) && value.class_name === "__tensor__" && isJson(value.config)
		? value.config.value
		: value;
}

/** Label files: one label per line, an index and a label per line, JSON, or TensorFlow's label maps. */
import { MobileNetError, messageOf, shown } from "../base/error.ts";
import { isJson, parseJson } from "../base/json.ts";
import type { Label } from "../weights/model.ts";

/**
 * The labels in a label file, in the order of the classes.
 *
 * - one label per line: `tench, Tinca tinca` (the name, then other names); a WordNet id may stand before it, as in
 *   `n01440764 tench, Tinca tinca`
 * - an index, a tab or a colon, and a label per line, in any order: `0<TAB>tench`; with a space, in order from 0, as
 *   Teachable Machine writes it: `0 tench`
 * - a JSON array of strings, or of objects with a `name`; a JSON object from index to string; an object with such `labels`
 * - a label map of TensorFlow's object detection: `item { id: 1 name: "tench" }`, from 0 or from 1
 *
 * @param text the file's content
 * @param name the file's name in errors
 * @throws MobileNetError `broken-file` if an index is missing or appears twice, or the JSON is not valid
 * @example
 * parseLabels("cat\ndog\n", "labels.txt") // [{ name: "cat" }, { name: "dog" }]
 */
export function parseLabels(text: string, name: string): readonly Label[] {
	const content = text.replace(/^\uFEFF/, "").trim();
	if (content === "") throw broken(name, "holds no labels: it is empty");
	if (content.startsWith("[") || content.startsWith("{")) return jsonLabels(content, name);
	if (/^item\s*\{/.test(content)) return mappedLabels(content, name);
	const lines = content.split(/\r\n|\r|\n/).map((line) => line.trim());
	const numbered = lines.map((line) => /^(\d+)\s*[\t:]\s*(.+)$/.exec(line));
	if (numbered.every((match) => match !== null))
		return inOrder(
			numbered.map((match) => [Number(match[1]), labelOf(match[2]!)] as const),
			name,
		);
	const inSteps = lines.map((line, i) => (line.startsWith(`${i} `) ? line.slice(`${i} `.length).trim() : ""));
	if (inSteps.every((label) => label !== "")) return inSteps.map(labelOf);
	const empty = lines.indexOf("");
	if (empty >= 0) throw broken(name, `has no label in line ${empty + 1} of ${lines.length}`);
	return lines.map(labelOf);
}

function jsonLabels(content: string, name: string): readonly Label[] {
	let value: unknown;
	try {
		value = parseJson(content);
	} catch (error) {
		throw broken(name, `starts like JSON but is not valid JSON: ${messageOf(error)}`);
	}
	if (isJson(value) && Array.isArray(value.labels)) value = value.labels;
	if (Array.isArray(value)) return value.map((entry, index) => jsonLabel(entry, index, name));
	const entries = Object.entries(value as object);
	const wrong = entries.find(([key]) => !/^\d+$/.test(key));
	if (wrong) throw broken(name, `has the key ${shown(wrong[0])} where an index was expected`);
	return inOrder(
		entries.map(([key, entry]) => [Number(key), jsonLabel(entry, Number(key), name)] as const),
		name,
	);
}

/** TensorFlow's `StringIntLabelMap` as text: the label is `display_name`, if there is one. */
function mappedLabels(content: string, name: string): readonly Label[] {
	const entries = content
		.split(/\bitem\s*\{/)
		.slice(1)
		.map((item, i) => {
			const id = /\bid\s*:\s*(\d+)/.exec(item)?.[1];
			const text = (field: string): string | undefined =>
				new RegExp(`\\b${field}\\s*:\\s*(?:"([^"]*)"|'([^']*)')`).exec(item)?.slice(1).find(Boolean);
			const label = text("display_name") ?? text("name");
			if (id === undefined || label === undefined)
				throw broken(name, `has no id or no name in item ${i + 1}`);
			return [Number(id), labelOf(label)] as const;
		});
	const from = entries.some(([id]) => id === 0) ? 0 : 1;
	return inOrder(
		entries.map(([id, label]) => [id - from, label] as const),
		name,
	);
}

function jsonLabel(entry: unknown, index: number, name: string): Label {
	if (typeof entry === "string" && entry.trim() !== "") return labelOf(entry.trim());
	if (
		typeof entry === "object" &&
		entry !== null &&
		"name" in entry &&
		typeof entry.name === "string" &&
		entry.name
	) {
		const id = "id" in entry && typeof entry.id === "string" ? entry.id : undefined;
		const synonyms =
			"synonyms" in entry && Array.isArray(entry.synonyms)
				? entry.synonyms.filter((synonym): synonym is string => typeof synonym === "string")
				: undefined;
		return { name: entry.name, ...(id && { id }), ...(synonyms && { synonyms }) };
	}
	// torchvision's imagenet_class_index.json: [WordNet id, name].
	if (
		Array.isArray(entry) &&
		entry.length === 2 &&
		typeof entry[0] === "string" &&
		typeof entry[1] === "string"
	)
		return { name: entry[1].replaceAll("_", " "), id: entry[0] };
	throw broken(name, `has ${shown(entry)} for the class ${index} where a label was expected`);
}

function inOrder(entries: readonly (readonly [number, Label])[], name: string): readonly Label[] {
	const labels: Label[] = [];
	for (const [index, label] of entries) {
		if (index >= entries.length)
			throw broken(name, `has the index ${index}, but only ${entries.length} labels, counted from 0`);
		if (labels[index]) throw broken(name, `has two labels with the index ${index}`);
		labels[index] = label;
	}
	return labels;
}

function labelOf(line: string): Label {
	const [, id, rest] = /^(n\d{8})\s+(\S.*)$/.exec(line) ?? [undefined, undefined, line];
	const [first, ...synonyms] = rest!
		.split(",")
		.map((part) => part.trim())
		.filter((part) => part !== "");
	return { name: first ?? rest!, ...(id && { id }), ...(synonyms.length > 0 && { synonyms }) };
}

function broken(name: string, what: string): MobileNetError {
	return new MobileNetError("broken-file", `${name} ${what}.`);
}

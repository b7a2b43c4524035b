/**
 * What a TensorFlow Lite file says about its network beside the graph: a second flatbuffer among its buffers, which
 * names the normalization of the input and the file of labels; and the files themselves, a zip archive appended
 * to the model.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { parseLabels } from "../../labels/parse.ts";
import type { Label, Preprocessing } from "../../weights/model.ts";
import { unzip, type ZipEntry, zipEntries } from "../zip.ts";
import {
	charge,
	childTable,
	childTables,
	float32s,
	int8,
	rootTable,
	type Table,
	text,
	uint8,
	uint32,
} from "./flatbuffer.ts";
import { bufferAt, dataOf, type Graph } from "./graph.ts";
import {
	axisLabels,
	conversionName,
	fields,
	identifiers,
	metadataName,
	normalizationOptions,
} from "./schema.ts";

export interface Carried {
	/** In pixels; one number, or one a channel. */
	readonly normalization?: Pick<Preprocessing, "mean" | "std">;
	readonly labels?: readonly Label[];
	readonly notes: readonly string[];
}

/** A label file may be as long as the model, and so long where the model is tiny. */
const longestLabels = 65_536;
/** About what a label costs as an object. */
const labelCost = 64;
/** What people call a label file where no metadata name it. */
const usualLabelFile = /(^|\/)[^/]*labels?[^/]*\.txt$/i;

/**
 * @throws MobileNetError `broken-file` where metadata or archive are damaged
 */
export function carriedWith(graph: Graph): Carried {
	const [subgraph] = metadataOf(graph);
	const [input] = subgraph ? childTables(subgraph, fields.subgraphMetadata.inputs) : [];
	const [output] = subgraph ? childTables(subgraph, fields.subgraphMetadata.outputs) : [];
	const normalization = input && normalizationOf(input);
	const file = labelFileOf(graph, output && labelPathOf(output));
	const read = typeof file === "object" ? labelsOf(graph, file) : file;
	return {
		...(normalization && { normalization }),
		...(typeof read === "object" && { labels: read }),
		notes: typeof read === "string" ? [read] : [],
	};
}

/** The version of TensorFlow whose converter wrote the file, such as `2.15.1`, if the file says so. */
export function converterOf(graph: Graph): string | undefined {
	const conversion = metadataNamed(graph, conversionName, undefined);
	const environment = conversion && childTable(conversion, fields.conversion.environment);
	return environment && text(environment, fields.environment.tensorFlowVersion);
}

/** Tables of metadata, one a subgraph. */
function metadataOf(graph: Graph): readonly Table[] {
	const root = metadataNamed(graph, metadataName, identifiers.metadata);
	return root ? childTables(root, fields.modelMetadata.subgraphs) : [];
}

/** The root of what a model keeps under a name. */
function metadataNamed(graph: Graph, name: string, identifier: string | undefined): Table | undefined {
	const entry = childTables(graph.model, fields.model.metadata).find(
		(table) => text(table, fields.metadata.name) === name,
	);
	if (!entry) return undefined;
	const buffer = bufferAt(graph, uint32(entry, fields.metadata.buffer), "its metadata");
	return rootTable(dataOf(graph, buffer, "its metadata"), `${graph.name} (its metadata)`, identifier);
}

function normalizationOf(input: Table): Carried["normalization"] {
	for (const unit of childTables(input, fields.tensorMetadata.processUnits)) {
		if (uint8(unit, fields.processUnit.optionsType) !== normalizationOptions) continue;
		const options = childTable(unit, fields.processUnit.options);
		const [mean, std] = options
			? [float32s(options, fields.normalization.mean), float32s(options, fields.normalization.std)]
			: [[], []];
		if (mean.length > 0 && std.length > 0) return { mean, std };
	}
	return undefined;
}

/** The label file that an output names; of several, which differ in language, the first without a language. */
function labelPathOf(output: Table): string | undefined {
	const f = fields.associatedFile;
	const files = childTables(output, fields.tensorMetadata.associatedFiles).filter(
		(file) => int8(file, f.type) === axisLabels,
	);
	const file = files.find((candidate) => !text(candidate, f.locale)) ?? files[0];
	return file && text(file, f.name);
}

/** The attached label file, or undefined, or a note why there is none. */
function labelFileOf(graph: Graph, path: string | undefined): ZipEntry | string | undefined {
	const entries = zipEntries(graph.bytes, graph.name) ?? [];
	if (path !== undefined)
		return (
			entries.find((entry) => entry.path === path) ??
			`Its metadata name the label file ${shown(path)}, which is not attached.`
		);
	const candidates = entries.filter((entry) => usualLabelFile.test(entry.path));
	return (
		candidates.find((entry) => entry.path === "labels.txt") ??
		(candidates.length === 1 ? candidates[0] : undefined)
	);
}

/** The labels, or a note why they are left out. */
function labelsOf({ name, bytes, model: { flatbuffer } }: Graph, file: ZipEntry): readonly Label[] | string {
	const content = unzip(file, { left: Math.max(longestLabels, bytes.byteLength) });
	// Line ends and commas: every label and every synonym is an object.
	const count = content.reduce((sum, byte) => sum + (byte === 10 || byte === 13 || byte === 44 ? 1 : 0), 1);
	charge(flatbuffer, 2 * content.byteLength + count * labelCost);
	try {
		return parseLabels(new TextDecoder().decode(content), `${name}'s label file ${shown(file.path)}`);
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return `Its labels are left out: ${error.message}`;
	}
}

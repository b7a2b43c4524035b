/**
 * The formats, a row each: how its files end, how one is told once it is opened, and what reads and writes it. Readers
 * and writers are imported only when a row is used: who loads one format does not load the others. Only the reader of the
 * package's own format is always there.
 */
import { startsWith } from "../base/bytes.ts";
import { isJson } from "../base/json.ts";
import type { Model } from "../weights/model.ts";
import { type PreprocessingOptions, withPreprocessing } from "../weights/preprocessing.ts";
import type { Chain } from "./chain/chain.ts";
import { beginsWithNode } from "./graphdef/first-node.ts";
import type { Opened } from "./opened.ts";
import { modelIn } from "./safetensors/model-file.ts";

export interface Format {
	/** As people say it. */
	readonly name: string;
	/** Endings of its files, for finding the model in a folder and for naming one that is written: the first. */
	readonly endings: readonly string[];
	/** Whether an opened file is of this format, broken or not. */
	sniff(opened: Opened): boolean;
	read?(opened: Opened, options: Reading): Promise<Model>;
	/**
	 * The files that a model becomes, by name: first the one that is called as the options say, then those beside it,
	 * which it names.
	 */
	write?(model: Model, options: Writing): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** What the user of a file says of it. */
export interface Reading {
	/** What the file's own input takes. */
	readonly preprocessing?: PreprocessingOptions | undefined;
}

/** What a writer is asked for. */
export interface Writing {
	/** Name of the file, without folders. */
	readonly file: string;
	/** Pictures a run, for formats whose files fix it. */
	readonly batch: number;
}

/** What the model of a TensorFlow.js folder is called. */
export const folderModel = "model.json";

export const formats: readonly Format[] = [
	{
		name: "safetensors",
		endings: [".safetensors"],
		// The metadata that only this package writes; other frameworks' have their own rows.
		sniff: ({ safetensors }) => safetensors?.metadata.mobilenet !== undefined,
		read: async ({ safetensors, name }, { preprocessing = {} }) =>
			withPreprocessing(modelIn(safetensors!, name), preprocessing),
		write: asOneFile(async () => (await import("./safetensors/model-writer.ts")).writeModel),
	},
	{
		name: "TensorFlow Lite",
		endings: [".tflite", ".lite"],
		sniff: ({ bytes }) => startsWith(bytes, "TFL3", 4),
		read: byChain(async () => (await import("./tflite/read.ts")).readTensorFlowLite),
		write: asOneFile(async () => (await import("./tflite/write.ts")).writeTensorFlowLite),
	},
	{
		name: "TensorFlow GraphDef",
		endings: [".pb"],
		sniff: ({ bytes }) => beginsWithNode(bytes),
		read: byChain(async () => (await import("./graphdef/read.ts")).readGraphDef),
	},
	{
		name: "TensorFlow.js graph model",
		// Found as the layers model is.
		endings: [],
		sniff: ({ json }) =>
			json?.format === "graph-model" ||
			(isJson(json?.modelTopology) && Array.isArray(json.modelTopology.node)),
		read: byChain(async () => (await import("./tensorflowjs/graph-model.ts")).readGraphModel),
	},
	{
		name: "TensorFlow.js layers model",
		endings: [folderModel],
		sniff: ({ json }) => json?.modelTopology !== undefined || json?.weightsManifest !== undefined,
		read: byChain(async () => (await import("./tensorflowjs/read.ts")).readTensorFlowJs),
	},
	{
		name: "Keras HDF5",
		endings: [".h5", ".hdf5"],
		sniff: ({ bytes }) => startsWith(bytes, "\x89HDF\r\n\x1a\n"),
		read: byChain(async () => (await import("./keras/read.ts")).readKerasHdf5),
	},
	{
		name: "Keras",
		endings: [".keras"],
		sniff: ({ zip }) =>
			zip?.some(({ path }) => path === "config.json") === true &&
			zip.some(({ path }) => path === "model.weights.h5"),
		read: byChain(async () => (await import("./keras/archive.ts")).readKerasArchive),
	},
	{
		name: "ONNX",
		endings: [".onnx"],
		// The version of its IR and a producer's name, which is short: SavedModels and Core ML have messages in its place.
		sniff: ({ bytes }) =>
			bytes[0] === 8 && bytes[1]! < 32 && bytes[2] === 0x12 && bytes[3]! < 128 && bytes[4] !== 10,
		write: asOneFile(async () => (await import("./onnx/write.ts")).writeOnnx),
	},
];

/** The format of an opened file, or undefined where it is of none of these. */
export function formatOf(opened: Opened): Format | undefined {
	return formats.find((format) => format.sniff(opened));
}

/** Reads a chain and makes a model of it; the format's reader and what is common to all come at the same time. */
function byChain(reader: () => Promise<(opened: Opened) => Chain | Promise<Chain>>): Format["read"] & object {
	return async (opened, { preprocessing }) => {
		const [read, { recognize }] = await Promise.all([reader(), import("./chain/recognize.ts")]);
		return recognize(await read(opened), { preprocessing });
	};
}

/** Writes a format whose models are one file. */
function asOneFile(
	writer: () => Promise<(model: Model, options: Writing) => Uint8Array>,
): Format["write"] & object {
	return async (model, options) => new Map([[options.file, (await writer())(model, options)]]);
}

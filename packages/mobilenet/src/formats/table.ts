/**
 * The formats, a row each: how its files end, how one is told once it is opened, and what reads and writes it. Readers
 * and writers are imported only when a row is used: who loads one format does not load the others. Only the reader of the
 * package's own format is always there.
 */
import { startsWith } from "../base/bytes.ts";
import { isJson } from "../base/json.ts";
import type { Model } from "../weights/model.ts";
import { withPreprocessing } from "../weights/preprocessing.ts";
import type { Chain } from "./chain/chain.ts";
import type { Format, WritingOptions } from "./format.ts";
import { beginsWithNode } from "./graphdef/first-node.ts";
import type { Opened } from "./opened.ts";
import { modelIn } from "./safetensors/model-file.ts";

/** What the model of a TensorFlow.js folder is called. */
export const folderModel = "model.json";
/** What weights are called in a folder of Hugging Face's hub, the first that is there, beside its configuration. */
export const hubWeights = ["model.safetensors", "pytorch_model.bin"] as const;
export const hubConfiguration = "config.json";

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
		name: "PyTorch",
		endings: [".pth", ".pt", ".pth.tar", ".ckpt"],
		// A zip archive with a pickle, or pickles in a row, of which the first is a magic number (behind a frame, perhaps).
		sniff: ({ zip, bytes }) =>
			zip?.some(({ path }) => /(^|\/)data\.pkl$/.test(path)) ||
			[2, 11].some((offset) => startsWith(bytes, "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", offset)),
		read: byChain(async () => (await import("./pytorch/read.ts")).readPyTorch),
	},
	{
		name: "Hugging Face",
		endings: [],
		sniff: ({ safetensors }) => safetensors !== undefined,
		read: byChain(async () => (await import("./huggingface/read.ts")).readHuggingFace),
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
		sniff: ({ bytes }) => looksLikeOnnx(bytes),
		read: byChain(async () => (await import("./onnx/read.ts")).readOnnx),
		write: asOneFile(async () => (await import("./onnx/write.ts")).writeOnnx),
	},
];

/** The format of an opened file, or undefined where it is of none of these. */
export function formatOf(opened: Opened): Format | undefined {
	return formats.find((format) => format.sniff(opened));
}

/**
 * Whether a message begins with the version of its IR, from 3 to 99, and then a producer's name, which is short, a graph or
 * its operator sets. SavedModels begin with version 1, and Core ML has a message in the place of the name.
 */
function looksLikeOnnx(bytes: Uint8Array): boolean {
	const [field, version = 0, next = 0, length = 0, first] = bytes;
	if (field !== 0x08 || version < 3 || version >= 100) return false;
	return next === 0x12 ? length < 128 && first !== 0x0a : [0x1a, 0x22, 0x3a, 0x42].includes(next);
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
	writer: () => Promise<(model: Model, options: WritingOptions) => Uint8Array>,
): Format["write"] & object {
	return async (model, options) => new Map([[options.file, (await writer())(model, options)]]);
}

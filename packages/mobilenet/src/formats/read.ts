/**
 * Reading a model from wherever it is: a path, an address, bytes, or a folder. The format is told by the content,
 * never by the name; what a file leaves open is completed here only as far as labels go.
 */
import { listFolder, locationIn, readLocation } from "#files";
import { MobileNetError, shown, shownLocation } from "../base/error.ts";
import type { LocationOptions } from "../base/fetch.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Label, Model } from "../weights/model.ts";
import { fileAt, fileOf, type ModelFile } from "./file.ts";
import type { GivenConfiguration } from "./given.ts";
import { type Opened, openFile } from "./opened.ts";
import { formatOf, formats } from "./table.ts";

/** What the model of a TensorFlow.js folder is called. */
const folderModel = "model.json";
/** What the weights of a folder of Hugging Face's hub are called, the first that is there, beside its configuration. */
const hubWeights = ["model.safetensors", "pytorch_model.bin"] as const;
const hubConfiguration = "config.json";
/** The labels of a folder's model. */
const folderLabels = "labels.txt";

export interface ReadOptions {
	/** How errors call the model; the location where there is one. */
	readonly name?: string | undefined;
	/** Labels in the place of the file's: a list, or the path or address of a label file. */
	readonly labels?: string | URL | readonly Label[] | undefined;
	/**
	 * What weights alone do not say, in the place of what would be assumed: `{ lastBlock: "stride1" }` for a network of the
	 * PyTorch tutorial whose last block has stride 1. What the file itself says cannot be given.
	 */
	readonly configuration?: GivenConfiguration | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of each address as they come in, also of the files beside the first. */
	readonly onProgress?: OnProgress | undefined;
}

/**
 * A model from a file of any format that can be read.
 *
 * A network of 1000 or 1001 classes without labels gets ImageNet's, and `source.assumed` says so.
 *
 * @param source a path, a URL, the bytes of a file, or a folder: one that holds a `model.json` or exactly one model
 * file, and perhaps a `labels.txt`, or the `config.json` and `model.safetensors` of Hugging Face's hub. An address that
 * ends in a slash is the folder of a `model.json` or of a `model.safetensors`.
 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`
 * @example
 * const { configuration, preprocessing } = await readModel("mobilenet_v1_1.0_224_quant.tflite")
 */
export async function readModel(
	source: string | URL | Uint8Array | ArrayBuffer,
	options: ReadOptions = {},
): Promise<Model> {
	const { signal } = options;
	signal?.throwIfAborted();
	const { opened, labels: beside } = await locate(source, options);
	const read = await readOpened(opened);
	const { configuration } = options;
	const model = configuration
		? (await import("./given.ts")).withGiven(read, configuration, opened.name)
		: read;
	signal?.throwIfAborted();
	return labeled(model, options.labels ?? beside, signal);
}

/** The model in a file that is opened. */
export async function readOpened(opened: Opened): Promise<Model> {
	const format = formatOf(opened);
	if (format?.read) return format.read(opened);
	const { unreadable } = await import("./unknown.ts");
	throw unreadable(opened, format);
}

/** The model's file or folder, opened, and the label file in its folder. */
async function locate(
	source: string | URL | Uint8Array | ArrayBuffer,
	options: ReadOptions,
): Promise<{ readonly opened: Opened; readonly labels?: string | URL }> {
	const { name, signal, onProgress } = options;
	if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
		const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
		return { opened: await openFile(fileOf(bytes, name ?? "the model")) };
	}
	if (typeof source !== "string" && !(source instanceof URL))
		throw new MobileNetError(
			"usage",
			`a model is read from a path, a URL or bytes, not from ${shown(source)}.`,
		);
	const called = name ?? shownLocation(source);
	const reading = { signal, onProgress };
	const names = await listFolder(source);
	if (!names) {
		const isFolder = String(source).endsWith("/");
		const file = isFolder
			? await fileInAddress(source, called, reading)
			: await fileAt(source, called, reading);
		return { opened: await openFile(file) };
	}
	const labels = names.includes(folderLabels) ? { labels: locationIn(source, folderLabels) } : {};
	const folder: Opened = {
		name: called,
		bytes: new Uint8Array(0),
		folder: names,
		beside: (path) => readLocation(locationIn(source, path), reading),
	};
	const chosen = await modelIn(folder);
	if (chosen === undefined) return { opened: folder, ...labels };
	const file = await fileAt(locationIn(source, chosen), `${called.replace(/[/\\]$/, "")}/${chosen}`, reading);
	return { opened: await openFile(file), ...labels };
}

/** The model of an address that ends in a slash, whose files nobody lists. */
async function fileInAddress(
	source: string | URL,
	called: string,
	reading: LocationOptions,
): Promise<ModelFile> {
	const at = (path: string) => fileAt(locationIn(source, path), `${called}${path}`, reading);
	try {
		return await at(folderModel);
	} catch (error) {
		if (!(error instanceof MobileNetError) || error.code !== "not-found") throw error;
		// What was asked for first is what the error is about.
		return at(hubWeights[0]).catch((other: unknown) => {
			throw other instanceof MobileNetError && other.code === "not-found" ? error : other;
		});
	}
}

/** The one model file of a folder; undefined where the folder itself is the model. */
async function modelIn(opened: Opened): Promise<string | undefined> {
	if (formatOf(opened)) return undefined;
	const { folder = [] } = opened;
	if (folder.includes(folderModel)) return folderModel;
	const weights = hubWeights.find((name) => folder.includes(name));
	if (weights !== undefined && folder.includes(hubConfiguration)) return weights;
	const endings = formats.flatMap((format) => (format.read ? format.endings : []));
	const models = folder.filter((name) => endings.some((ending) => name.toLowerCase().endsWith(ending)));
	if (models.length === 1) return models[0]!;
	const { withoutModel } = await import("./unknown.ts");
	throw withoutModel(opened, models, endings);
}

async function labeled(
	model: Model,
	given: ReadOptions["labels"],
	signal: AbortSignal | undefined,
): Promise<Model> {
	const { head, classes } = model.configuration;
	if (!head) return model;
	if (given !== undefined) {
		const [labels, name] =
			typeof given === "string" || given instanceof URL
				? [await readLabels(given, signal), shownLocation(given)]
				: [given, "the list of labels"];
		const { labelsFor } = await import("../labels/fit.ts");
		return { ...model, labels: labelsFor(labels, classes, name) };
	}
	if (model.labels || (classes !== 1000 && classes !== 1001)) return model;
	const { imagenetLabels } = await import("../labels/imagenet.ts");
	const { source } = model;
	return {
		...model,
		labels: imagenetLabels(classes),
		source: { ...source, assumed: [...source.assumed, "labels"] },
	};
}

async function readLabels(
	location: string | URL,
	signal: AbortSignal | undefined,
): Promise<readonly Label[]> {
	const [bytes, { parseLabels }] = await Promise.all([
		readLocation(location, { signal }),
		import("../labels/parse.ts"),
	]);
	return parseLabels(new TextDecoder().decode(bytes), shownLocation(location));
}

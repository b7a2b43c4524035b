/**
 * Reading a model from wherever it is: a path, an address, bytes, or a folder. The format is told by the content,
 * never by the name; what a file leaves open is completed here only as far as labels go.
 */
import { readLocation } from "#files";
import { shownLocation } from "../base/error.ts";
import type { Label, Model } from "../weights/model.ts";
import type { PreprocessingOptions } from "../weights/preprocessing.ts";
import type { LabelFile } from "./file.ts";
import type { Files } from "./folder.ts";
import type { ReadingOptions } from "./format.ts";
import type { GivenConfiguration } from "./given.ts";
import { type Located, type LocateOptions, locate, locateFiles } from "./locate.ts";
import type { Opened } from "./opened.ts";
import { formatOf } from "./table.ts";

export interface ReadOptions extends LocateOptions {
	/** Labels in the place of the file's: a list, or the path or address of a label file. */
	readonly labels?: string | URL | readonly Label[] | undefined;
	/**
	 * What differs from the file's preprocessing. Mean and std are in pixels, 0…255, and say what the file's own input takes:
	 * what its graph does to that comes on top.
	 */
	readonly preprocessing?: PreprocessingOptions | undefined;
	/**
	 * What weights alone do not say, in the place of what would be assumed: `{ lastBlock: "stride1" }` for a network of the
	 * PyTorch tutorial whose last block has stride 1. What the file itself says cannot be given.
	 */
	readonly configuration?: GivenConfiguration | undefined;
}

/**
 * A model from a file of any format that can be read.
 *
 * A network of 1000 or 1001 classes without labels gets ImageNet's, and `source.assumed` says so.
 *
 * @param source a path, a URL, the bytes of a file, or a folder or zip archive: one that holds a `model.json`, exactly one
 * model file, or the `config.json` and weights of Hugging Face's hub. Label files beside the model are taken if they have as
 * many labels as there are classes. An address that ends in a slash is the folder of a `model.json` or of a
 * `model.safetensors`.
 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`
 * @example
 * const { configuration, preprocessing } = await readModel("mobilenet_v1_1.0_224_quant.tflite")
 */
export async function readModel(
	source: string | URL | Uint8Array | ArrayBuffer,
	options: ReadOptions = {},
): Promise<Model> {
	options.signal?.throwIfAborted();
	return readLocated(await locate(source, options), options);
}

/** A model from files of which only their paths are known, as `readModel` reads a folder. */
export async function readFolder(files: Files, options: ReadOptions = {}): Promise<Model> {
	return readLocated(await locateFiles(files), options);
}

async function readLocated({ opened, labelFiles }: Located, options: ReadOptions): Promise<Model> {
	const { signal } = options;
	const read = await readOpened(opened, options);
	const { configuration } = options;
	const model = configuration
		? (await import("./given.ts")).withGiven(read, configuration, opened.name)
		: read;
	signal?.throwIfAborted();
	return labeled(model, options.labels, labelFiles, signal);
}

/** The model in a file that is opened. */
export async function readOpened(opened: Opened, options: ReadingOptions = {}): Promise<Model> {
	const format = formatOf(opened);
	if (format?.read) return format.read(opened, options);
	const { unreadable } = await import("./unknown.ts");
	throw unreadable(opened, format);
}

async function labeled(
	model: Model,
	given: ReadOptions["labels"],
	labelFiles: Located["labelFiles"],
	signal: AbortSignal | undefined,
): Promise<Model> {
	const { head, classes, binary } = model.configuration;
	if (!head) return model;
	if (given !== undefined) {
		const [labels, name] =
			typeof given === "string" || given instanceof URL
				? [await readLabels(given, signal), shownLocation(given)]
				: [given, "the list of labels"];
		const { labelsFor } = await import("../labels/fit.ts");
		return { ...model, labels: labelsFor(labels, classes, name, binary) };
	}
	if (model.labels) return model;
	const files = await labelFiles();
	// ImageNet's own list knows more of its classes, so only a file that is called as if for this model takes its place.
	const isImageNet = classes === 1000 || classes === 1001;
	const beside = await labelsBeside(
		model,
		isImageNet ? files.filter((file) => /^labels\.(txt|json)$/i.test(file.name)) : files,
	);
	if (beside.labels || !isImageNet) return beside;
	const { imagenetLabels } = await import("../labels/imagenet.ts");
	const { source } = beside;
	return {
		...beside,
		labels: imagenetLabels(classes),
		source: { ...source, assumed: [...source.assumed, "labels"] },
	};
}

/** With the labels of the first file beside it that has as many as there are classes, or a note that none has. */
async function labelsBeside(model: Model, files: readonly LabelFile[]): Promise<Model> {
	if (files.length === 0) return model;
	const [{ parseLabels }, { fittedLabels }] = await Promise.all([
		import("../labels/parse.ts"),
		import("../labels/fit.ts"),
	]);
	const { source } = model;
	const { classes, binary } = model.configuration;
	const unfit: string[] = [];
	for (const { name, read } of files) {
		// A file that only looks like one of labels is none of the model's business.
		const labels = await read()
			.then((bytes) => parseLabels(new TextDecoder().decode(bytes), name))
			.catch(() => undefined);
		if (!labels) continue;
		const fitted = fittedLabels(labels, classes, binary);
		if (fitted) {
			const notes = [...source.notes, `Its labels are those of ${name}, which lies beside it.`];
			return { ...model, labels: fitted, source: { ...source, notes } };
		}
		// Others may be those of another model in the same folder.
		if (name !== "labels.txt") continue;
		unfit.push(
			`The ${labels.length} labels of ${name}, which lies beside it, do not fit its ${classes} classes.`,
		);
	}
	return { ...model, source: { ...source, notes: [...source.notes, ...unfit] } };
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

/** The model that a source stands for: a file of any format, or without a source the model that the package carries. */
import { type ReadOptions, readModel } from "../formats/read.ts";
import type { Model } from "../weights/model.ts";

/** Where a model comes from: a path, a URL, the bytes of a file, or a folder that holds one. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/**
 * A model as a plain value, from whatever `MobileNet.load` takes: to look at, or to train from.
 *
 * @param source a path, a URL, the bytes of a file, or a folder that holds a model. Default: the package's own model.
 * @throws MobileNetError in one sentence, as `readModel` of `mobilenet/formats` does
 * @example
 * const { configuration } = await readAnyModel(); // α 0.75, 160 pixels, 200 classes
 */
export async function readAnyModel(
	source?: ModelSource | undefined,
	options: ReadOptions = {},
): Promise<Model> {
	if (source !== undefined) return readModel(source, options);
	// Bundlers split it off here: who brings a model of their own does not ship this one.
	const { readDefaultModel } = await import("./default-model.ts");
	return readDefaultModel(options);
}

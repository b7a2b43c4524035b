/** The model that a source stands for: one that has a name, or a file of any format. */
import { type ReadOptions, readModel } from "../formats/read.ts";
import type { Model } from "../weights/model.ts";
import { defaultName, namedModel } from "./names.ts";

/** Where a model comes from: a name (`default`), a path, a URL, the bytes of a file, or a folder that holds one. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/**
 * Loads a model as plain data: configuration, tensors, preprocessing and labels. `MobileNet.load` makes it ready to run.
 *
 * @param source Default: `default`, the model that the package carries.
 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`, `usage`
 * @example
 * const { configuration } = await loadModel(); // α 0.75, 160 pixels, 200 classes
 */
export async function loadModel(
	source: ModelSource = defaultName,
	options: ReadOptions = {},
): Promise<Model> {
	options.signal?.throwIfAborted();
	const named = namedModel(source);
	if (!named) return readModel(source, options);
	return readModel(await named.bytes(options.onProgress), { ...options, name: options.name ?? named.title });
}

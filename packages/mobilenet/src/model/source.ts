/** The model that a source stands for: one that has a name, or a file of any format. */

import { MobileNetError } from "../base/error.ts";
import type { NameOptions } from "../catalog/options.ts";
import { type ReadOptions, readModel } from "../formats/read.ts";
import type { Model } from "../weights/model.ts";
import { defaultName, isWeightsName, mayBePackaged, namedModel } from "./names.ts";

/**
 * Where a model comes from: a name (`default`, `imagenet/0.5-160`, `hf:owner/name`), a path, a URL, the bytes of a file, or
 * a folder that holds one.
 */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/**
 * Loads a model as plain data: configuration, tensors, preprocessing and labels. `MobileNet.load` makes it ready to run.
 *
 * @param source Default: `default`, the package's own model.
 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`, `usage`
 * @example
 * const { configuration } = await loadModel(); // α 0.75, 160 pixels, 200 classes
 */
export async function loadModel(
	source: ModelSource = defaultName,
	options: ReadOptions & NameOptions = {},
): Promise<Model> {
	options.signal?.throwIfAborted();
	const named = namedModel(source);
	if (named)
		return readModel(await named.bytes(options.onProgress), {
			...options,
			name: options.name ?? named.title,
		});
	// Who names no weights loads nothing of the catalog.
	if (isWeightsName(source)) return (await import("../catalog/load.ts")).loadByName(source, options);
	try {
		return await readModel(source, options);
	} catch (error) {
		if (!(error instanceof MobileNetError && error.code === "not-found" && mayBePackaged(source)))
			throw error;
		const { loadInstalled, nearest } = await import("../catalog/load.ts");
		const model = await loadInstalled(source, options);
		if (model) return model;
		if (/\.[a-z]\w*$/.test(source)) throw error;
		throw new MobileNetError(
			"not-found",
			`${source} cannot be read: there is no such file, and it is no name of a network either (${nearest(source).join(", ")}; mobilenet models lists them).`,
			{ file: source, cause: error },
		);
	}
}

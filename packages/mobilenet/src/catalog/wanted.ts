/** Which files of a repository are its model, and what belongs to it. */
import { MobileNetError } from "../base/error.ts";
import { folderModel, formats, hubConfiguration, hubWeights } from "../formats/table.ts";

/** Beside the weights of the hub: how pictures are prepared, and the license. */
const besides = [hubConfiguration, "preprocessor_config.json", "README.md"];
const labels = /^(labels|classes|label_?map|class_?names)\.(txt|json|pbtxt)$/i;
const mostShown = 10;

/**
 * The files that matter of those of a repository, or of a folder in it: the weights of transformers and timm, a
 * TensorFlow.js folder, or the one file of a model; with what lies beside it and belongs to it.
 *
 * @param name how a person names the repository, for errors
 * @throws MobileNetError `not-found` where there is no model, or several
 */
export function wantedOf(paths: readonly string[], name: string): readonly string[] {
	const has = (path: string): boolean => paths.includes(path);
	const beside = paths.filter((path) => besides.includes(path) || labels.test(path));
	const hub = hubWeights.find(has);
	if (hub !== undefined && has(hubConfiguration)) return [hub, ...beside];
	if (has(folderModel))
		return [folderModel, ...paths.filter((path) => /^[^/]+(\.bin|shard\d+of\d+)$/.test(path)), ...beside];
	const endings = formats.flatMap((format) => (format.read ? format.endings : []));
	const models = paths.filter((path) => endings.some((ending) => path.toLowerCase().endsWith(ending)));
	if (models.length === 1) return [models[0]!, ...beside.filter((path) => path !== models[0])];
	throw new MobileNetError(
		"not-found",
		models.length === 0
			? `${name} holds no file of a format that can be read.`
			: `${name} holds several models: name one of them, such as ${name}/${models[0]} (${models.slice(0, mostShown).join(", ")}${models.length > mostShown ? ", …" : ""}).`,
	);
}

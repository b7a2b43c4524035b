/** Which files of a repository are its model, and what belongs to it. */
import { MobileNetError } from "../base/error.ts";
import { formats, hubConfiguration, hubWeights } from "../formats/table.ts";

/** Beside the weights of the hub: how pictures are prepared, and the license. */
const besides = [hubConfiguration, "preprocessor_config.json", "README.md"];
const labels = /^(labels|classes|label_?map|class_?names)\.(txt|json|pbtxt)$/i;
const mostShown = 10;

/**
 * The files to fetch of those of a repository, or of a folder in it: the weights of transformers and timm, a TensorFlow.js
 * folder, or the one file of a model, with what lies beside it and belongs to it.
 *
 * @param name how a person names the repository, for errors
 * @throws MobileNetError `not-found` where there is no model, or several
 */
export function wantedOf(all: readonly string[], folder: string, name: string): readonly string[] {
	const paths = all.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
	const has = (path: string): boolean => paths.includes(path);
	const beside = paths.filter((path) => besides.includes(path) || labels.test(path));
	const full = (wanted: readonly string[]) => wanted.map((path) => folder + path);
	const hub = hubWeights.find(has);
	if (hub !== undefined && has(hubConfiguration)) return full([hub, ...beside]);
	if (has("model.json"))
		return full([
			"model.json",
			...paths.filter((path) => /^[^/]+(\.bin|shard\d+of\d+)$/.test(path)),
			...beside,
		]);
	const endings = formats.flatMap((format) => (format.read ? format.endings : []));
	const models = paths.filter((path) => endings.some((ending) => path.toLowerCase().endsWith(ending)));
	if (models.length === 1) return full([models[0]!, ...beside.filter((path) => path !== models[0])]);
	throw new MobileNetError(
		"not-found",
		models.length === 0
			? `${name} holds no file of a format that can be read.`
			: `${name} holds several models: name one of them, such as ${name}/${models[0]} (${models.slice(0, mostShown).join(", ")}${models.length > mostShown ? ", …" : ""}).`,
	);
}

/** Writing a model as the files of another format. */
import { MobileNetError, shown } from "../base/error.ts";
import type { Model } from "../weights/model.ts";
import type { Format } from "./format.ts";
import { formats } from "./table.ts";

export interface WriteOptions {
	/** Pictures a run, for formats whose files fix it. Default: 1. */
	readonly batch?: number | undefined;
}

/** What a file is called whose ending alone was given. */
const usualName = "model";

/**
 * The files that a model becomes in a format, by name: the model's own first, then those that lie beside it.
 *
 * @param to the format by its name (`safetensors`), by an ending (`.safetensors`), or by the name of the file
 * @throws MobileNetError `usage` for a format that is not written; `unsupported` for a model that the format cannot say
 * @example
 * const files = await writeAs(model, "mobilenet.safetensors");
 * for (const [name, bytes] of files) await writeFile(name, bytes);
 */
export async function writeAs(
	model: Model,
	to: string,
	{ batch = 1 }: WriteOptions = {},
): Promise<ReadonlyMap<string, Uint8Array>> {
	if (!(Number.isInteger(batch) && batch > 0))
		throw new MobileNetError("usage", `batch must be a whole number of at least 1, not ${shown(batch)}.`);
	const format = writableAs(to);
	const [ending = ""] = format.endings;
	const isName = to.toLowerCase() === format.name.toLowerCase();
	const file = isName ? `${usualName}${ending}` : to.startsWith(".") ? `${usualName}${to}` : to;
	return format.write(model, { file, batch });
}

function writableAs(to: string): Format & Required<Pick<Format, "write">> {
	const wanted = to.toLowerCase();
	const format = formats.find(
		({ name, endings }) => name.toLowerCase() === wanted || endings.some((ending) => wanted.endsWith(ending)),
	);
	const { write } = format ?? {};
	if (format && write) return { ...format, write };
	const known = formats
		.filter((row) => row.write)
		.map(({ name, endings }) => `${name} (${endings.join(", ")})`);
	throw new MobileNetError(
		"usage",
		`${shown(to)} is ${format ? `of the format ${format.name}, which is read but not written` : "no format that is written, and does not end like one"}: take one of ${known.join(", ")}.`,
	);
}

/** Models by name: from an installed package, from a cache, or from where the catalog says they are. */
import { installedWeights } from "#packages";
import { MobileNetError } from "../base/error.ts";
import { type ReadOptions, readFolder, readModel } from "../formats/read.ts";
import { configure } from "../network/configuration.ts";
import type { Model } from "../weights/model.ts";
import { withOrigin } from "../weights/origin.ts";
import type { PreprocessingOptions } from "../weights/preprocessing.ts";
import { named } from "./names.ts";

export { nearest } from "./names.ts";

import type { NameOptions } from "./options.ts";
import type { WeightFiles } from "./place.ts";
import { wantedOf } from "./wanted.ts";
import { weightFiles } from "./weights.ts";

/**
 * The model of a name.
 *
 * @throws MobileNetError `usage` for a name that nothing has; `not-found` in one sentence with every source and its answer;
 * whatever reading the files throws
 * @example
 * const { labels } = await loadByName("imagenet/0.5-160");
 */
export async function loadByName(name: string, options: ReadOptions & NameOptions = {}): Promise<Model> {
	const { name: full, entry, files, sources } = named(name);
	const reading: ReadOptions = {
		...options,
		name: options.name ?? full,
		preprocessing: { ...entry?.preprocessing, ...defined(options.preprocessing) },
	};
	const facts = { license: entry?.license, origin: entry?.origin };
	const installed = await loadInstalled(full, reading);
	if (installed) return withOrigin(installed, facts);
	const found = await weightFiles(files, sources, { ...options, name: full });
	const paths = files ? found.paths : wantedOf(found.paths, full);
	const folder = { name: full, paths, read: entry ? onlyOf(found) : found.read };
	const read = sized(await readFolder(folder, reading), entry?.size);
	return noted(withOrigin(read, facts), found.notes);
}

/** Reads the files that are listed, and asks nobody for others: the catalog knows which there are. */
function onlyOf({ paths, read }: WeightFiles): WeightFiles["read"] {
	return async (path) => {
		if (paths.includes(path)) return read(path);
		throw new MobileNetError("not-found", `${path} is not among the files.`);
	};
}

/** The fields that are said: one that is undefined hides nothing. */
function defined(options: PreprocessingOptions | undefined): PreprocessingOptions {
	return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
}

/** At the size that the catalog knows, where the files do not say one. */
function sized(model: Model, size: number | undefined): Model {
	const { configuration, source } = model;
	if (size === undefined || !source.assumed.includes("size")) return model;
	const assumed = source.assumed.filter((field) => field !== "size");
	return { ...model, configuration: configure({ ...configuration, size }), source: { ...source, assumed } };
}

/** The model that an installed package has for a name; undefined where none has. */
export async function loadInstalled(name: string, options: ReadOptions): Promise<Model | undefined> {
	const installed = await installedWeights(name);
	if (!installed) return undefined;
	const { path, title, license } = installed;
	return noted(withOrigin(await readModel(path, options), { license }), [`From the package ${title}.`]);
}

function noted(model: Model, notes: readonly string[]): Model {
	const { source } = model;
	return notes.length === 0 ? model : { ...model, source: { ...source, notes: [...source.notes, ...notes] } };
}

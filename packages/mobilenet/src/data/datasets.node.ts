/**
 * Opens data sets from files: a folder of class folders, a list, or shards. The version for other runtimes is
 * datasets.default.ts (`#datasets`).
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { MobileNetError } from "../base/error.ts";
import { notReadable } from "../base/file-errors.ts";
import { isPictureName } from "../image/picture-file.ts";
import type { Dataset } from "./dataset.ts";
import { datasetOfFiles, openClassFolders, openPictures } from "./folders.node.ts";
import { openList } from "./lists.node.ts";
import type { OpenOptions } from "./open-options.ts";
import { openShards } from "./shards.node.ts";

const shardEndings = /\.(tar|tar\.gz|tgz)$/i;
const listEndings = /\.(csv|tsv)$/i;

/**
 * Opens pictures with their classes:
 *
 * - a folder with a folder of pictures for each class
 * - a list (`.csv`, `.tsv`) with a header: a column `file` (or `path`, `image`, `filename`), relative to the list, and a
 *   column `label` (or `class`), `index` or `wnid`
 * - WebDataset shards (`.tar`, `.tar.gz`): one, several, a glob, or a folder of them, of which only `train-*` are used if
 *   there are any; a `classes.tsv` in the same folder names the classes
 *
 * With `unlabeled`, also a plain folder of pictures, files or a glob; then no picture has a label.
 *
 * @throws MobileNetError `not-found` if nothing is there, `broken-file` with file and line if something is damaged, `usage`
 *   if it is not a data set, or if it has a single class and `oneClass` is not set
 * @example
 * const dataset = await openDataset("photos/train", { onNote: console.warn });
 */
export async function openDataset(
	location: string | readonly string[],
	options: OpenOptions = {},
): Promise<Dataset> {
	const { unlabeled = false, signal } = options;
	signal?.throwIfAborted();
	const locations = typeof location === "string" ? [location] : location;
	const paths = locations.includes("") ? [] : (await Promise.all(locations.map(expanded))).flat();
	const [first] = paths;
	if (first === undefined)
		throw new MobileNetError("usage", "give the pictures: a folder of class folders, a list, or shards.");
	if (paths.every((path) => shardEndings.test(path))) return openShards(paths, options);
	if (unlabeled && paths.every((path) => isPictureName(path)))
		return datasetOfFiles(
			paths.length === 1 ? first : `${first} and ${paths.length - 1} more`,
			paths,
			[],
			new Int32Array(paths.length).fill(-1),
		);
	if (paths.length > 1)
		throw new MobileNetError(
			"usage",
			`${first} and ${paths[1]} cannot be one data set, since only shards (.tar, .tar.gz) can be combined: give the folder that contains the class folders, or one list.`,
		);
	if (listEndings.test(first)) return openList(first, options);
	let isFolder: boolean;
	try {
		isFolder = (await stat(first)).isDirectory();
	} catch (error) {
		throw notReadable(first, error);
	}
	if (!isFolder)
		throw new MobileNetError(
			"usage",
			`${first} is not a data set: expected a folder with a folder of pictures for each class, a list (.csv, .tsv) or shards (.tar, .tar.gz).`,
		);
	const shards = await shardsIn(first);
	if (shards.length > 0) return openShards(shards, options);
	return unlabeled ? openPictures(first, options) : openClassFolders(first, options);
}

/** The paths of a location: itself, or the matches of a glob. */
async function expanded(location: string): Promise<readonly string[]> {
	try {
		await stat(location);
		return [location];
	} catch (error) {
		if (!isDynamicPattern(location)) throw notReadable(location, error);
	}
	const found = await glob(location.replaceAll("\\", "/"), { absolute: false });
	if (found.length === 0) throw new MobileNetError("not-found", `no file matches ${location}.`);
	return found.sort();
}

/** The shards in a folder: those for training if there are any, else all. */
async function shardsIn(folder: string): Promise<readonly string[]> {
	let names: readonly string[];
	try {
		names = (await readdir(folder)).filter((name) => shardEndings.test(name) && !name.startsWith(".")).sort();
	} catch (error) {
		throw notReadable(folder, error);
	}
	const training = names.filter((name) => basename(name).startsWith("train-"));
	return (training.length > 0 ? training : names).map((name) => join(folder, name));
}

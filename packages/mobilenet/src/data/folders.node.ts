/** Folders of pictures, searched recursively: a folder for each class, or pictures without classes. */
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { MobileNetError, shown } from "../base/error.ts";
import { notReadable } from "../base/file-errors.ts";
import { isPictureName } from "../image/picture-file.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset } from "./dataset.ts";
import type { OpenOptions } from "./open-options.ts";
import { placeReader } from "./places.node.ts";

/** Names of folders that are parts of a data set rather than classes. */
const parts = /^(train|training|val|valid|validation|test|testing|eval)$/i;

/**
 * Opens a folder of class folders as a data set. Classes are sorted by name; a name that is a WordNet id is also the
 * label's id.
 *
 * @throws MobileNetError `not-found` if there are no pictures, `usage` if there are fewer than two classes
 */
export async function openClassFolders(folder: string, options: OpenOptions): Promise<Dataset> {
	const { onNote = () => undefined, signal } = options;
	const loose: string[] = [];
	const classes: Label[] = [];
	const paths: string[] = [];
	const labels: number[] = [];
	const empty: string[] = [];
	const names: string[] = [];
	for (const entry of await entriesOf(folder)) {
		if (!(await isFolder(folder, entry))) {
			if (isPictureName(entry.name)) loose.push(entry.name);
			continue;
		}
		const pictures = await picturesBelow(join(folder, entry.name), signal);
		names.push(entry.name);
		if (pictures.length === 0) {
			empty.push(entry.name);
			continue;
		}
		for (const picture of pictures) {
			paths.push(picture);
			labels.push(classes.length);
		}
		const name = entry.name.normalize("NFC");
		classes.push({ name, ...(/^n\d{8}$/.test(name) && { id: name }) });
	}
	if (classes.length > 0 && names.every((name) => parts.test(name)))
		throw new MobileNetError(
			"usage",
			`${folder} holds ${names.join(" and ")}, which are parts of a data set, not classes: give ${join(folder, names.find((name) => /^train/i.test(name)) ?? names[0]!)}.`,
		);
	if (classes.length === 0)
		throw loose.length > 0
			? new MobileNetError(
					"usage",
					`${folder} holds pictures but no class folders with pictures: put the pictures into a folder for each class, such as ${join(folder, "cat", loose[0]!)}.`,
				)
			: noPictures(folder, "expected a folder for each class, with pictures in it");
	if (classes.length === 1 && !options.oneClass)
		throw new MobileNetError(
			"usage",
			`${folder} has pictures of one class only, ${shown(classes[0]!.name)}, but at least two are needed${empty.length > 0 ? `; ${list(empty)} ${empty.length === 1 ? "has" : "have"} no pictures` : ""}: add a folder with pictures of another class.`,
		);
	if (empty.length > 0)
		onNote(
			empty.length === 1
				? `The class folder ${list(empty)} of ${folder} holds no pictures: the class is left out.`
				: `The class folders ${list(empty)} of ${folder} hold no pictures: these classes are left out.`,
		);
	if (loose.length > 0)
		onNote(
			loose.length === 1
				? `A picture in ${folder} is in no class folder and is left out: ${loose[0]}.`
				: `${loose.length} pictures in ${folder} are in no class folder and are left out, such as ${loose[0]}.`,
		);
	return datasetOfFiles(folder, paths, classes, Int32Array.from(labels));
}

/** Opens a folder of pictures as a data set without classes. */
export async function openPictures(folder: string, { signal }: OpenOptions): Promise<Dataset> {
	const paths = await picturesBelow(folder, signal);
	if (paths.length === 0)
		throw noPictures(folder, "expected files such as photo.jpg in it or its subfolders");
	return datasetOfFiles(folder, paths, [], new Int32Array(paths.length).fill(-1));
}

/** Files as a data set. */
export function datasetOfFiles(
	name: string,
	paths: readonly string[],
	classes: readonly Label[],
	labels: Int32Array,
): Dataset {
	const places = {
		sources: paths,
		source: Int32Array.from(paths.keys()),
		offset: new Float64Array(paths.length),
		length: new Float64Array(paths.length).fill(-1),
	};
	const reader = placeReader(places);
	return {
		name,
		classes,
		labels,
		places,
		nameOf: (index) => paths[index]!,
		read: async (index) => {
			try {
				return await readFile(paths[index]!);
			} catch (error) {
				throw notReadable(paths[index]!, error);
			}
		},
		close: async () => reader.close(),
	};
}

/**
 * The pictures in a folder and its subfolders, sorted. Symbolic links to folders that were already visited are skipped,
 * and so are links to folders that contain the given one, since their other pictures do not belong to it.
 */
async function picturesBelow(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
	const found: string[] = [];
	const seen = new Set<string>();
	const waiting = [folder];
	const own = await realpath(folder);
	for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
		signal?.throwIfAborted();
		const real = await realpath(path);
		if (seen.has(real) || own.startsWith(real.endsWith(sep) ? real : real + sep)) continue;
		seen.add(real);
		for (const entry of await entriesOf(path)) {
			if (await isFolder(path, entry)) waiting.push(join(path, entry.name));
			else if (isPictureName(entry.name)) found.push(join(path, entry.name));
		}
	}
	return found.sort();
}

/** The entries of a folder, sorted, except hidden ones and those that macOS adds to archives. */
async function entriesOf(folder: string): Promise<Dirent[]> {
	try {
		const entries = await readdir(folder, { withFileTypes: true });
		return entries
			.filter(({ name }) => !name.startsWith(".") && name !== "__MACOSX")
			.sort((a, b) => (a.name < b.name ? -1 : 1));
	} catch (error) {
		throw notReadable(folder, error);
	}
}

/** Whether an entry is a folder or a link to one. False for a broken link. */
async function isFolder(folder: string, entry: Dirent): Promise<boolean> {
	if (!entry.isSymbolicLink()) return entry.isDirectory();
	return (await stat(join(folder, entry.name)).catch(() => undefined))?.isDirectory() ?? false;
}

function noPictures(folder: string, expected: string): MobileNetError {
	return new MobileNetError("not-found", `the folder ${folder} holds no pictures: ${expected}.`);
}

function list(names: readonly string[]): string {
	const some = names.slice(0, 5).map((name) => shown(basename(name)));
	return names.length > 5 ? `${some.join(", ")} and ${names.length - 5} more` : some.join(", ");
}

/**
 * Files in one place, a folder or a zip archive: which of them is the model, and which may hold its labels. Names only
 * help to find them; what they are, their content tells.
 */

import type { LabelFile, ModelFile } from "./file.ts";
import type { Opened } from "./opened.ts";
import { folderModel, formatOf, formats, hubConfiguration, hubWeights } from "./table.ts";
import type { ZipEntry } from "./zip.ts";

/** Files by their paths from a place, each read when it is asked for. */
export interface Files {
	/** How errors call the place. */
	readonly name: string;
	readonly paths: readonly string[];
	read(path: string): Promise<Uint8Array>;
}

/** How label files are called, likeliest first; Teachable Machine keeps them in metadata.json. */
const labelNames = [
	/^labels\.(txt|json)$/i,
	/^(.*[-_.])?(labels?|classes|class[-_]?names|label[-_]?map)\.(txt|json|pbtxt)$/i,
	/^metadata\.json$/i,
];
/** Endings of source files in C and C++, which may hold a model as an array. */
const cSource = /\.(h|hh|hpp|c|cc|cpp|cxx|ino)$/i;
/** No source file of fewer bytes holds a network, and so many are opened to find one. */
const sources = { least: 20_000, most: 20 } as const;

/** A folder, as formats that are folders are told. */
export function openedFolder({ name, paths: folder, read }: Files): Opened {
	return { name, bytes: new Uint8Array(0), folder, beside: read };
}

/** Label files beside a model, which are looked for only where it has none of its own. */
type LabelFiles = () => Promise<readonly LabelFile[]>;

/**
 * The one model in a folder: its path, or none where the folder itself is the model.
 *
 * @throws MobileNetError `not-found` where there is none, or several
 */
export async function locateIn(
	files: Files,
): Promise<{ readonly path: string | undefined; readonly labelFiles: LabelFiles }> {
	const path = formatOf(openedFolder(files)) ? undefined : await modelIn(files, false);
	return { path, labelFiles: async () => labelFilesIn(files, path ?? "") };
}

/**
 * The one model in an archive of whatever else; undefined where there is none.
 *
 * @throws MobileNetError `not-found` where there are several
 */
export async function locateInZip(
	entries: readonly ZipEntry[],
	bytes: Uint8Array,
	name: string,
): Promise<{ readonly file: ModelFile; readonly labelFiles: LabelFiles } | undefined> {
	const { filesOfZip } = await import("./zip-files.ts");
	const files = filesOfZip(entries, bytes, name);
	const path = await modelIn(files, true);
	if (path === undefined) return undefined;
	return { file: await fileIn(files, path), labelFiles: async () => labelFilesIn(files, path) };
}

/** @param mayBeNone whether the place may be something else than a place for a model */
async function modelIn(files: Files, mayBeNone: boolean): Promise<string | undefined> {
	const paths = files.paths.filter((path) => !/(^|\/)(\.|__MACOSX\/)/.test(path) && !path.endsWith("/"));
	const topmost = paths
		.filter((path) => lastPart(path) === folderModel)
		.sort((a, b) => a.split("/").length - b.split("/").length)[0];
	if (topmost !== undefined) return topmost;
	const hub = hubWeights
		.flatMap((name) => paths.filter((path) => lastPart(path) === name))
		.find((path) => paths.includes(besidePath(path, hubConfiguration)));
	if (hub !== undefined) return hub;
	const endings = formats.flatMap((format) => (format.read ? format.endings : []));
	const isModel = (path: string): boolean => endings.some((ending) => path.toLowerCase().endsWith(ending));
	const models = paths.filter(isModel);
	const found = models.length > 0 ? models : await modelsInC(files, paths);
	if (found.length === 1) return found[0]!;
	if (found.length === 0 && mayBeNone) return undefined;
	const { withoutModel } = await import("./unknown.ts");
	throw withoutModel({ name: files.name, folder: files.paths }, found, endings);
}

/** Source files that hold a model as an array of bytes. */
async function modelsInC(files: Files, paths: readonly string[]): Promise<readonly string[]> {
	const candidates = paths.filter((path) => cSource.test(path)).slice(0, sources.most);
	if (candidates.length === 0) return [];
	const { arrayInC } = await import("./c-array.ts");
	const found: string[] = [];
	for (const path of candidates) {
		const bytes = await files.read(path);
		if (bytes.byteLength >= sources.least && arrayInC(bytes)) found.push(path);
	}
	return found;
}

/** The label files in the folder of a model, likeliest first. */
export function labelFilesIn(files: Files, model: string): readonly LabelFile[] {
	const folder = model.split("/").slice(0, -1).join("/");
	const near = files.paths.filter((path) => path.split("/").slice(0, -1).join("/") === folder);
	return labelNames
		.flatMap((pattern) => near.filter((path) => pattern.test(lastPart(path))))
		.filter((path, i, all) => all.indexOf(path) === i)
		.map((path) => ({ name: lastPart(path), read: () => files.read(path) }));
}

/** One of the files, as a reader gets it. */
export async function fileIn(files: Files, path: string): Promise<ModelFile> {
	return {
		name: pathIn(files.name, path),
		bytes: await files.read(path),
		beside: (other) => files.read(besidePath(path, other)),
	};
}

function pathIn(folder: string, path: string): string {
	return `${folder.replace(/[/\\]$/, "")}/${path}`;
}

/** The path of another file in the folder of a file. */
function besidePath(path: string, name: string): string {
	return [...path.split("/").slice(0, -1), name].join("/");
}

function lastPart(path: string): string {
	return path.split("/").at(-1)!;
}

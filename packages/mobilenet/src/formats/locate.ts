/**
 * Where a model is: a file, a folder, an address, bytes, or a zip archive around any of these; and the label files that
 * lie beside it. What the model is, its content tells (table.ts); a name only helps to find it among others (folder.ts).
 */
import { listFolder, locationBeside, locationIn, readLocation } from "#files";
import { startsWith } from "../base/bytes.ts";
import { MobileNetError, shown, shownLocation } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import { fileAt, fileOf, type LabelFile } from "./file.ts";
import type { Files } from "./folder.ts";
import { type Opened, openFile } from "./opened.ts";
import { folderModel, formatOf, hubWeights } from "./table.ts";

export interface Located {
	readonly opened: Opened;
	/** The label files beside the model, likeliest first. */
	labelFiles(): Promise<readonly LabelFile[]>;
}

export interface LocateOptions {
	/** How errors call the model; the location where there is one. */
	readonly name?: string | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of each address as they come in, also of the files beside the first. */
	readonly onProgress?: OnProgress | undefined;
}

type Reading = Pick<LocateOptions, "signal" | "onProgress">;

/** @throws MobileNetError `not-found` where a folder or an archive holds no model or several */
export async function locate(
	source: string | URL | Uint8Array | ArrayBuffer,
	{ name, signal, onProgress }: LocateOptions,
): Promise<Located> {
	if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
		const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
		return located(await openFile(fileOf(bytes, name ?? "the model")), async () => []);
	}
	if (typeof source !== "string" && !(source instanceof URL))
		throw new MobileNetError(
			"usage",
			`a model is read from a path, a URL or bytes, not from ${shown(source)}.`,
		);
	const called = name ?? shownLocation(source);
	const reading = { signal, onProgress };
	const names = await listFolder(source);
	if (names) {
		const read = (path: string) => readLocation(locationIn(source, path), reading);
		return locateFiles({ name: called, paths: names, read });
	}
	if (String(source).endsWith("/")) return locateInAddress(source, called, reading);
	const file = await fileAt(source, called, reading);
	return located(await openFile(file), () => labelFilesBeside(source, reading));
}

/**
 * The model among files.
 *
 * @throws MobileNetError `not-found` where there is none, or several
 */
export async function locateFiles(files: Files): Promise<Located> {
	const { fileIn, locateIn, openedFolder } = await import("./folder.ts");
	const { path, labelFiles } = await locateIn(files);
	if (path === undefined) return { opened: openedFolder(files), labelFiles };
	return located(await openFile(await fileIn(files, path)), labelFiles);
}

/** The model of an address that ends in a slash, whose files nobody lists. */
async function locateInAddress(source: string | URL, called: string, reading: Reading): Promise<Located> {
	let missing: unknown;
	for (const path of [folderModel, hubWeights[0]])
		try {
			const location = locationIn(source, path);
			const file = await fileAt(location, `${called}${path}`, reading);
			return located(await openFile(file), () => labelFilesBeside(location, reading));
		} catch (error) {
			if (!(error instanceof MobileNetError) || error.code !== "not-found") throw error;
			// What was asked for first is what the error is about.
			missing ??= error;
		}
	throw missing;
}

/** A file that is opened, or what is in it where it is an archive around a model. */
async function located(opened: Opened, labelFiles: Located["labelFiles"]): Promise<Located> {
	const { zip, bytes, name } = opened;
	if (!zip || !startsWith(bytes, "PK\x03\x04") || formatOf(opened)) return { opened, labelFiles };
	const { locateInZip } = await import("./folder.ts");
	const found = await locateInZip(zip, bytes, name);
	// An archive in the archive is not opened again: that could go on for ever.
	return found
		? { opened: await openFile(found.file), labelFiles: found.labelFiles }
		: { opened, labelFiles };
}

async function labelFilesBeside(location: string | URL, reading: Reading): Promise<readonly LabelFile[]> {
	const paths = await listFolder(locationBeside(location, "."));
	if (!paths) return [];
	const read = (path: string) => readLocation(locationBeside(location, path), reading);
	const { labelFilesIn } = await import("./folder.ts");
	return labelFilesIn({ name: "", paths, read }, "");
}

/** Files and addresses in Node. The version for browsers and other runtimes is files.default.ts (`#files`). */
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MobileNetError, messageOf, shownLocation } from "./error.ts";
import { absolute, fetchBytes, isAddress } from "./fetch.ts";
import { notReadable, notWritable } from "./file-errors.ts";
import type { LocationOptions } from "./request.ts";

/** The bytes of a file (path or `file:` URL) or of an address. */
export async function readLocation(
	location: string | URL,
	options: LocationOptions = {},
): Promise<Uint8Array> {
	if (isAddress(location)) return fetchBytes(location, options);
	const { signal } = options;
	const path = pathOf(location);
	try {
		return await readFile(path, { signal });
	} catch (error) {
		signal?.throwIfAborted();
		throw notReadable(path, error);
	}
}

/** The names in a folder, sorted; undefined if the location is a file or an address. */
export async function listFolder(location: string | URL): Promise<readonly string[] | undefined> {
	if (isAddress(location)) return undefined;
	const path = pathOf(location);
	try {
		if (!(await stat(path)).isDirectory()) return undefined;
		return (await readdir(path)).sort();
	} catch (error) {
		throw notReadable(path, error);
	}
}

/** The location of a path in a folder, whose own location need not end in a slash. */
export function locationIn(folder: string | URL, path: string): string | URL {
	if (isAddress(folder)) return new URL(path, String(absolute(folder)).replace(/\/?$/, "/"));
	return resolve(pathOf(folder), path);
}

/** The location of a path relative to a file. */
export function locationBeside(file: string | URL, path: string): string | URL {
	return isAddress(file) ? new URL(path, absolute(file)) : resolve(pathOf(file), "..", path);
}

/**
 * Writes a file completely or not at all: to a temporary file in the same folder, which is then renamed. Whatever happens
 * meanwhile, the former file or the new one is there.
 *
 * @param location the path of a file, or its `file:` URL
 * @throws MobileNetError `unwritable`; `usage` for an address
 * @example
 * await writeLocation("model.safetensors", writeModel(model));
 */
export async function writeLocation(location: string | URL, bytes: Uint8Array): Promise<void> {
	if (isAddress(location))
		throw new MobileNetError("usage", `cannot write to the address ${location}: give the path of a file.`);
	const path = pathOf(location);
	const temporary = resolve(path, "..", `.${basename(path)}.${crypto.randomUUID()}`);
	try {
		await writeFile(temporary, bytes);
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true }).catch(() => undefined);
		throw notWritable(path, error);
	}
}

function pathOf(location: string | URL): string {
	if (!(location instanceof URL) && !location.startsWith("file:")) return location;
	try {
		return fileURLToPath(location);
	} catch (cause) {
		throw new MobileNetError(
			"usage",
			`${shownLocation(location)} is no file's address: ${messageOf(cause)}.`,
			{
				cause,
			},
		);
	}
}

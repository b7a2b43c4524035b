/** Files outside Node: there are only addresses, relative to the page. Its twin is files.node.ts; `#files` picks one. */
import { MobileNetError } from "./error.ts";
import { absolute, fetchBytes, type LocationOptions } from "./fetch.ts";

/** The bytes at an address. */
export async function readLocation(
	location: string | URL,
	options: LocationOptions = {},
): Promise<Uint8Array> {
	return fetchBytes(absolute(location), options);
}

/** An address does not say whether it is a folder. */
export async function listFolder(_location: string | URL): Promise<readonly string[] | undefined> {
	return undefined;
}

/** An address relative to a folder's, which need not end in a slash. */
export function within(folder: string | URL, path: string): string | URL {
	return new URL(path, String(absolute(folder)).replace(/\/?$/, "/"));
}

/** An address relative to a file's. */
export function beside(file: string | URL, path: string): string | URL {
	return new URL(path, absolute(file));
}

export async function writeLocation(location: string | URL, _bytes: Uint8Array): Promise<void> {
	throw new MobileNetError(
		"unsupported",
		`${location} cannot be written here: there are no files outside Node; take the bytes instead.`,
	);
}

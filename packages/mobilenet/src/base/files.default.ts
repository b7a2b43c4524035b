/** Files outside Node, which are addresses relative to the page. The version for Node is files.node.ts (`#files`). */
import { MobileNetError } from "./error.ts";
import { absolute, fetchBytes } from "./fetch.ts";
import type { LocationOptions } from "./request.ts";

/** The bytes at an address. */
export async function readLocation(
	location: string | URL,
	options: LocationOptions = {},
): Promise<Uint8Array> {
	return fetchBytes(absolute(location), options);
}

/** Always undefined: an address does not reveal whether it is a folder. */
export async function listFolder(_location: string | URL): Promise<readonly string[] | undefined> {
	return undefined;
}

/** The address of a path in a folder, whose own address need not end in a slash. */
export function locationIn(folder: string | URL, path: string): string | URL {
	return new URL(path, String(absolute(folder)).replace(/\/?$/, "/"));
}

/** The address of a path relative to a file. */
export function locationBeside(file: string | URL, path: string): string | URL {
	return new URL(path, absolute(file));
}

export async function writeLocation(location: string | URL, _bytes: Uint8Array): Promise<void> {
	throw new MobileNetError(
		"unsupported",
		`${location} cannot be written: files can be written in Node only; use the bytes instead.`,
	);
}

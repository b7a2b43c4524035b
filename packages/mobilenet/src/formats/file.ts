/** A model file as a format's reader gets it: bytes, a name for errors, and the way to the files beside it. */
import { locationBeside, readLocation } from "#files";
import { MobileNetError } from "../base/error.ts";
import type { LocationOptions } from "../base/request.ts";

export interface ModelFile {
	/** How errors call the file. */
	readonly name: string;
	/** None where it is a folder. */
	readonly bytes: Uint8Array;
	/** The bytes of another file, by its path from this one's folder. */
	beside(path: string): Promise<Uint8Array>;
}

/** A file that may hold the labels of a model. */
export interface LabelFile {
	/** Its name, as `inspect` says it. */
	readonly name: string;
	read(): Promise<Uint8Array>;
}

/** The file at a path or an address. */
export async function fileAt(
	location: string | URL,
	name: string,
	options: LocationOptions,
): Promise<ModelFile> {
	const bytes = await readLocation(location, options);
	return { name, bytes, beside: (path) => readLocation(locationBeside(location, path), options) };
}

/** A file of which there are only the bytes. */
export function fileOf(bytes: Uint8Array, name: string): ModelFile {
	return {
		name,
		bytes,
		beside: async (path) => {
			throw new MobileNetError(
				"usage",
				`${name} needs the file ${path} beside it, but only its bytes were given: give its path or its address.`,
			);
		},
	};
}

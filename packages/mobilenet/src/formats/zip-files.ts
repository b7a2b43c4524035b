/** A zip archive as a folder of files, for models that come with others in one: exports, downloads. */
import { MobileNetError, shown } from "../base/error.ts";
import { unzip, type ZipEntry } from "./zip.ts";

/** What unpacks to more than so many times the archive's length, and so many bytes besides, is not unpacked. */
const most = { times: 20, besides: 16 * 2 ** 20 } as const;

/**
 * The files of an archive by their paths.
 *
 * @param name how errors call the archive
 * @example
 * await filesOfZip(zipEntries(bytes, "export.zip")!, bytes, "export.zip").read("labels.txt")
 */
export function filesOfZip(entries: readonly ZipEntry[], bytes: Uint8Array, name: string) {
	const byPath = new Map(entries.map((entry) => [entry.path, entry]));
	const budget = { left: most.times * bytes.byteLength + most.besides };
	return {
		name,
		paths: [...byPath.keys()],
		read: async (path: string): Promise<Uint8Array> => {
			const entry = byPath.get(path);
			if (entry) return unzip(entry, budget);
			throw new MobileNetError("not-found", `the zip archive ${name} has no file ${shown(path)}.`);
		},
	};
}

/** Reads the bytes of pictures from files and memory. */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { MobileNetError } from "../base/error.ts";
import { notReadable } from "../base/file-errors.ts";
import type { Places } from "./dataset.ts";

export interface PlaceReader {
	/** Reads a picture's bytes, which the caller owns; `name` is what errors call it. */
	readonly read: (index: number, name: string) => Uint8Array;
	readonly close: () => void;
}

/** Opens files that contain many pictures only once. Reads are synchronous, since they take microseconds. */
export function placeReader({ sources, source, offset, length }: Places): PlaceReader {
	const open = new Map<string, number>();
	const readPart = (path: string, from: number, bytes: number, name: string): Uint8Array => {
		const file = open.get(path) ?? openSync(path, "r");
		open.set(path, file);
		const part = new Uint8Array(bytes);
		let read = 0;
		while (read < bytes) {
			const more = readSync(file, part, read, bytes - read, from + read);
			if (more === 0)
				throw new MobileNetError(
					"broken-file",
					`${name} should have ${bytes} bytes from byte ${from} on, but ${path} is ${bytes - read} bytes too short: it has changed since it was opened.`,
					{ file: path, offset: from + read },
				);
			read += more;
		}
		return part;
	};
	return {
		read: (index, name) => {
			const from = sources[source[index]!]!;
			const [start, bytes] = [offset[index]!, length[index]!];
			if (typeof from !== "string") return new Uint8Array(from, start, bytes).slice();
			try {
				return bytes < 0 ? readFileSync(from) : readPart(from, start, bytes, name);
			} catch (error) {
				if (error instanceof MobileNetError) throw error;
				throw notReadable(name, error);
			}
		},
		close: () => {
			for (const file of open.values()) closeSync(file);
			open.clear();
		},
	};
}

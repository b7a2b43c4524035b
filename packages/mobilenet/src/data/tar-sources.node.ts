/** Reads the bytes of tar archives, plain and gzipped, from front to back. */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { MobileNetError, messageOf } from "../base/error.ts";
import { notReadable } from "../base/file-errors.ts";
import type { TarSource } from "./tar.ts";

export interface OpenTarSource extends TarSource {
	readonly gzipped: boolean;
	readonly close: () => Promise<void>;
}

const windowBytes = 1 << 18;
/** Pictures hardly compress: an archive that unpacks to this many times its size, and to more than `littleBytes`, is a bomb. */
const mostRatio = 200;
const littleBytes = 1 << 26;

/** Opens an archive; its first two bytes, not its name, say whether it is gzipped. */
export async function openTar(path: string, signal: AbortSignal | undefined): Promise<OpenTarSource> {
	let file: FileHandle;
	try {
		file = await open(path, "r");
	} catch (error) {
		throw notReadable(path, error);
	}
	try {
		const magic = new Uint8Array(2);
		await file.read(magic, 0, 2, 0);
		if (magic[0] !== 0x1f || magic[1] !== 0x8b) return plain(path, file, (await file.stat()).size, signal);
		await file.close();
		return gzipped(path, signal);
	} catch (error) {
		await file.close().catch(() => undefined);
		throw notReadable(path, error);
	}
}

function plain(name: string, file: FileHandle, size: number, signal: AbortSignal | undefined): OpenTarSource {
	const window = new Uint8Array(windowBytes);
	let [from, filled, position] = [0, 0, 0];
	return {
		name,
		gzipped: false,
		take: async (length) => {
			const there = Math.max(Math.min(length, size - position), 0);
			if (there <= windowBytes) {
				if (position < from || position + there > from + filled) {
					signal?.throwIfAborted();
					from = position;
					filled = await read(file, window, from);
				}
				const start = position - from;
				const taken = window.slice(start, Math.min(start + there, filled));
				position += taken.length;
				return taken;
			}
			const bytes = new Uint8Array(there);
			const taken = bytes.subarray(0, await read(file, bytes, position));
			position += taken.length;
			return taken;
		},
		skip: async (length) => {
			const there = Math.max(Math.min(length, size - position), 0);
			position += there;
			return there;
		},
		close: () => file.close(),
	};
}

/** Fills an array from a position in a file, up to the end of the file. */
async function read(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
	let filled = 0;
	while (filled < into.length) {
		const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled);
		if (bytesRead === 0) break;
		filled += bytesRead;
	}
	return filled;
}

function gzipped(name: string, signal: AbortSignal | undefined): OpenTarSource {
	const packed = createReadStream(name, { highWaterMark: windowBytes });
	const unpacked = createGunzip({ chunkSize: windowBytes });
	packed.on("error", (error) => unpacked.destroy(error));
	packed.pipe(unpacked);
	const chunks: AsyncIterator<Uint8Array> = unpacked[Symbol.asyncIterator]();
	let chunk = new Uint8Array(0);
	let total = 0;
	/** Whether there are more bytes; reads the next chunk if necessary. */
	const more = async (): Promise<boolean> => {
		while (chunk.length === 0) {
			signal?.throwIfAborted();
			let next: IteratorResult<Uint8Array>;
			try {
				next = await chunks.next();
			} catch (error) {
				throw new MobileNetError(
					"broken-file",
					`${name} cannot be unpacked (${messageOf(error)}): it is damaged or cut short.`,
					{ cause: error },
				);
			}
			if (next.done) return false;
			chunk = next.value as Uint8Array<ArrayBuffer>;
			total += chunk.length;
			if (total > littleBytes + mostRatio * packed.bytesRead)
				throw new MobileNetError(
					"broken-file",
					`${name} unpacks to more than ${mostRatio} times its size, which pictures never do: it is damaged or malicious.`,
				);
		}
		return true;
	};
	const pass = async (length: number, each?: (part: Uint8Array) => void): Promise<number> => {
		let passed = 0;
		while (passed < length && (await more())) {
			const part = chunk.subarray(0, length - passed);
			each?.(part);
			passed += part.length;
			chunk = chunk.subarray(part.length);
		}
		return passed;
	};
	return {
		name,
		gzipped: true,
		take: async (length) => {
			// The usual case, with a single copy.
			if (chunk.length >= length) {
				const taken = chunk.slice(0, length);
				chunk = chunk.subarray(length);
				return taken;
			}
			const parts: Uint8Array[] = [];
			const taken = new Uint8Array(await pass(length, (part) => parts.push(part)));
			let to = 0;
			for (const part of parts) {
				taken.set(part, to);
				to += part.length;
			}
			return taken;
		},
		skip: (length) => pass(length),
		close: async () => {
			packed.destroy();
			unpacked.destroy();
		},
	};
}

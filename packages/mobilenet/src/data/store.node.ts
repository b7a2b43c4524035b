/**
 * Stores the bytes of pictures from a stream for random access: in shared memory up to a limit, then in a temporary file.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { MobileNetError, messageOf } from "../base/error.ts";

export interface Store {
	/** The memory and the file that hold the bytes, for `Places`. */
	readonly sources: readonly (string | SharedArrayBuffer)[];
	/** Stores bytes, and returns the number of their source and their first byte there. */
	readonly add: (bytes: Uint8Array) => { readonly source: number; readonly offset: number };
	/** Removes the file; memory is garbage-collected. */
	readonly close: () => void;
}

const blockBytes = 1 << 24;

/** @param most bytes to keep in memory */
export function createStore(most: number): Store {
	const sources: (string | SharedArrayBuffer)[] = [];
	let [inMemory, block, used] = [0, undefined as SharedArrayBuffer | undefined, 0];
	let file:
		| { readonly number: number; readonly path: string; readonly source: number; length: number }
		| undefined;
	const remove = (): void => {
		if (file) rmSync(file.path, { force: true });
	};
	const toFile = (bytes: Uint8Array): { source: number; offset: number } => {
		if (!file) {
			const path = join(tmpdir(), `mobilenet-${crypto.randomUUID()}.pictures`);
			file = { number: openSync(path, "wx"), path, source: sources.push(path) - 1, length: 0 };
			process.once("exit", remove);
		}
		const offset = file.length;
		for (let written = 0; written < bytes.length; )
			written += writeSync(file.number, bytes, written, bytes.length - written, offset + written);
		file.length += bytes.length;
		return { source: file.source, offset };
	};
	return {
		sources,
		add: (bytes) => {
			if (inMemory + bytes.length > most)
				try {
					return toFile(bytes);
				} catch (error) {
					throw new MobileNetError(
						"unwritable",
						`the temporary file for pictures of gzipped shards cannot be written in ${tmpdir()} (${messageOf(error)}): unpack the shards with gunzip first.`,
						{ cause: error },
					);
				}
			if (!block || used + bytes.length > block.byteLength) {
				block = new SharedArrayBuffer(Math.max(blockBytes, bytes.length));
				sources.push(block);
				used = 0;
			}
			new Uint8Array(block, used, bytes.length).set(bytes);
			inMemory += bytes.length;
			used += bytes.length;
			return { source: sources.lastIndexOf(block), offset: used - bytes.length };
		},
		close: () => {
			if (!file) return;
			closeSync(file.number);
			remove();
			process.off("exit", remove);
			file = undefined;
		},
	};
}

/** A run's folder on disk. Its twin for browsers and other runtimes is run-folder.default.ts. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { notReadable, notWritable, systemCode } from "../base/file-errors.ts";
import type { RunFolder } from "./run-folder.ts";

/**
 * A folder that is made when the first file is written. A file is written beside its place under one name that is
 * always the same, brought to the disk, and moved: a run that is killed at any moment leaves the former file or the new
 * one, and at most one draft, which the next write replaces.
 *
 * @example
 * train({ model, training, folder: runFolder("model.checkpoint") })
 */
export function runFolder(path: string): RunFolder {
	return {
		name: path,
		read: async (file) => {
			try {
				return await readFile(join(path, file));
			} catch (error) {
				if (systemCode(error) === "ENOENT") return undefined;
				throw notReadable(join(path, file), error);
			}
		},
		write: async (file, bytes) => {
			const draft = join(path, `.${file}.draft`);
			try {
				await mkdir(path, { recursive: true });
				await writeThrough(draft, bytes);
				await rename(draft, join(path, file));
				await syncFolder(path);
			} catch (error) {
				await rm(draft, { force: true }).catch(() => undefined);
				throw notWritable(join(path, file), error);
			}
		},
	};
}

async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
	const file = await open(path, "w");
	try {
		await file.writeFile(bytes);
		await file.sync();
	} finally {
		await file.close();
	}
}

/** Brings the move itself to the disk, where folders can be opened. */
async function syncFolder(path: string): Promise<void> {
	try {
		const folder = await open(path, "r");
		try {
			await folder.sync();
		} finally {
			await folder.close();
		}
	} catch {
		// Windows has no such thing: the move is whole all the same.
	}
}

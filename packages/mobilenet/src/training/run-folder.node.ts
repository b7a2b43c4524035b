/** A run's folder on disk. Browsers and other runtimes get run-folder.default.ts instead. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { notReadable, notWritable, systemCode } from "../base/file-errors.ts";
import type { RunFolder } from "./run-folder.ts";

/**
 * A folder that is made when the first file is written. Each file is written to a temporary file of a fixed name next to
 * it, synced to disk and renamed. A run that is killed at any moment leaves the old file or the new one, and at most one
 * temporary file, which the next write replaces.
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
			const temporary = join(path, `.${file}.draft`);
			try {
				await mkdir(path, { recursive: true });
				await writeThrough(temporary, bytes);
				await rename(temporary, join(path, file));
				await syncFolder(path);
			} catch (error) {
				await rm(temporary, { force: true }).catch(() => undefined);
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

/** Syncs the renaming to disk, if the system can open folders. */
async function syncFolder(path: string): Promise<void> {
	try {
		const folder = await open(path, "r");
		try {
			await folder.sync();
		} finally {
			await folder.close();
		}
	} catch {
		// Windows cannot; the renaming is atomic all the same.
	}
}

/**
 * Before a long run: the output's folder is made, a file is written where the output will be, and the room on the disk is
 * looked at, so that hours of work do not end with nothing saved. While it lasts, a file beside the output holds the number
 * of the process, because two runs with one output would write over each other's checkpoints.
 */
import { mkdir, open, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { MobileNetError } from "../network/index.ts";
import { messageOf, usageError } from "./errors.ts";
import type { RunPaths } from "./options/training.ts";
import { grouped } from "./table.ts";

/** Bytes that a run needs for its model, its checkpoints and its log: four times those of a network at α = 1. */
const wanted = 4 * 17e6;

/**
 * Takes the output for this run.
 *
 * @param say tells a person what is doubtful
 * @returns what gives it back
 * @throws MobileNetError `usage` if another run has it; `unwritable`
 */
export async function takeOutput(
	{ output, lock }: RunPaths,
	say: (message: string) => void,
): Promise<() => Promise<void>> {
	const folder = dirname(output);
	try {
		await mkdir(folder, { recursive: true });
		await writeFile(`${output}.tried`, new Uint8Array(1));
	} catch (error) {
		throw new MobileNetError("unwritable", `${output} cannot be written: ${messageOf(error)}`, {
			file: output,
			cause: error,
		});
	} finally {
		await rm(`${output}.tried`, { force: true }).catch(() => undefined);
	}
	const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: wanted, bsize: 1 }));
	if (bavail * bsize < wanted)
		say(
			`${folder} has room for ${grouped(Math.floor((bavail * bsize) / 1e6))} MB only: the model and its checkpoints may take ${grouped(Math.ceil(wanted / 1e6))} MB.`,
		);
	await lockFile(lock, output);
	return () => rm(lock, { force: true });
}

async function lockFile(lock: string, output: string): Promise<void> {
	for (let attempt = 0; ; attempt++)
		try {
			const file = await open(lock, "wx");
			await file.writeFile(`${process.pid}\n`);
			await file.close();
			return;
		} catch (error) {
			if ((error as { readonly code?: unknown }).code !== "EEXIST" || attempt > 0) {
				if (attempt === 0)
					throw new MobileNetError("unwritable", `${lock} cannot be written: ${messageOf(error)}`, {
						file: lock,
						cause: error,
					});
				throw usageError(`another run has just begun to write ${output}: choose another --output.`);
			}
			const owner = Number(await readFile(lock, "utf8").catch(() => ""));
			if (isRunning(owner))
				throw usageError(
					`process ${owner} is writing ${output}: wait for it, or choose another --output. If no run has that number, remove ${lock}.`,
				);
			// It was killed.
			await rm(lock, { force: true });
		}
}

/** Whether a process other than this one is there. */
function isRunning(owner: number): boolean {
	if (!Number.isSafeInteger(owner) || owner <= 0 || owner === process.pid) return false;
	try {
		process.kill(owner, 0);
		return true;
	} catch (error) {
		// It belongs to somebody else.
		return (error as { readonly code?: unknown }).code === "EPERM";
	}
}

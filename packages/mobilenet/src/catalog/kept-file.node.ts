/**
 * A file in a cache: under its name it is whole or it is not there. It grows as `NAME.incomplete`, which a later try goes on
 * with, and is renamed when its length and digest are right. Of several processes that want it one fetches it.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { notWritable, systemCode } from "../base/file-errors.ts";
import { type DownloadOptions, download, type Sink, SinkError } from "./download.ts";

const look = 100;
/** A lock of another machine, whose processes cannot be asked for, is taken for forgotten after an hour. */
const longestLock = 3_600_000;

/**
 * Fetches a file into a cache, unless it is there.
 *
 * @throws MobileNetError as `download` does; `unwritable` where the cache cannot take it
 */
export async function keepFile(target: string, address: string, options: DownloadOptions): Promise<void> {
	if (await isFile(target)) return;
	await made(dirname(target));
	await withLock(`${target}.lock`, options.signal, async () => {
		// Whoever had the lock before may have fetched it.
		if (await isFile(target)) return;
		const partial = `${target}.incomplete`;
		try {
			const sink = await fileSink(partial);
			await download(address, sink, options);
			if (sink.length() === 0) await sink.write(new Uint8Array(0));
			await rename(partial, target).catch((error: unknown) => {
				throw notWritable(target, error);
			});
		} catch (error) {
			const { cause } = error instanceof Error ? error : {};
			// What is left is of no use where the disk is full, and only takes more of it.
			if (systemCode(cause) !== undefined) await rm(partial, { force: true }).catch(() => undefined);
			throw error;
		}
	});
}

export async function isFile(path: string): Promise<boolean> {
	return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** Makes a folder. */
export async function made(folder: string): Promise<void> {
	await mkdir(folder, { recursive: true }).catch((error: unknown) => {
		throw notWritable(folder, error);
	});
}

async function fileSink(path: string): Promise<Sink> {
	let length = (await stat(path).catch(() => undefined))?.size ?? 0;
	const guarded = async <T>(work: Promise<T>): Promise<T> =>
		work.catch((error: unknown) => {
			throw new SinkError(notWritable(path, error));
		});
	return {
		length: () => length,
		restart: async () => {
			if (length > 0) await guarded(truncate(path));
			length = 0;
		},
		write: async (chunk) => {
			const file = await guarded(open(path, "a"));
			try {
				await guarded(file.appendFile(chunk));
			} finally {
				await file.close();
			}
			length += chunk.length;
		},
		digest: async (algorithm, head) => {
			const hash = createHash(algorithm.replace("-", "")).update(head);
			for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
			return hash.digest("hex");
		},
	};
}

/** Does something while no other process does. */
async function withLock(
	lock: string,
	signal: AbortSignal | undefined,
	work: () => Promise<void>,
): Promise<void> {
	const own = JSON.stringify({ process: process.pid, host: hostname() });
	while (true) {
		signal?.throwIfAborted();
		try {
			const file = await open(lock, "wx");
			await file.writeFile(own);
			await file.close();
			break;
		} catch (error) {
			if (systemCode(error) !== "EEXIST") throw notWritable(lock, error);
		}
		if (await isForgotten(lock)) await rm(lock, { force: true });
		else await sleep(look, undefined, { signal });
	}
	try {
		await work();
	} finally {
		await rm(lock, { force: true });
	}
}

/** Whether the process that made a lock has ended without removing it. */
async function isForgotten(lock: string): Promise<boolean> {
	const made = await stat(lock).catch(() => undefined);
	const [, number, host] =
		/"process":(\d+),"host":"(.*)"/.exec(await readFile(lock, "utf8").catch(() => "")) ?? [];
	if (!made) return false;
	if (host !== hostname())
		return Date.now() - made.mtimeMs > (number === undefined ? 10 * look : longestLock);
	if (Number(number) === process.pid) return false;
	try {
		process.kill(Number(number), 0);
		return false;
	} catch (error) {
		return systemCode(error) === "ESRCH";
	}
}

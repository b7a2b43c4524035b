/**
 * Fetches a file into a folder. It is there under its name only when it is complete and checked; what was cut short stays
 * beside it as `*.incomplete`, and the next try goes on with it.
 */
import { type FileHandle, lstat, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Digest, type DownloadOptions, download, matches } from "../base/download.ts";
import type { MobileNetError } from "../base/error.ts";
import { notWritable } from "../base/file-errors.ts";
import { lock } from "./lock.node.ts";

/** In bytes; servers send no longer header. */
const longestVersion = 16_384;

export interface Keeping extends DownloadOptions {
	readonly path: string;
	readonly partial: string;
	readonly lock: string;
	/** Whether not to be able to keep it is an error. */
	readonly mustKeep?: boolean | undefined;
	/** Whether the server's word for the version is kept beside it, in `*.etag`. */
	readonly keepsVersion?: boolean | undefined;
	/** What another process may have fetched while this one waited, or else what to add to the request. */
	here(): Promise<{ readonly bytes?: Uint8Array | undefined; readonly headers?: Record<string, string> }>;
}

export interface Kept {
	readonly bytes: Uint8Array;
	/** Why it is not there under its name. */
	readonly notKept: MobileNetError | undefined;
	/** Whether it was there already. */
	readonly wasHere: boolean;
}

/**
 * @throws Failure where it cannot be fetched; MobileNetError `unwritable` where it must be kept and cannot be
 */
export async function fetchKept(address: string, options: Keeping): Promise<Kept> {
	const { path, mustKeep, here, signal } = options;
	let unlock: (() => Promise<void>) | undefined;
	let notKept: MobileNetError | undefined;
	try {
		unlock = await lock(options.lock, signal);
	} catch (error) {
		signal?.throwIfAborted();
		notKept = notWritable(path, error);
		if (mustKeep) throw notKept;
	}
	try {
		const { bytes: there, headers } = await here();
		if (there) return { bytes: there, notKept: undefined, wasHere: true };
		const file = new PartialFile(options, notKept);
		const begun = await file.begun();
		try {
			const { bytes } = await download(address, {
				...options,
				begun,
				headers: { ...options.headers, ...headers },
				onChunk: (chunk, offset) => file.write(chunk, offset),
				onVersion: (etag) => file.beginAnew(etag),
			});
			await file.finish(bytes.length);
			return { bytes, notKept: file.fault, wasHere: false };
		} catch (error) {
			await file.leave();
			throw error;
		}
	} finally {
		await unlock?.();
	}
}

/** The bytes of a file, if they are what they must be. */
export async function verified(
	path: string,
	{ bytes, digest }: { readonly bytes?: number | undefined; readonly digest?: Digest | undefined },
): Promise<Uint8Array | undefined> {
	const state = await stat(path).catch(() => undefined);
	// From what is no file, reading may never end.
	if (!state?.isFile() || (bytes !== undefined && state.size !== bytes)) return undefined;
	const there = await readFile(path).catch(() => undefined);
	if (!there || (bytes !== undefined && there.length !== bytes)) return undefined;
	const plain = new Uint8Array(there.buffer, there.byteOffset, there.length);
	return !digest || (await matches(plain, digest)) ? plain : undefined;
}

/** The server's word for a version that was kept; undefined where there is none, or a link to another file. */
export async function keptVersion(path: string): Promise<string | undefined> {
	const state = await lstat(path).catch(() => undefined);
	return state?.isFile() && state.size <= longestVersion
		? readFile(path, "utf8").catch(() => undefined)
		: undefined;
}

/** What is on the disk of a file that is being fetched. A disk that fails does not end the download. */
class PartialFile {
	fault: MobileNetError | undefined;
	private handle: FileHandle | undefined;
	private etag: string | undefined;
	private readonly options: Keeping;

	constructor(options: Keeping, fault: MobileNetError | undefined) {
		this.options = options;
		this.fault = fault;
	}

	async begun(): Promise<DownloadOptions["begun"]> {
		if (this.fault) return undefined;
		const { partial } = this.options;
		const state = await lstat(partial).catch(() => undefined);
		// To write into a link would be to write into another file, wherever that is.
		if (state && !state.isFile()) {
			await this.drop();
			return undefined;
		}
		const bytes = await readFile(partial).catch(() => undefined);
		this.etag = await keptVersion(`${partial}.etag`);
		return bytes && bytes.length > 0 ? { bytes, etag: this.etag } : undefined;
	}

	async beginAnew(etag: string | undefined): Promise<void> {
		this.etag = etag;
		await this.attempt(async () => {
			const { partial } = this.options;
			await this.handle?.truncate(0);
			if (!this.handle) await rm(partial, { force: true });
			// Removed first, for it may be a link.
			await rm(`${partial}.etag`, { force: true });
			if (etag !== undefined) {
				await mkdir(dirname(partial), { recursive: true });
				await writeFile(`${partial}.etag`, etag);
			}
		});
	}

	async write(chunk: Uint8Array, offset: number): Promise<void> {
		await this.attempt(async () => {
			const file = await this.opened();
			for (let written = 0; written < chunk.length; ) {
				const { bytesWritten } = await file.write(chunk, written, chunk.length - written, offset + written);
				written += bytesWritten;
			}
		});
	}

	/** Gives the whole file its name. */
	async finish(length: number): Promise<void> {
		const { path, partial, keepsVersion } = this.options;
		await this.attempt(async () => {
			const file = await this.opened();
			// Without this, a name could outlive its bytes when the machine stops.
			await file.sync();
			await file.close();
			this.handle = undefined;
			if ((await stat(partial)).size !== length) throw new Error("another program changed it meanwhile");
			await rename(partial, path);
			if (keepsVersion && this.etag !== undefined) await rename(`${partial}.etag`, `${path}.etag`);
			else await rm(`${partial}.etag`, { force: true });
		});
	}

	/** Closes what was not finished; nothing stays of what nobody could go on with. */
	async leave(): Promise<void> {
		await this.handle?.close().catch(() => undefined);
		this.handle = undefined;
		const { partial, digest } = this.options;
		const length = await stat(partial).then(
			({ size }) => size,
			() => 0,
		);
		if (length === 0 || (this.etag === undefined && digest === undefined)) await this.drop();
	}

	private async opened(): Promise<FileHandle> {
		if (this.handle) return this.handle;
		const { partial } = this.options;
		await mkdir(dirname(partial), { recursive: true });
		// Neither appends nor truncates.
		this.handle = await open(partial, "r+").catch(() => open(partial, "w"));
		return this.handle;
	}

	private async attempt(work: () => Promise<void>): Promise<void> {
		if (this.fault) return;
		try {
			await work();
		} catch (error) {
			this.fault = notWritable(this.options.path, error);
			await this.handle?.close().catch(() => undefined);
			this.handle = undefined;
			await this.drop();
			if (this.options.mustKeep) throw this.fault;
		}
	}

	private async drop(): Promise<void> {
		const { partial } = this.options;
		for (const file of [partial, `${partial}.etag`]) await rm(file, { force: true }).catch(() => undefined);
	}
}

/**
 * A file from an address, whole: tried again where a connection breaks, from where it broke; of the length and the digest
 * that are expected, or not at all. Where its bytes go is a sink's to say: memory, or a file in a cache.
 */
import { MobileNetError, messageOf, shownLocation } from "../base/error.ts";
import { answered, chunksOf, joined, lengthOf, type RequestOptions, request } from "../base/fetch.ts";
import type { OnProgress } from "../base/progress.ts";

/** Where the bytes of a download go. */
export interface Sink {
	/** How many there are already, from an earlier try. */
	readonly length: () => number;
	/** Forgets them. */
	readonly restart: () => Promise<void>;
	readonly write: (chunk: Uint8Array) => Promise<void>;
	/** The digest of `head` and all of them, in hexadecimal; undefined where there is nothing to compute it with. */
	readonly digest: (algorithm: "SHA-256" | "SHA-1", head: string) => Promise<string | undefined>;
}

export interface DownloadOptions extends RequestOptions {
	/** How long the file is. */
	readonly bytes?: number | undefined;
	/** In hexadecimal. */
	readonly sha256?: string | undefined;
	/** Git's name of it: the SHA-1 of `blob LENGTH`, a zero byte and the content. */
	readonly gitBlob?: string | undefined;
	readonly onProgress?: OnProgress | undefined;
	/** Waits between tries, in milliseconds. Default: with a timer. */
	readonly wait?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** Tries in a row that bring nothing new. */
const mostTries = 4;
const firstWait = 500;
/** Nobody waits longer for a server that says when to come again. */
const longestWait = 30_000;

/**
 * Downloads a file into a sink.
 *
 * @throws MobileNetError `not-found` where the server has no file or gives no answer; `broken-file` where the bytes are not
 * those that are expected; the signal's reason
 */
export async function download(address: string, sink: Sink, options: DownloadOptions = {}): Promise<void> {
	const { signal, onProgress, bytes: expected, sha256, gitBlob, wait = waiting } = options;
	const file = shownLocation(address);
	let tries = 0;
	let most = sink.length();
	let failure = "";
	let tag: string | undefined;
	while (true) {
		signal?.throwIfAborted();
		const start = sink.length();
		if (start > 0 && start === expected) break;
		const [asked, pause] = await attempt(start);
		if (asked === "done") break;
		tries = sink.length() > most ? 1 : tries + 1;
		most = Math.max(most, sink.length());
		if (asked === "final" || tries >= mostTries)
			throw new MobileNetError("not-found", `${file} cannot be fetched: ${failure}.`, { file });
		await wait(pause ?? firstWait * 2 ** (tries - 1), signal);
	}
	const right = sha256 ?? gitBlob;
	if (right === undefined) return;
	const digest = sha256
		? await sink.digest("SHA-256", "")
		: await sink.digest("SHA-1", `blob ${sink.length()}\0`);
	if (digest === undefined || digest === right) return;
	await sink.restart();
	throw new MobileNetError(
		"broken-file",
		`${file} is not the file that is expected: its ${sha256 ? "SHA-256" : "name in Git"} is ${digest}, not ${right}.`,
		{ file },
	);

	/** One try: whether all is there, whether another makes sense, and when the server wants it. */
	async function attempt(
		start: number,
	): Promise<[outcome: "done" | "again" | "final", pause?: number | undefined]> {
		const resumed = start > 0 ? { range: `bytes=${start}-`, ...(tag && { "if-range": tag }) } : {};
		let response: Response;
		try {
			response = await request(address, { ...options, headers: { ...options.headers, ...resumed } });
		} catch (error) {
			signal?.throwIfAborted();
			failure = reason(error);
			return [isFinal(error) ? "final" : "again"];
		}
		if (!response.ok) {
			failure = answered(response);
			await response.body?.cancel().catch(() => undefined);
			if (response.status === 416) await sink.restart();
			const isPassing = response.status === 416 || response.status === 429 || response.status >= 500;
			const pause = secondsOf(response.headers.get("retry-after"));
			return [isPassing && (pause ?? 0) <= longestWait ? "again" : "final", pause];
		}
		if (start > 0 && !(response.status === 206 && startOf(response) === start)) await sink.restart();
		tag = response.headers.get("etag")?.replace(/^W\/.*/, "") || undefined;
		const length = lengthOf(response);
		const total = expected ?? (length === undefined ? undefined : sink.length() + length);
		try {
			for await (const chunk of chunksOf(response, options)) {
				const loaded = sink.length() + chunk.length;
				if (total !== undefined && loaded > total) {
					await sink.restart();
					failure = `the server sends more than the ${total} bytes that are expected`;
					return ["final"];
				}
				await sink.write(chunk);
				onProgress?.({ loaded, total, source: address });
			}
		} catch (error) {
			signal?.throwIfAborted();
			if (error instanceof SinkError) throw error.cause;
			failure = `the connection broke after ${sink.length()} bytes (${reason(error)})`;
			return ["again"];
		}
		if (total === undefined || sink.length() === total) return ["done"];
		failure = `the connection ended after ${sink.length()} of ${total} bytes`;
		return ["again"];
	}
}

/** What a sink throws of itself, so that it is not taken for a failure of the network. */
export class SinkError extends Error {
	constructor(cause: unknown) {
		super(messageOf(cause), { cause });
	}
}

/** A sink in memory, and what is in it. */
export function memorySink(): Sink & { readonly bytes: () => Uint8Array<ArrayBuffer> } {
	let chunks: Uint8Array[] = [];
	let length = 0;
	const bytes = () => joined(chunks, length);
	return {
		length: () => length,
		restart: async () => {
			chunks = [];
			length = 0;
		},
		write: async (chunk) => {
			chunks.push(chunk);
			length += chunk.length;
		},
		digest: async (algorithm, head) => {
			// Pages that are not secure have none.
			const subtle = crypto.subtle as typeof crypto.subtle | undefined;
			if (!subtle) return undefined;
			const all = joined([new TextEncoder().encode(head), ...chunks], head.length + length);
			const digest = new Uint8Array(await subtle.digest(algorithm, all));
			return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
		},
		bytes,
	};
}

/** The end of a sentence about a fetch that failed. */
function reason(error: unknown): string {
	const { cause } = error instanceof MobileNetError ? error : { cause: error };
	return messageOf(cause instanceof Error && cause.cause ? cause.cause : (cause ?? error)).replace(/\.$/, "");
}

/** An address that leads nowhere, or whose host is not there, will not be there in a second. */
function isFinal(error: unknown): boolean {
	if (!(error instanceof MobileNetError)) return false;
	const { cause } = error;
	return cause === undefined || /ENOTFOUND|ECONNREFUSED/.test(reason(error));
}

/** Milliseconds until a server wants to be asked again: seconds, or a date. */
function secondsOf(header: string | null): number | undefined {
	if (header === null) return undefined;
	const seconds = Number(header);
	const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
	return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/** Where the part of a file begins that an answer is. */
function startOf({ headers }: Response): number | undefined {
	const [, start] = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "") ?? [];
	return start === undefined ? undefined : Number(start);
}

function waiting(milliseconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const stop = (): void => {
			clearTimeout(timer);
			reject(signal!.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			resolve();
		}, milliseconds);
		signal?.addEventListener("abort", stop, { once: true });
	});
}

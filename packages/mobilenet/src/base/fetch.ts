/**
 * Fetching from addresses, the same in every runtime: the one place where anything is asked of a network. Who fetches
 * weights, with retries and digests, builds on it (catalog/download.ts).
 */
import { MobileNetError, messageOf, shownLocation } from "./error.ts";
import type { OnProgress } from "./progress.ts";

/** How a file or an address is read. */
export interface LocationOptions {
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of an address as they come in. */
	readonly onProgress?: OnProgress | undefined;
	/** How often an address may lead on to another. Default: 5. */
	readonly redirects?: number | undefined;
}

export interface RequestOptions extends Omit<LocationOptions, "onProgress"> {
	readonly method?: "GET" | "HEAD" | undefined;
	/** Headers by their names in small letters. `authorization` goes to the address's own host alone. */
	readonly headers?: Readonly<Record<string, string>> | undefined;
	/** Whether an answer that leads on to another address is followed; else it is given itself. Default: always. */
	readonly isFollowed?: ((answer: Response) => boolean) | undefined;
	/** Milliseconds without an answer or without a byte of it after which it is given up. Default: 30,000. */
	readonly idle?: number | undefined;
}

const usualRedirects = 5;
const longestIdle = 30_000;

/** Whether a location is an address to fetch (`http:`, `https:`, `data:`, `blob:`) rather than a path. */
export function isAddress(location: string | URL): boolean {
	return /^(https?|data|blob):/i.test(String(location));
}

/**
 * Resolves an address against the page or the worker's script.
 *
 * @throws MobileNetError `usage` if the address is relative and there is neither, as on servers other than Node, or if
 * it is invalid
 */
export function absolute(location: string | URL): URL {
	const { document, location: here } = globalThis as {
		document?: { readonly baseURI: string };
		location?: { readonly href: string };
	};
	const page = document?.baseURI ?? here?.href;
	try {
		return new URL(location, page);
	} catch (error) {
		throw new MobileNetError(
			"usage",
			`${shownLocation(location)} is not a complete address, and ${page === undefined ? "there is no page to complete it" : `${shownLocation(page)} cannot complete it`}: give one that begins with https:.`,
			{ cause: error },
		);
	}
}

/**
 * The answer to a request, of whatever status; addresses that lead on to others are followed.
 *
 * @throws MobileNetError `not-found` in one sentence: no answer, or an address that leads nowhere
 * @example
 * const { status, headers } = await request("https://example.org/model.tflite", { method: "HEAD" });
 */
export async function request(address: string | URL, options: RequestOptions = {}): Promise<Response> {
	const { signal, method = "GET", headers = {}, isFollowed = () => true } = options;
	const { redirects = usualRedirects, idle = longestIdle } = options;
	const refuse = (what: string, cause?: unknown): never => {
		const file = shownLocation(address);
		throw new MobileNetError("not-found", `${file} cannot be fetched: ${what}.`, { file, cause });
	};
	const ask = async (url: URL, redirect: "manual" | "follow", sent: Record<string, string>) => {
		const controller = new AbortController();
		const stop = (): void => controller.abort(signal?.reason);
		signal?.addEventListener("abort", stop, { once: true });
		try {
			const asked = fetch(url, { method, headers: sent, redirect, signal: controller.signal });
			return await within(asked, idle, () => controller.abort());
		} catch (error) {
			signal?.throwIfAborted();
			return refuse(messageOf(error instanceof Error && error.cause ? error.cause : error), error);
		} finally {
			signal?.removeEventListener("abort", stop);
		}
	};

	signal?.throwIfAborted();
	const first = absolute(address);
	let url = first;
	for (let left = redirects; ; left--) {
		const { authorization, ...others } = headers;
		const isOwn = authorization !== undefined && url.origin === first.origin;
		const sent = isOwn ? { ...others, authorization } : others;
		const response = await ask(url, "manual", sent);
		const isHidden = response.type === "opaqueredirect";
		const to = response.headers.get("location");
		if (!isHidden && (response.status < 300 || response.status > 399 || to === null)) return response;
		if (!isHidden && !isFollowed(response)) return response;
		if (left === 0)
			refuse(
				redirects === 0
					? "the address leads on to another, which is not followed unless `redirects` allows it"
					: `it leads on to another address more than ${redirects} times`,
			);
		// A page is not told where an address leads, and its browser follows it by its own rules.
		if (isHidden) return ask(url, "follow", sent);
		await response.body?.cancel().catch(() => undefined);
		const next = new URL(to!, url);
		if (next.protocol !== "https:" && next.protocol !== url.protocol)
			refuse(`it leads on to ${shownLocation(next)}, which is not encrypted`);
		url = next;
	}
}

/**
 * The bytes of an answer as they come in.
 *
 * @throws the signal's reason; an error where the connection ends early or nothing comes for so long
 */
export async function* chunksOf(
	response: Response,
	{ signal, idle = longestIdle }: Pick<RequestOptions, "signal" | "idle"> = {},
): AsyncGenerator<Uint8Array> {
	const reader = response.body?.getReader();
	// A connection that is not read to its end is given up.
	const stop = (): void => void reader?.cancel().catch(() => undefined);
	signal?.addEventListener("abort", stop, { once: true });
	try {
		while (reader) {
			const { done, value } = await within(reader.read(), idle, stop);
			signal?.throwIfAborted();
			if (done) return;
			yield value;
		}
	} finally {
		signal?.removeEventListener("abort", stop);
		stop();
	}
}

/** The length that an answer promises, in bytes as they arrive here; undefined where it promises none. */
export function lengthOf({ headers }: Response): number | undefined {
	const length = Number(headers.get("content-length") ?? Number.NaN);
	// The length of what is sent compressed is not that of what arrives.
	return length >= 0 && !headers.has("content-encoding") ? length : undefined;
}

/** What a server answered, for the end of a sentence: `the server answered 404 Not Found`. */
export function answered({ status, statusText }: Response): string {
	return `the server answered ${status} ${statusText}`.trimEnd();
}

/** The bytes at an address. */
export async function fetchBytes(
	address: string | URL,
	{ onProgress, ...options }: LocationOptions & RequestOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
	const file = shownLocation(address);
	const response = await request(address, options);
	if (!response.ok)
		throw new MobileNetError("not-found", `${file} cannot be fetched: ${answered(response)}.`, { file });
	const total = lengthOf(response);
	const chunks: Uint8Array[] = [];
	let loaded = 0;
	try {
		for await (const chunk of chunksOf(response, options)) {
			chunks.push(chunk);
			loaded += chunk.length;
			onProgress?.({ loaded, total, source: String(address) });
		}
	} catch (error) {
		options.signal?.throwIfAborted();
		const cause = error instanceof Error && error.cause ? error.cause : error;
		throw new MobileNetError("not-found", `${file} cannot be fetched: ${messageOf(cause)}.`, {
			file,
			cause: error,
		});
	}
	if (total !== loaded && loaded > 0) onProgress?.({ loaded, total: loaded, source: String(address) });
	return joined(chunks, loaded);
}

/** Chunks as one. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(length);
	let offset = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, offset);
		offset += chunk.length;
	}
	return bytes;
}

/** A promise, unless it takes too long. */
async function within<T>(promise: Promise<T>, milliseconds: number, onLate: () => void): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new Error(`nothing came for ${Math.round(milliseconds / 1000)} s`));
			onLate();
		}, milliseconds);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

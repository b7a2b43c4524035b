/**
 * One request to a server, the same in every runtime: which redirects are followed, who is sent the token, how long a
 * silence may last, and how many bytes may come. Trying again is download.ts.
 */
import { MobileNetError, messageOf, shownLocation } from "./error.ts";
import type { OnProgress } from "./progress.ts";

/** How a file or an address is read. */
export interface LocationOptions extends Patience {
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of an address as they come in. */
	readonly onProgress?: OnProgress | undefined;
	/** How many redirects of an address are followed. Default: 5. */
	readonly redirects?: number | undefined;
	/** How many bytes an address may have. Default: any number. */
	readonly most?: number | undefined;
}

/** How long is waited for a server, and how often it is asked. */
export interface Patience {
	/** How often in a row an address is tried without a new byte. Default: 4. */
	readonly tries?: number | undefined;
	/** Milliseconds that may pass without a byte. Default: 30,000. */
	readonly idle?: number | undefined;
	/** Waits between two tries. */
	readonly sleep?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

export interface RequestOptions {
	readonly signal?: AbortSignal | undefined;
	/** How many redirects are followed. Default: 5. */
	readonly redirects?: number | undefined;
	/** Milliseconds that may pass without a byte. Default: 30,000. */
	readonly idle?: number | undefined;
	/** Sent to the server of the address as its bearer's, never along a redirect to another. */
	readonly token?: string | undefined;
	readonly headers?: Readonly<Record<string, string>> | undefined;
	readonly method?: "GET" | "HEAD" | undefined;
	/** Whether the browser's own cache of addresses is left out. */
	readonly cache?: "no-store" | undefined;
	/** Gives back a redirect to another server instead of following it. */
	readonly stays?: boolean | undefined;
}

/** What a server answered, before its bytes are read. */
export interface Answer {
	readonly response: Response;
	/** Who is speaking, as sentences say it: `the server`, or the host that a redirect led to. */
	readonly server: string;
	/** The bytes as they come. */
	chunks(): AsyncGenerator<Uint8Array, void>;
	/** Ends the request, whatever has been read of it. */
	close(): void;
}

/** Why something could not be fetched, for a sentence that names the address. */
export class Failure extends Error {
	/** `the server answered 404 Not Found` */
	readonly reason: string;
	/** What the server answered; undefined where it did not answer. */
	readonly status: number | undefined;
	/** Whether the same request may succeed later. */
	readonly passes: boolean;
	/** Milliseconds that the server asks to wait. */
	readonly wait: number | undefined;
	/** What the server says of its error in a header, as Hugging Face's hub does. */
	readonly kind: string | undefined;

	constructor(
		reason: string,
		about: {
			readonly status?: number;
			readonly passes?: boolean;
			readonly wait?: number | undefined;
			readonly kind?: string | undefined;
			readonly cause?: unknown;
		} = {},
	) {
		super(reason, { cause: about.cause });
		this.reason = reason;
		this.status = about.status;
		this.passes = about.passes ?? false;
		this.wait = about.wait;
		this.kind = about.kind;
	}
}

/** The error of this package for an address that failed; other errors as they are. */
export function unfetched(address: string | URL, error: unknown): unknown {
	if (!(error instanceof Failure)) return error;
	const file = shownLocation(address);
	return new MobileNetError("not-found", `${file} cannot be fetched: ${error.reason}.`, {
		file,
		cause: error.cause ?? error,
	});
}

/** Whatever a server says: in milliseconds, a year. */
const longestWait = 365 * 24 * 3600 * 1000;

/** What a system calls a connection that may succeed the next time. */
const passing =
	/^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_(SOCKET|(HEADERS|BODY|CONNECT)_TIMEOUT))$/;

/**
 * Sends a request and follows its redirects, whatever the server answers then.
 *
 * @throws Failure where nobody answers, or a redirect is not to be followed
 */
export async function request(
	address: string | URL,
	{ signal, redirects = 5, idle = 30_000, token, headers, method = "GET", cache, stays }: RequestOptions,
): Promise<Answer> {
	signal?.throwIfAborted();
	const controller = new AbortController();
	const abort = (): void => controller.abort();
	signal?.addEventListener("abort", abort);
	const close = (): void => {
		signal?.removeEventListener("abort", abort);
		abort();
	};
	const first = addressOf(address);
	let url = first;
	let isOwn = true;
	const fail = (reason: string, about?: ConstructorParameters<typeof Failure>[1]): never => {
		close();
		throw new Failure(reason, about);
	};
	/** The clock runs only while we wait for the server. */
	const inTime = async <T>(promise: Promise<T>, hasBegun = false): Promise<T> => {
		let isLate = false;
		const timer = setTimeout(() => {
			isLate = true;
			abort();
		}, idle);
		try {
			return await promise;
		} catch (error) {
			close();
			signal?.throwIfAborted();
			if (isLate) throw new Failure(`nothing came for ${idle / 1000} seconds`, { passes: true });
			const cause = error instanceof Error && error.cause ? error.cause : error;
			const { code }: { readonly code?: unknown } = Object(cause);
			throw new Failure(messageOf(cause) + (await proxyHint(url)), {
				// Browsers say no more than that it failed: refused by a rule before it began, or cut short after.
				passes: code === undefined ? hasBegun : passing.test(String(code)),
				cause: error,
			});
		} finally {
			clearTimeout(timer);
		}
	};
	const send = (redirect: "manual" | "follow"): Promise<Response> =>
		inTime(
			fetch(url, {
				method,
				redirect,
				...(cache ? { cache } : {}),
				signal: controller.signal,
				headers: { ...headers, ...(token && isOwn ? { authorization: `Bearer ${token}` } : {}) },
			}),
		);
	const answered = (response: Response): Answer => ({
		response,
		server: url.host === first.host ? "the server" : url.host,
		close,
		async *chunks() {
			const reader = response.body?.getReader();
			try {
				for (;;) {
					const next = reader && (await inTime(reader.read(), true));
					if (!next || next.done) return;
					yield next.value;
				}
			} finally {
				close();
			}
		},
	});
	for (let left = redirects; ; left--) {
		let response = await send("manual");
		// Pages are not shown where a redirect leads; there the browser follows it and keeps the token from others.
		if (response.type === "opaqueredirect" && left > 0) {
			response = await send("follow");
			url = new URL(response.url);
			if (first.protocol === "https:" && url.protocol !== "https:") fail("it leads from https to http");
			return answered(response);
		}
		const location = response.headers.get("location");
		const isRedirect = response.type === "opaqueredirect" || /^30[12378]$/.test(String(response.status));
		if (!isRedirect || (location === null && response.status > 0)) return answered(response);
		let target: URL | undefined;
		try {
			target = new URL(location ?? "", url);
		} catch {
			fail(`the server answered ${response.status} with an address that is none`);
		}
		if (stays && target!.origin !== first.origin) return answered(response);
		if (left <= 0)
			fail(
				redirects > 0
					? `it leads on more than ${redirects} times`
					: `it leads on to ${target!.host}, which is not followed unless the option redirects allows it`,
			);
		if (target!.username || target!.password)
			fail("it leads to an address with a user's name or a password in it");
		if (!/^https?:$/.test(target!.protocol) || (url.protocol === "https:" && target!.protocol === "http:"))
			fail(`it leads from ${url.protocol.slice(0, -1)} to ${target!.protocol.slice(0, -1)}`);
		await response.body?.cancel();
		isOwn &&= target!.origin === first.origin;
		url = target!;
	}
}

/** Whether an answer is all of what was asked for: neither a part nor a success without any bytes, such as 204. */
export function isWhole({ response: { status } }: Answer): boolean {
	return status === 200 || status === 203;
}

/** A failure for what a server answered. */
export function refused({ response, server }: Answer): Failure {
	const { status, statusText, headers } = response;
	const after = headers.get("retry-after");
	const wait =
		after === null ? Number.NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
	return new Failure(`${server} answered ${status} ${statusText.slice(0, 60)}`.trimEnd(), {
		status,
		passes: status === 408 || status === 429 || status >= 500,
		wait: wait >= 0 ? Math.min(wait, longestWait) : undefined,
		kind: headers.get("x-error-code") ?? undefined,
	});
}

/** What bytes are read of. */
export interface Receiving {
	readonly onProgress?: OnProgress | undefined;
	readonly source: string;
	/** How many bytes are there already, of which `onProgress` is told. */
	readonly before?: number;
	/** How many bytes there must be in all. */
	readonly bytes?: number | undefined;
	/** How many bytes may come at most where nobody knows how many there are. */
	readonly most?: number | undefined;
}

/**
 * The bytes of an answer as they come, counted: not more than were promised, and not fewer than the server announces.
 *
 * @throws Failure
 */
export async function* received(
	answer: Answer,
	{ onProgress, source, before = 0, bytes, most = Number.POSITIVE_INFINITY }: Receiving,
): AsyncGenerator<Uint8Array, void> {
	const { headers } = answer.response;
	const length = Number(headers.get("content-length") ?? Number.NaN);
	// The length of what is sent compressed is not that of what arrives here.
	const announced = length >= 0 && !headers.has("content-encoding") ? before + length : undefined;
	const total = bytes ?? announced;
	const check = (count: number): void => {
		if (count <= Math.min(bytes ?? most, most)) return;
		answer.close();
		throw new Failure(
			bytes === undefined || bytes > most
				? `it has more than ${most} bytes`
				: `it has more than the ${bytes} bytes it should have`,
		);
	};
	check(Math.max(announced ?? 0, bytes ?? 0));
	let loaded = before;
	for await (const chunk of answer.chunks()) {
		loaded += chunk.length;
		check(loaded);
		onProgress?.({ loaded, total, source });
		yield chunk;
	}
	if (loaded < (total ?? 0))
		throw new Failure(`it ended after ${loaded} of ${total} bytes`, { passes: true });
	if (total !== loaded) onProgress?.({ loaded, total: loaded, source });
}

/** Chunks as one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
	const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
	let offset = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, offset);
		offset += chunk.length;
	}
	return bytes;
}

function addressOf(address: string | URL): URL {
	let url: URL;
	try {
		url = new URL(address);
	} catch (cause) {
		throw new Failure("it is no complete address", { cause });
	}
	// `fetch` refuses it, too, in a sentence that shows the password.
	if (url.username || url.password)
		throw new Failure("addresses with a user's name or a password in them are not fetched");
	return url;
}

/** What to do where there is a proxy that is not used; only where there is an environment that can tell. */
async function proxyHint(url: URL): Promise<string> {
	const { process } = globalThis as { readonly process?: { readonly env?: unknown } };
	return process?.env ? (await import("./proxy.ts")).proxyHint(url) : "";
}

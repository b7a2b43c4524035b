/**
 * Fetches a file completely or says why not: tries again what may pass, goes on where a connection was cut, and checks
 * the size and the digest. Loaded only by who needs that.
 */
import {
	type Answer,
	Failure,
	isWhole,
	joined,
	type LocationOptions,
	type Patience,
	received,
	refused,
	request,
} from "./request.ts";

export interface DownloadOptions extends LocationOptions {
	readonly token?: string | undefined;
	readonly cache?: "no-store" | undefined;
	readonly headers?: Readonly<Record<string, string>> | undefined;
	/** How many bytes it must have. */
	readonly bytes?: number | undefined;
	/** What it must be. */
	readonly digest?: Digest | undefined;
	/** Whether the server may be asked for the rest of what was cut short. Default: true. */
	readonly resumes?: boolean | undefined;
	/** The first bytes, which an earlier download left, and the server's word for the version they are of. */
	readonly begun?: { readonly bytes: Uint8Array; readonly etag: string | undefined } | undefined;
	/** Called with bytes as they come, and where they belong; 0 begins anew. */
	readonly onChunk?: ((chunk: Uint8Array, offset: number) => void | Promise<void>) | undefined;
	/** Called with the server's word for the version whose bytes follow. */
	readonly onVersion?: ((etag: string | undefined) => void | Promise<void>) | undefined;
}

/** A digest in hexadecimal. Git's is the SHA-1 of `blob`, the length, a zero byte and the bytes. */
export interface Digest {
	readonly kind: "sha256" | "git";
	readonly hex: string;
}

export interface Downloaded {
	readonly bytes: Uint8Array;
	/** The server's word for this version of the file. */
	readonly etag: string | undefined;
}

const usualTries = 4;
/** A server that sends a little each time is left after so many tries. */
const mostTries = 32;
const firstWait = 500;
/** Who asks for more than that is left, and the sentence says what was asked. */
const longestWait = 60_000;

/** The whole file at an address, after a first try that failed. */
export async function downloadAfter(
	failure: Failure,
	address: string | URL,
	options: LocationOptions,
): Promise<Uint8Array> {
	if ((options.tries ?? usualTries) <= 1) throw failure;
	await pause(failure, 1, options);
	return (await download(address, { ...options, resumes: false }, 1)).bytes;
}

/**
 * The whole file at an address.
 *
 * @param tried how often it was tried already
 * @throws Failure
 */
export async function download(
	address: string | URL,
	options: DownloadOptions = {},
	tried = 0,
): Promise<Downloaded> {
	const file = new Growing(options);
	return persistently(
		() => attempt(address, file, options),
		options,
		() => file.length,
		tried,
	);
}

/**
 * Tries until it works, what failed does not pass, or there were too many tries in a row that came no further.
 *
 * @param come how far it has come
 */
export async function persistently<T>(
	attempt: () => Promise<T>,
	options: Patience & { readonly signal?: AbortSignal | undefined },
	come: () => number = () => 0,
	tried = 0,
): Promise<T> {
	let [furthest, inVain] = [come(), tried];
	for (let tries = tried + 1; ; tries++)
		try {
			return await attempt();
		} catch (error) {
			options.signal?.throwIfAborted();
			if (!(error instanceof Failure)) throw error;
			inVain = come() > furthest ? 1 : inVain + 1;
			furthest = Math.max(furthest, come());
			if (!error.passes) throw error;
			if (inVain >= (options.tries ?? usualTries) || tries >= mostTries)
				throw tries > 1 ? again(error, tries) : error;
			await pause(error, inVain, options);
		}
}

/** What is there of the file so far. */
class Growing {
	private chunks: Uint8Array[] = [];
	length = 0;
	etag: string | undefined;
	private readonly options: DownloadOptions;

	constructor(options: DownloadOptions) {
		this.options = options;
		const { begun } = options;
		if (!begun || begun.bytes.length > (options.bytes ?? Number.POSITIVE_INFINITY)) return;
		this.chunks = [begun.bytes];
		this.length = begun.bytes.length;
		this.etag = begun.etag;
	}

	/** Whether the rest alone may be asked for: somebody must notice if it is of another version. */
	get mayGoOn(): boolean {
		const { resumes = true, digest } = this.options;
		return resumes && this.length > 0 && (this.etag !== undefined || digest !== undefined);
	}

	async beginAnew(etag: string | undefined): Promise<void> {
		this.chunks = [];
		this.length = 0;
		this.etag = etag;
		await this.options.onVersion?.(etag);
	}

	async add(chunk: Uint8Array): Promise<void> {
		await this.options.onChunk?.(chunk, this.length);
		this.chunks.push(chunk);
		this.length += chunk.length;
	}

	bytes(): Uint8Array {
		return this.chunks.length === 1 ? this.chunks[0]! : joined(this.chunks);
	}
}

async function attempt(address: string | URL, file: Growing, options: DownloadOptions): Promise<Downloaded> {
	const { bytes, digest, most, onProgress } = options;
	const before = file.mayGoOn ? file.length : 0;
	// Whole bytes that nobody can check are asked for again.
	if (before === 0 || before !== bytes || !digest) {
		const answer = await request(address, {
			...options,
			headers: { ...options.headers, ...asking(file, before) },
		});
		const { response } = answer;
		const etag = etagOf(response);
		const goesOn =
			before > 0 &&
			response.status === 206 &&
			response.headers.get("content-range")?.startsWith(`bytes ${before}-`) &&
			(file.etag === undefined || etag === file.etag);
		if (!goesOn) {
			if (before > 0 && (response.status === 206 || response.status === 416)) {
				answer.close();
				await file.beginAnew(undefined);
				return attempt(address, file, options);
			}
			// Nobody asked for a part.
			if (!isWhole(answer)) {
				answer.close();
				throw refused(answer);
			}
			await file.beginAnew(etag);
		}
		const receiving = { onProgress, source: String(address), before: file.length, bytes, most };
		for await (const chunk of received(answer, receiving)) await file.add(chunk);
		await checkLength(file, answer, before);
	}
	const whole = file.bytes();
	if (digest && !(await matches(whole, digest))) {
		await file.beginAnew(undefined);
		// Two halves of two versions are no fault of the server's.
		if (before > 0) return attempt(address, file, options);
		throw new Failure("its bytes are not those that it should have");
	}
	return { bytes: whole, etag: file.etag };
}

/** What a continued answer says of the whole. */
async function checkLength(file: Growing, { response }: Answer, before: number): Promise<void> {
	const total = Number(response.headers.get("content-range")?.split("/")[1]);
	if (before > 0 && response.status === 206 && total >= 0 && file.length !== total)
		throw new Failure(`it ended after ${file.length} of ${total} bytes`, { passes: true });
}

function asking(file: Growing, before: number): Record<string, string> {
	return {
		// Bytes that are compressed on their way cannot be counted or continued.
		"accept-encoding": "identity",
		...(before > 0 ? { range: `bytes=${before}-` } : {}),
		// Only a strong one may stand here; the answer's is compared all the same.
		...(before > 0 && file.etag?.startsWith('"') ? { "if-range": file.etag } : {}),
	};
}

function etagOf({ headers }: Response): string | undefined {
	return headers.has("content-encoding") ? undefined : (headers.get("etag") ?? undefined);
}

/** Whether bytes are what a digest says; where there is nothing to compute it with, it cannot say. */
export async function matches(bytes: Uint8Array, { kind, hex }: Digest): Promise<boolean> {
	// Pages without https have none.
	const { subtle } = crypto as { readonly subtle?: unknown };
	return !subtle || (await digestOf(bytes, kind)) === hex.toLowerCase();
}

/** The digest of bytes, in hexadecimal. */
export async function digestOf(bytes: Uint8Array, kind: Digest["kind"] = "sha256"): Promise<string> {
	const hashed = kind === "git" ? joined([new TextEncoder().encode(`blob ${bytes.length}\0`), bytes]) : bytes;
	const digest = await crypto.subtle.digest(
		kind === "git" ? "SHA-1" : "SHA-256",
		hashed as Uint8Array<ArrayBuffer>,
	);
	return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Waits as long as the server asks, or longer each time. */
async function pause(
	failure: Failure,
	inVain: number,
	{ sleep = wait, signal }: Patience & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
	const milliseconds = failure.wait ?? firstWait * 2 ** (inVain - 1);
	if (milliseconds > longestWait)
		throw again(failure, 1, ` and asks to be left alone for ${Math.ceil(milliseconds / 1000)} seconds`);
	await sleep(milliseconds, signal);
	signal?.throwIfAborted();
}

/** The last failure of several tries. */
function again(failure: Failure, tries: number, asks = ` (tried ${tries} times)`): Failure {
	const { reason, status, kind, cause } = failure;
	return new Failure(`${reason}${asks}`, {
		...{ passes: true, kind, cause },
		...(status === undefined ? {} : { status }),
	});
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", done);
			resolve();
		};
		const timer = setTimeout(done, milliseconds);
		signal?.addEventListener("abort", done);
	});
}

/** Fetching from addresses, the same in every runtime. */
import { MobileNetError, messageOf, shownLocation } from "./error.ts";
import type { OnProgress } from "./progress.ts";

/** How a file or an address is read. */
export interface LocationOptions {
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of an address as they come in. */
	readonly onProgress?: OnProgress | undefined;
}

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

/** The bytes at an address. */
export async function fetchBytes(
	address: string | URL,
	{ signal, onProgress }: LocationOptions = {},
): Promise<Uint8Array> {
	const name = shownLocation(address);
	let response: Response;
	try {
		response = await fetch(address, signal ? { signal } : {});
		if (response.ok)
			return new Uint8Array(await counted(response, String(address), onProgress).arrayBuffer());
	} catch (error) {
		signal?.throwIfAborted();
		const cause = error instanceof Error && error.cause ? error.cause : error;
		throw new MobileNetError("not-found", `${name} cannot be fetched: ${messageOf(cause)}.`, {
			file: name,
			cause: error,
		});
	}
	throw new MobileNetError(
		"not-found",
		`${name} cannot be fetched: the server answered ${response.status} ${response.statusText}`.trimEnd() +
			".",
		{ file: name },
	);
}

/** A response that tells of its bytes as they are read. */
function counted(response: Response, source: string, onProgress: OnProgress | undefined): Response {
	if (!onProgress || !response.body) return response;
	const { headers } = response;
	const length = Number(headers.get("content-length") ?? Number.NaN);
	// The length of what is sent compressed is not that of what arrives here.
	const total = length >= 0 && !headers.has("content-encoding") ? length : undefined;
	let loaded = 0;
	const counter = new TransformStream<Uint8Array, Uint8Array>({
		transform: (chunk, controller) => {
			loaded += chunk.length;
			onProgress({ loaded, total, source });
			controller.enqueue(chunk);
		},
		flush: () => {
			if (total !== loaded) onProgress({ loaded, total: loaded, source });
		},
	});
	return new Response(response.body.pipeThrough(counter));
}

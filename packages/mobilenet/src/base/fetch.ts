/** Fetching from addresses, the same in every runtime. */
import { MobileNetError, messageOf } from "./error.ts";

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
			`${short(location)} is not a complete address, and ${page === undefined ? "there is no page to complete it" : `${short(page)} cannot complete it`}: give one that begins with https:.`,
			{ cause: error },
		);
	}
}

export async function fetchBytes(address: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
	let response: Response;
	try {
		response = await fetch(address, signal ? { signal } : {});
		if (response.ok) return new Uint8Array(await response.arrayBuffer());
	} catch (error) {
		signal?.throwIfAborted();
		const cause = error instanceof Error && error.cause ? error.cause : error;
		throw new MobileNetError("not-found", `${short(address)} cannot be fetched: ${messageOf(cause)}.`, {
			cause: error,
		});
	}
	throw new MobileNetError(
		"not-found",
		`${short(address)} cannot be fetched: the server answered ${response.status} ${response.statusText}`.trimEnd() +
			".",
	);
}

function short(address: string | URL): string {
	const text = String(address);
	return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

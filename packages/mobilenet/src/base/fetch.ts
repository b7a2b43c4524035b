/** Fetching from addresses, the same in every runtime. */
import { MobileNetError, shownLocation } from "./error.ts";
import {
	Failure,
	isWhole,
	joined,
	type LocationOptions,
	received,
	refused,
	request,
	unfetched,
} from "./request.ts";

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
 * The bytes at an address. What may pass (a busy server, a lost connection) is tried again.
 *
 * @throws MobileNetError `not-found`
 */
export async function fetchBytes(address: string | URL, options: LocationOptions = {}): Promise<Uint8Array> {
	try {
		const { signal, onProgress, most } = options;
		try {
			const answer = await request(address, options);
			if (!isWhole(answer)) {
				answer.close();
				throw refused(answer);
			}
			const chunks: Uint8Array[] = [];
			for await (const chunk of received(answer, { onProgress, most, source: String(address) }))
				chunks.push(chunk);
			return joined(chunks);
		} catch (error) {
			if (!(error instanceof Failure && error.passes)) throw error;
			const { downloadAfter } = await import("./download.ts").catch(() => {
				// A page that cannot load this cannot load the other either.
				throw error;
			});
			return await downloadAfter(error, address, options);
		} finally {
			signal?.throwIfAborted();
		}
	} catch (error) {
		throw unfetched(address, error);
	}
}

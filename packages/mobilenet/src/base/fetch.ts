/** Addresses, the same in every runtime. */
import { MobileNetError, messageOf } from "./error.ts";

/** Whether a location is an address to fetch (`http:`, `https:`, `data:`, `blob:`) and not a path. */
export function isAddress(location: string | URL): boolean {
	return /^(https?|data|blob):/i.test(String(location));
}

/** An address made absolute against the page, where there is one. */
export function absolute(location: string | URL): URL {
	const page = (globalThis as { location?: { href: string } }).location?.href;
	return new URL(location, page);
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

/** A server that takes its time. */
import type { HubServer } from "../support/hub-server.ts";

/** Sends large files so slowly that they take about so many milliseconds, from where they are asked for. */
export const slowly =
	(large: Uint8Array, milliseconds: number): NonNullable<HubServer["mischief"]> =>
	({ path, headers, method }, response) => {
		if (!path.endsWith("/large") || method !== "GET" || /hub .*resolve/.test(path)) return false;
		let from = Number(/\d+/.exec(headers.range ?? "0"));
		response.writeHead(from > 0 ? 206 : 200, {
			etag: '"large"',
			"content-length": large.length - from,
			...(from > 0 ? { "content-range": `bytes ${from}-${large.length - 1}/${large.length}` } : {}),
		});
		const part = large.length / 20;
		const timer = setInterval(() => {
			response.write(large.subarray(from, from + part));
			from += part;
			if (from < large.length && !response.destroyed) return;
			clearInterval(timer);
			response.end();
		}, milliseconds / 20);
		return true;
	};

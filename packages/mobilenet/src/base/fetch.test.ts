/** Addresses as a page, a worker and a server without either see them; the page is played by its two properties. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { absolute, fetchBytes } from "./fetch.ts";
import type { Progress } from "./progress.ts";

describe("an address is made absolute", () => {
	afterEach(() => vi.unstubAllGlobals());

	it("against the page's base, which a <base> may have moved", () => {
		vi.stubGlobal("location", { href: "https://example.org/pages/index.html" });
		vi.stubGlobal("document", { baseURI: "https://example.org/files/" });
		expect(absolute("model.json").href).toBe("https://example.org/files/model.json");
	});

	it("against the script of a worker", () => {
		vi.stubGlobal("location", { href: "https://example.org/scripts/worker.js" });
		expect(absolute("../model.json").href).toBe("https://example.org/model.json");
	});

	it("not at all where it is whole", () => {
		expect(absolute("https://example.org/model.json").href).toBe("https://example.org/model.json");
	});

	it("or refused in one sentence where there is nothing to be relative to", () => {
		expect(() => absolute("model.json")).toThrow(
			/^model\.json is not a complete address, and there is no page to complete it: .*\.$/,
		);
		vi.stubGlobal("location", { href: "blob:null/2f1c" });
		expect(() => absolute("model.json")).toThrow(
			/^model\.json is not a complete address, and blob:null\/2f1c cannot complete it: .*\.$/,
		);
	});
});

describe("the bytes of an address", () => {
	const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251);
	let server: Server;
	let address: string;
	beforeAll(async () => {
		server = createServer((request, response) => {
			if (request.url === "/sized") response.setHeader("content-length", bytes.length);
			if (request.url === "/gzip") {
				const packed = gzipSync(bytes);
				response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length });
				response.end(packed);
			} else if (request.url === "/empty") response.end();
			else {
				response.write(bytes.subarray(0, 100_000));
				setTimeout(() => response.end(bytes.subarray(100_000)), 20);
			}
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterAll(() => server.close());

	it.each([
		["/sized", true],
		["/chunked", false],
		["/gzip", false],
	])("are told as they come in: %s", async (path, isKnown) => {
		const seen: Progress[] = [];
		const url = `${address}${path}`;
		expect(await fetchBytes(url, { onProgress: (progress) => seen.push(progress) })).toEqual(bytes);
		expect(await fetchBytes(url)).toEqual(bytes);
		expect(seen.length).toBeGreaterThan(1);
		expect(seen.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length, source: url });
		for (const [n, { loaded, total }] of seen.slice(0, -1).entries()) {
			expect(loaded).toBeGreaterThan(seen[n - 1]?.loaded ?? 0);
			expect(total).toBe(isKnown ? bytes.length : undefined);
		}
	});

	it("may be none", async () => {
		const seen: Progress[] = [];
		const url = `${address}/empty`;
		expect(await fetchBytes(url, { onProgress: (progress) => seen.push(progress) })).toEqual(
			new Uint8Array(),
		);
		expect(seen.every(({ loaded }) => loaded === 0)).toBe(true);
	});

	it("are no longer wanted once the signal comes", async () => {
		const controller = new AbortController();
		const fetched = fetchBytes(`${address}/sized`, {
			signal: controller.signal,
			onProgress: () => controller.abort(new Error("enough")),
		});
		await expect(fetched).rejects.toThrow("enough");
	});
});

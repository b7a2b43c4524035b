/** A headless Chromium of the machine's own, and a server on this machine with the pages that it opens. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BrowserContext, chromium } from "playwright-core";
import { describe } from "vitest";

/** The strictest policy under which WebAssembly may run: no inline scripts, no `eval`. */
export const strictPolicy = "script-src 'self' 'wasm-unsafe-eval'";
/** Forbids WebAssembly as well. */
export const strictestPolicy = "script-src 'self'";

const isolation = {
	"cross-origin-opener-policy": "same-origin",
	"cross-origin-embedder-policy": "require-corp",
};
const programs = ["chromium", "chromium-browser", "google-chrome"];
const flags = [
	...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
	...["--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"],
];
const types: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript",
	".json": "application/json",
};

/** Where Chromium is; undefined where there is none. */
export const chromiumPath = (process.env.PATH ?? "")
	.split(delimiter)
	.concat("/usr/bin")
	.flatMap((folder) => programs.map((program) => join(folder, program)))
	.find(canRun);

/** `describe`, or a skipped one that says that there is no Chromium. */
export function describeWithChromium(name: string, tests: () => void): void {
	if (chromiumPath) describe(name, tests);
	else {
		console.warn(`skipped: ${name}: no Chromium on this machine (Debian: apt-get install chromium)`);
		describe.skip(`${name} (no Chromium on this machine)`, tests);
	}
}

/** A browser with nothing remembered; `close` forgets what it learned. */
export async function openChromium(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
	const profile = mkdtempSync(join(tmpdir(), "mobilenet-chromium-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: chromiumPath!,
		args: flags,
	});
	return {
		context,
		close: async () => {
			await context.close();
			rmSync(profile, { recursive: true, force: true });
		},
	};
}

export interface Served {
	readonly address: string;
	/** What was fetched since it was last emptied: paths with their bytes as they stand and as they were sent. */
	readonly fetched: Map<string, { readonly bytes: number; readonly gzip: number }>;
	close(): Promise<void>;
}

/**
 * A server of this machine's own. What a path begins with says what it is: a folder's file, or bytes.
 * Scripts are sent with gzip, as servers do; every answer carries the policy, and what isolates a page from other
 * origins if it shall be: only then may it share memory with workers.
 */
export async function serve(
	places: Readonly<Record<string, string | Uint8Array>>,
	policy: string,
	{ isolated = false } = {},
): Promise<Served> {
	const fetched: Served["fetched"] = new Map();
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url!, "http://localhost");
		const path = decodeURIComponent(pathname).replace(/\/$/, "/index.html");
		const content = contentAt(path, places);
		if (!content) {
			response.writeHead(404).end();
			return;
		}
		const type = types[extname(path)];
		const isScript = type === types[".js"];
		const sent = isScript ? gzipSync(content) : content;
		fetched.set(path, { bytes: content.length, gzip: sent.length });
		response.writeHead(200, {
			"content-security-policy": policy,
			"content-type": type ?? "application/octet-stream",
			...(isScript ? { "content-encoding": "gzip" } : {}),
			...(isolated ? isolation : {}),
		});
		response.end(sent);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		fetched,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

function contentAt(
	path: string,
	places: Readonly<Record<string, string | Uint8Array>>,
): Uint8Array | undefined {
	const start = Object.keys(places).find((start) => path.startsWith(start));
	if (start === undefined) return undefined;
	const place = places[start]!;
	if (typeof place !== "string") return place;
	const file = join(place, path.slice(start.length));
	return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
}

function canRun(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}

/** A web server for the pages of runtimes, cross-origin isolated for threads and a precise clock. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
	".html": "text/html",
	".js": "text/javascript",
	".mjs": "text/javascript",
	".json": "application/json",
	".wasm": "application/wasm",
};
const isolation = {
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
};

export interface Server {
	readonly address: string;
	readonly close: () => void;
}

/**
 * @param html the page at /
 * @param folders folders to serve by name: `{ files: "/tmp/x" }` serves /files/…
 */
export async function servePages(html: string, folders: Readonly<Record<string, string>>): Promise<Server> {
	const server = createServer(async (request, response) => {
		const { pathname } = new URL(request.url!, "http://localhost");
		const [, name = "", ...path] = normalize(pathname).split("/");
		const folder = folders[name];
		try {
			const body = pathname === "/" ? html : await readFile(join(folder ?? "/nowhere", ...path));
			const type = types[pathname === "/" ? ".html" : extname(pathname)] ?? "application/octet-stream";
			response.writeHead(200, { ...isolation, "Content-Type": type }).end(body);
		} catch {
			response.writeHead(404, isolation).end();
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: () => server.close(),
	};
}

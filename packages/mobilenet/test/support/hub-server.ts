/**
 * Two servers on this machine that do what Hugging Face's hub does: one answers for repositories and leads large files on
 * to the other, which has their contents. What an answer is can be changed by a fault.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Repository {
	readonly commit: string;
	readonly files: ReadonlyMap<string, Uint8Array>;
	/** Branches, which are at the commit. Default: `main`. */
	readonly branches?: readonly string[];
}

/** Answers in the place of the server, or gives false where the server shall. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface HubServer {
	readonly endpoint: string;
	/** Where large files lie. */
	readonly contents: string;
	/** Every request so far: `HEAD /owner/name/resolve/main/config.json`. */
	readonly requests: string[];
	/** The tokens that each of the two was sent. */
	readonly tokens: { readonly hub: string[]; readonly contents: string[] };
	/** What answers for a large file's content, and what for the hub. */
	fault: { hub?: Fault | undefined; contents?: Fault | undefined };
	readonly close: () => Promise<void>;
}

/** Files of more bytes are large. */
const large = 1000;

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const gitName = (bytes: Uint8Array): string =>
	createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export async function hubServer(repositories: Readonly<Record<string, Repository>>): Promise<HubServer> {
	const byDigest = new Map(
		Object.values(repositories).flatMap(({ files }) =>
			[...files.values()].map((bytes) => [sha256(bytes), bytes] as const),
		),
	);
	const requests: string[] = [];
	const tokens = { hub: [] as string[], contents: [] as string[] };
	const faults: HubServer["fault"] = {};
	const note = (request: IncomingMessage, which: keyof typeof tokens): void => {
		requests.push(`${request.method} ${request.url}`);
		if (request.headers.authorization) tokens[which].push(request.headers.authorization);
	};
	const contents = createServer((request, response) => {
		note(request, "contents");
		if (faults.contents?.(request, response)) return;
		const digest = request.url!.slice(1);
		const bytes = byDigest.get(digest);
		if (bytes) sendFile(request, response, bytes, { etag: `"${digest}"` });
		else fail(response, 404);
	});
	const contentsAddress = await listening(contents);
	const hub = createServer((request, response) => {
		note(request, "hub");
		if (faults.hub?.(request, response)) return;
		const url = decodeURIComponent(request.url!);
		const [, listed, listedRevision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url) ?? [];
		const [, name = listed, revision = listedRevision, path] =
			/^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? [];
		const repository = repositories[name ?? ""];
		if (!repository || ![repository.commit, ...(repository.branches ?? ["main"])].includes(revision!))
			return fail(response, repository ? 404 : 401);
		const { commit, files } = repository;
		if (listed !== undefined) {
			const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
			return send(response, Buffer.from(JSON.stringify({ id: name, sha: commit, siblings })), {});
		}
		const bytes = files.get(path!);
		if (!bytes) return fail(response, 404, { "x-repo-commit": commit, "x-error-code": "EntryNotFound" });
		if (bytes.length <= large)
			return sendFile(request, response, bytes, { etag: `"${gitName(bytes)}"`, "x-repo-commit": commit });
		response.writeHead(302, {
			location: `${contentsAddress}/${sha256(bytes)}`,
			"x-repo-commit": commit,
			"x-linked-etag": `"${sha256(bytes)}"`,
			"x-linked-size": bytes.length,
			"access-control-allow-origin": "*",
		});
		response.end();
	});
	const endpoint = await listening(hub);
	return {
		endpoint,
		contents: contentsAddress,
		requests,
		tokens,
		fault: faults,
		close: async () => {
			for (const server of [hub, contents]) {
				server.closeAllConnections();
				await new Promise((resolve) => server.close(resolve));
			}
		},
	};
}

/** Sends a file, or the part of it that is asked for. */
export function sendFile(
	request: IncomingMessage,
	response: ServerResponse,
	bytes: Uint8Array,
	headers: Record<string, string>,
): void {
	const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
	const ranges = { "accept-ranges": "bytes", ...headers };
	const start = Number(from ?? 0);
	if (from === undefined) send(response, request.method === "HEAD" ? bytes.length : bytes, ranges);
	else if (start >= bytes.length) fail(response, 416);
	else {
		response.statusCode = 206;
		const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
		send(response, bytes.subarray(start), { ...ranges, "content-range": range });
	}
}

export function fail(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
	response.writeHead(status, { ...headers, "access-control-allow-origin": "*" });
	response.end("what a server says of it");
}

function send(response: ServerResponse, body: Uint8Array | number, headers: Record<string, string>): void {
	const length = typeof body === "number" ? body : body.length;
	for (const [name, value] of Object.entries({
		...headers,
		"content-length": String(length),
		"access-control-allow-origin": "*",
	}))
		response.setHeader(name, value);
	response.end(typeof body === "number" ? undefined : body);
}

async function listening(server: Server): Promise<string> {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

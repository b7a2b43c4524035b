/**
 * A server on this machine that serves files as Hugging Face's hub does (`resolve`, the API, large files on another host)
 * and as any other does (`/files/`), and that misbehaves on demand.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
	readonly method: string;
	/** `hub /owner/name/resolve/main/a`, or `store /…` for the host of large files. */
	readonly path: string;
	readonly headers: IncomingMessage["headers"];
}

/** What a server does with a request instead of answering it; undefined lets it answer. */
export type Mischief = (
	asked: Asked,
	response: ServerResponse,
	send: (bytes: Uint8Array, headers?: Record<string, string>) => void,
) => boolean;

export interface Repository {
	readonly commit: string;
	readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface HubServer {
	readonly endpoint: string;
	/** The host of large files. */
	readonly store: string;
	/** All requests since the last `forget`. */
	readonly asked: Asked[];
	commit: string;
	/** The files of the repository `owner/name`. */
	readonly files: Map<string, Uint8Array>;
	/** Other repositories, by their names. */
	readonly others: Map<string, Repository>;
	/** Asked before every answer. */
	mischief: Mischief | undefined;
	/** Without a bearer of this, nothing is answered. */
	token: string | undefined;
	forget(): void;
	close(): Promise<void>;
}

export const commits = ["a".repeat(40), "b".repeat(40)] as const;
/** Files of at least so many bytes are large ones, on the other host. */
export const largeBytes = 1000;

export async function startHub(
	files: Readonly<Record<string, Uint8Array>>,
	others: Readonly<Record<string, Repository>> = {},
): Promise<HubServer> {
	const asked: Asked[] = [];
	const hub: HubServer = {
		...{ endpoint: "", store: "", asked, commit: commits[0], files: new Map(Object.entries(files)) },
		others: new Map(Object.entries(others)),
		...{ mischief: undefined, token: undefined },
		forget: () => asked.splice(0),
		close: async () => {
			for (const server of servers) {
				server.closeAllConnections();
				await new Promise((resolve) => server.close(resolve));
			}
		},
	};
	const answer = (host: "hub" | "store") => (request: IncomingMessage, response: ServerResponse) => {
		const { method = "", url = "", headers } = request;
		const one = { method, path: `${host} ${url}`, headers };
		// Pages of other origins may ask, as they may ask the hub.
		response.setHeader("access-control-allow-origin", "*");
		if (method === "OPTIONS") {
			response.writeHead(204, { "access-control-allow-headers": "authorization" }).end();
			return;
		}
		asked.push(one);
		const send = (bytes: Uint8Array, more: Record<string, string> = {}): void =>
			sendRange(one, response, bytes, more);
		if (hub.mischief?.(one, response, send)) return;
		if (host === "store") {
			const path = decodeURIComponent(url.slice(1));
			const all = [hub.files, ...[...hub.others.values()].map((other) => other.files)];
			const file = all.find((files) => files.has(path))?.get(path);
			if (file) send(file, { etag: '"of-the-store"' });
			else response.writeHead(404).end("no such thing in the store");
			return;
		}
		answerAsHub(hub, one, url, response, send);
	};
	const servers = [await listen(answer("hub")), await listen(answer("store"))];
	const [own, store] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	return Object.assign(hub, { endpoint: own!, store: store! });
}

function answerAsHub(
	hub: HubServer,
	{ headers }: Asked,
	url: string,
	response: ServerResponse,
	send: (bytes: Uint8Array, headers?: Record<string, string>) => void,
): void {
	if (hub.token !== undefined && headers.authorization !== `Bearer ${hub.token}`) {
		response.writeHead(401, { "x-error-code": "RepoNotFound" }).end("<html>secret words of a proxy</html>");
		return;
	}
	const plain = /^\/files\/(.*)$/.exec(url);
	if (plain) {
		const file = hub.files.get(decodeURIComponent(plain[1]!));
		if (file) send(file, { etag: `"${etagOf(file)}"` });
		else response.writeHead(404).end();
		return;
	}
	const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/?]*)$/.exec(url);
	const resolved = /^\/([^/]+\/[^/]+)\/resolve\/([^/]*)\/(.*)$/.exec(url);
	const [, name = "", revision = "", path = ""] = api ?? resolved ?? [];
	const repository = name === "owner/name" ? hub : hub.others.get(name);
	if (!repository) {
		response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
		return;
	}
	const { files } = repository;
	const known =
		revision === "main" ||
		(repository === hub ? (commits as readonly string[]) : [repository.commit]).includes(revision);
	const commit = revision === "main" ? repository.commit : revision;
	if (api) {
		if (!known) response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
		else {
			const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
			send(new TextEncoder().encode(JSON.stringify({ id: name, sha: commit, siblings })), {
				"content-type": "application/json",
			});
		}
		return;
	}
	const file = files.get(decodeURIComponent(path));
	if (!known) response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
	else if (!file) response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
	else {
		const about = { "x-repo-commit": commit };
		const etag = `"${etagOf(file)}"`;
		if (file.length < largeBytes) send(file, { ...about, etag });
		else
			response
				.writeHead(302, {
					...about,
					"x-linked-etag": etag,
					"x-linked-size": String(file.length),
					location: `${hub.store}/${path}`,
					"content-length": "0",
				})
				.end();
	}
}

/** SHA-256 of large files, Git's digest of others: what the hub calls them. */
export function etagOf(file: Uint8Array): string {
	return file.length >= largeBytes
		? createHash("sha256").update(file).digest("hex")
		: createHash("sha1").update(`blob ${file.length}\0`).update(file).digest("hex");
}

export function sha256(file: Uint8Array): string {
	return createHash("sha256").update(file).digest("hex");
}

/** Some bytes that no two lengths share. */
export function someBytes(length: number): Uint8Array {
	return Uint8Array.from({ length }, (_, i) => (i * 7919 + length) % 251);
}

/** All of a file, or the range that is asked for, as servers do it. */
function sendRange(
	{ method, headers }: Asked,
	response: ServerResponse,
	bytes: Uint8Array,
	more: Record<string, string>,
): void {
	const range = /^bytes=(\d+)-$/.exec(headers.range ?? "");
	if (more.etag && headers["if-none-match"] === more.etag) {
		response.writeHead(304, more).end();
		return;
	}
	const isSame = headers["if-range"] === undefined || headers["if-range"] === more.etag;
	if (range && isSame) {
		const from = Number(range[1]);
		if (from >= bytes.length) response.writeHead(416, more).end();
		else
			response
				.writeHead(206, {
					...more,
					"content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
					"content-length": String(bytes.length - from),
				})
				.end(bytes.subarray(from));
		return;
	}
	response.writeHead(200, { ...more, "accept-ranges": "bytes", "content-length": String(bytes.length) });
	if (method === "HEAD") response.end();
	else response.end(bytes);
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
	const server = createServer(answer);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return server;
}

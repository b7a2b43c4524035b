/** What is asked of Hugging Face's hub, or of a mirror of it. */
import { download, persistently } from "../base/download.ts";
import { MobileNetError, shown } from "../base/error.ts";
import { isJson, parseJson } from "../base/json.ts";
import { Failure, refused, request } from "../base/request.ts";
import { checkPath, encodedPath, type HubPlace, isCommit, isPath, type WeightOptions } from "./place.ts";

export interface Hub {
	/** Without a slash at its end. */
	readonly endpoint: string;
	readonly token: string | undefined;
}

export const usualEndpoint = "https://huggingface.co";
/** No file of such a network has as many, and memory must hold it. */
const mostBytes = 2 ** 30;
/** A listing of some thousand files. */
const mostListing = 16 * 2 ** 20;

/** The address of a file at a revision. */
export function resolveAddress({ endpoint }: Hub, { hub }: HubPlace, revision: string, path: string): string {
	return `${endpoint}/${hub}/resolve/${encodeURIComponent(revision)}/${encodedPath(path)}`;
}

export interface Listing {
	readonly commit: string;
	/** All files of the repository but those whose names not every system can write. */
	readonly paths: readonly string[];
}

/** The commit of a revision, and its files. @throws Failure */
export async function listing(hub: Hub, place: HubPlace, options: WeightOptions): Promise<Listing> {
	const { bytes } = await explained(hub, () =>
		download(listingAddress(hub, place), {
			...patience(options),
			token: hub.token,
			most: mostListing,
		}),
	);
	return readListing(bytes);
}

/** The address of a listing. */
export function listingAddress({ endpoint }: Hub, { hub, revision }: HubPlace): string {
	return `${endpoint}/api/models/${hub}/revision/${encodeURIComponent(revision)}`;
}

/** @throws Failure where it is none, or lists what is no path in a folder */
export function readListing(bytes: Uint8Array): Listing {
	let answer: unknown;
	try {
		answer = parseJson(new TextDecoder().decode(bytes));
	} catch {
		throw notAHub();
	}
	if (!isJson(answer) || typeof answer.sha !== "string" || !isCommit(answer.sha)) throw notAHub();
	if (!Array.isArray(answer.siblings)) throw notAHub();
	const paths = answer.siblings.flatMap((sibling: unknown) => {
		if (!isJson(sibling) || typeof sibling.rfilename !== "string") throw notAHub();
		const path = sibling.rfilename;
		// Fair on Linux: it lies beside the model, and nobody asks for it.
		return isPath(path.replaceAll(/[:*?"<>|]/g, "_")) && !isPath(path) ? [] : [safe(path)];
	});
	return { commit: answer.sha, paths };
}

export interface HubFile {
	readonly commit: string;
	/** The SHA-256 of large files, Git's digest of others. */
	readonly etag: string | undefined;
	readonly bytes: number | undefined;
}

/** What the hub says of a file before it is fetched. @throws Failure */
export async function hubFile(
	hub: Hub,
	place: HubPlace,
	revision: string,
	path: string,
	options: WeightOptions,
): Promise<HubFile> {
	const address = resolveAddress(hub, place, revision, path);
	const ask = async (): Promise<HubFile> => {
		const answer = await request(address, {
			...{ ...patience(options), token: hub.token, method: "HEAD", stays: true },
			headers: { "accept-encoding": "identity" },
		});
		answer.close();
		const { headers, status, ok } = answer.response;
		if (!ok && !(status >= 300 && status < 400)) throw refused(answer);
		const commit = headers.get("x-repo-commit") ?? "";
		if (!isCommit(commit)) throw notAHub();
		const etag = headers.get("x-linked-etag") ?? headers.get("etag");
		const size = headers.get("x-linked-size") ?? (ok ? headers.get("content-length") : null);
		return {
			commit,
			etag: etag?.replace(/^W\//, "").replaceAll('"', ""),
			bytes: size !== null && /^\d+$/.test(size) ? Number(size) : undefined,
		};
	};
	return explained(hub, () => persistently(ask, options));
}

/** What of the options is about waiting, and how much may come. */
export function patience({ signal, tries, idle, sleep }: WeightOptions) {
	return { signal, tries, idle, sleep, most: mostBytes };
}

/**
 * The hub as it is asked.
 *
 * @throws MobileNetError `usage` for a token that cannot be sent, without showing it
 */
export function hubAt(endpoint: string, token: string | undefined): Hub {
	// Files end in a line's end, and so do the variables that are made of them.
	const plain = token?.trim();
	if (plain && !/^[\x21-\x7e]+$/.test(plain))
		throw new MobileNetError(
			"usage",
			"the token holds characters that no token has: copy it again from huggingface.co/settings/tokens.",
		);
	return { endpoint, token: plain || undefined };
}

/** Says what the hub means by its refusals. */
export async function explained<T>({ token }: Hub, asked: () => Promise<T>): Promise<T> {
	try {
		return await asked();
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		const { reason, status, kind, passes, cause } = error;
		const words: Readonly<Record<string, string>> = {
			EntryNotFound: "it has no such file",
			RevisionNotFound: "it has no such revision",
			GatedRepo: "its owner must be asked for access first",
		};
		const said = words[kind ?? ""];
		const asksForToken = status === 401 || status === 403;
		if (!said && !asksForToken) throw error;
		const isNoToken = asksForToken && kind !== "GatedRepo" && kind !== "EntryNotFound";
		const why =
			said && !isNoToken
				? said
				: token
					? "there is no such repository, or the token may not read it"
					: "there is no such repository, or it wants a token in HF_TOKEN";
		throw new Failure(`${reason}: ${why}`, { passes, cause, ...(status === undefined ? {} : { status }) });
	}
}

function notAHub(): Failure {
	return new Failure("it does not answer as Hugging Face's hub does");
}

function safe(path: string): string {
	try {
		return checkPath(path);
	} catch (error) {
		if (error instanceof MobileNetError)
			throw new Failure(`it lists ${shown(path)}, which is not the path of a file in a folder`);
		throw error;
	}
}

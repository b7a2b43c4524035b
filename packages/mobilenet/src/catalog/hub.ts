/**
 * What Hugging Face's hub, or a mirror of it, says of a repository: which commit a revision is, which files it has, how
 * long they are and what their content is called. Nothing here is kept.
 */
import { MobileNetError, shown, shownLocation } from "../base/error.ts";
import { answered, fetchBytes, type RequestOptions, request } from "../base/fetch.ts";
import { isJson, parseJson } from "../base/json.ts";

export const usualEndpoint = "https://huggingface.co";

/** A repository of a hub at a revision. */
export interface HubSource {
	/** `owner/name` */
	readonly hub: string;
	readonly revision: string;
}

export interface HubOptions extends RequestOptions {
	/** Without a slash at its end. */
	readonly endpoint: string;
	readonly token?: string | undefined;
}

/** A file as the hub knows it. */
export interface HubFile {
	readonly commit: string;
	/** What the content is called: its SHA-256 where the hub keeps it as a large file, else git's name of it. */
	readonly etag: string;
	readonly bytes?: number;
}

/** Whether a revision is a commit, whose files never change. */
export function isCommit(revision: string): boolean {
	return /^[0-9a-f]{40}$/.test(revision);
}

/** Where a file of a repository is fetched. */
export function fileAddress({ hub, revision }: HubSource, path: string, endpoint: string): string {
	return `${endpoint}/${hub}/resolve/${encodeURIComponent(revision)}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** The headers of a request to the hub. */
export function authorized(token: string | undefined): Readonly<Record<string, string>> {
	return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * The commit of a revision and the paths of its files.
 *
 * @throws MobileNetError `not-found`, `broken-file`
 */
export async function listing(
	{ hub, revision }: HubSource,
	{ endpoint, token, ...options }: HubOptions,
): Promise<{ readonly commit: string; readonly paths: readonly string[] }> {
	const address = `${endpoint}/api/models/${hub}/revision/${encodeURIComponent(revision)}`;
	const bytes = await fetchBytes(address, { ...options, headers: authorized(token) });
	const refuse = (what: string): never => {
		const file = shownLocation(address);
		throw new MobileNetError("broken-file", `${file} ${what}.`, { file });
	};
	let json: unknown;
	try {
		json = parseJson(new TextDecoder().decode(bytes));
	} catch {
		refuse("is no list of files in JSON");
	}
	const { sha, siblings } = isJson(json) ? json : {};
	if (typeof sha !== "string" || !isCommit(sha) || !Array.isArray(siblings))
		return refuse("says neither a commit nor its files");
	const paths = siblings.map((one: unknown) => {
		const path = isJson(one) ? one.rfilename : undefined;
		return typeof path === "string" && isInside(path)
			? path
			: refuse(`names a file ${shown(path)}, which is no path in a repository`);
	});
	return { commit: sha, paths };
}

/**
 * What the hub says of a file before it is fetched.
 *
 * @throws MobileNetError `not-found` in one sentence
 */
export async function fileOnHub(
	source: HubSource,
	path: string,
	{ endpoint, token, ...options }: HubOptions,
): Promise<HubFile> {
	const address = fileAddress(source, path, endpoint);
	const file = shownLocation(address);
	const refuse = (what: string): never => {
		throw new MobileNetError("not-found", `${file} cannot be fetched: ${what}.`, { file });
	};
	const response = await request(address, {
		...options,
		method: "HEAD",
		headers: authorized(token),
		// A repository that was renamed leads on to the new name; a large file to where it lies, which knows less of it.
		isFollowed: ({ headers }) => !headers.has("x-linked-etag"),
	});
	const { headers, status } = response;
	if (status >= 400) refuse(answered(response));
	const commit = headers.get("x-repo-commit") ?? (isCommit(source.revision) ? source.revision : undefined);
	const etag = (headers.get("x-linked-etag") ?? headers.get("etag"))?.replace(/^W\//, "").replaceAll('"', "");
	if (commit === undefined || !isCommit(commit)) refuse("the server does not say of which commit it is");
	if (!etag || !/^[\w.-]+$/.test(etag)) refuse("the server does not say what its content is called");
	const length = Number(headers.get("x-linked-size") ?? headers.get("content-length") ?? Number.NaN);
	return { commit: commit!, etag: etag!, ...(Number.isInteger(length) && { bytes: length }) };
}

/** Whether a path stays in its folder. */
export function isInside(path: string): boolean {
	return (
		path !== "" &&
		!/^[/\\]|^[a-z]:|\\|\0/i.test(path) &&
		!path.split("/").some((part) => part === ".." || part === "." || part === "")
	);
}

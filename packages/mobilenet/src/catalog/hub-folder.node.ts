/**
 * Hugging Face's cache in its own layout, which Python's huggingface_hub reads and writes, too:
 * `models--owner--name/{blobs,refs,snapshots}`, and a snapshot's files are links into `blobs`.
 */
import {
	copyFile,
	lstat,
	mkdir,
	readdir,
	readFile,
	readlink,
	rename,
	rm,
	rmdir,
	stat,
	symlink,
	writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { systemCode } from "../base/file-errors.ts";
import { type HubPlace, isCommit } from "./place.ts";

/** The folder of all repositories. */
export function hubRoot(): string {
	const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
	const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
	return expanded(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, "hub"));
}

/** A path with the home folder and variables in it, as Python takes those of its variables. */
function expanded(path: string): string {
	const named = path.replaceAll(
		/\$(\w+)|\$\{(\w+)\}/g,
		(all, a?: string, b?: string) => process.env[a ?? b ?? ""] ?? all,
	);
	return resolve(named.replace(/^~(?=$|[/\\])/, homedir()));
}

/** Whether a variable says yes, in the words that Python takes. */
export function isSet(variable: string | undefined): boolean {
	return /^(1|on|yes|true)$/i.test(variable ?? "");
}

/** What the cache has of one repository. */
export class HubFolder {
	readonly folder: string;
	private readonly locks: string;
	private readonly place: HubPlace;

	constructor(place: HubPlace) {
		const root = hubRoot();
		const name = `models--${place.hub.replaceAll("/", "--")}`;
		this.place = place;
		this.folder = join(root, name);
		this.locks = join(root, ".locks", name);
	}

	/** The commit of the revision, as far as the cache knows. */
	async commit(): Promise<string | undefined> {
		const { revision } = this.place;
		if (isCommit(revision)) return revision;
		const commit = await readFile(join(this.folder, "refs", revision), "utf8").catch(() => "");
		return isCommit(commit.trim()) ? commit.trim() : undefined;
	}

	snapshot(commit: string, path = ""): string {
		return join(this.folder, "snapshots", commit, path);
	}

	blob(etag: string): string {
		return join(this.folder, "blobs", etag);
	}

	lock(etag: string): string {
		// Beside those of Python, which are other locks.
		return join(this.locks, `${etag}.mobilenet.lock`);
	}

	/** The files of a snapshot, by their paths. */
	async paths(commit: string): Promise<readonly string[]> {
		return filesBelow(this.snapshot(commit));
	}

	/** Makes the repository's folder so that Python takes it for one, even if nothing comes into it. */
	async prepare(): Promise<void> {
		// Where that fails, the file that cannot be kept says why.
		await mkdir(join(this.folder, "snapshots"), { recursive: true }).catch(() => undefined);
	}

	/** Remembers what commit a branch or a tag is, once there is a snapshot of it. */
	async remember(commit: string): Promise<void> {
		const { revision } = this.place;
		if (revision === commit || (await this.commit()) === commit) return;
		// Python calls a reference to a snapshot that is not there a damaged cache.
		if (!(await isThere(this.snapshot(commit)))) return;
		const path = join(this.folder, "refs", revision);
		await mkdir(dirname(path), { recursive: true });
		const temporary = `${path}.${crypto.randomUUID()}.tmp`;
		try {
			await writeFile(temporary, commit);
			await rename(temporary, path);
		} catch (error) {
			await rm(temporary, { force: true });
			throw error;
		}
	}

	/**
	 * Puts a blob into a snapshot: a link, or the file itself where there are no links.
	 *
	 * @param isNew whether no other snapshot has it
	 */
	async link(etag: string, commit: string, path: string, isNew: boolean): Promise<void> {
		const [blob, pointer] = [this.blob(etag), this.snapshot(commit, path)];
		await mkdir(dirname(pointer), { recursive: true });
		const temporary = `${pointer}.${crypto.randomUUID()}.tmp`;
		try {
			await symlinkTo(relative(dirname(pointer), blob), temporary).catch(async (error) => {
				if (!/^(EPERM|EACCES|ENOSYS|ENOTSUP|EOPNOTSUPP|UNKNOWN)$/.test(systemCode(error) ?? "")) throw error;
				await (isNew ? rename(blob, temporary) : copyFile(blob, temporary));
			});
			await rename(temporary, pointer);
		} finally {
			await rm(temporary, { force: true }).catch(() => undefined);
		}
	}

	/** Removes files of a snapshot, and the blobs, references and folders that nothing else needs. */
	async remove(commit: string, paths: readonly string[]): Promise<number> {
		let freed = 0;
		const isElsewhere = await lstat(this.snapshot(commit)).then(
			(state) => state.isSymbolicLink(),
			() => false,
		);
		// The files of a folder that is only linked to are not this cache's.
		if (isElsewhere) await rm(this.snapshot(commit));
		for (const path of isElsewhere ? [] : paths) {
			const file = this.snapshot(commit, path);
			const state = await lstat(file).catch(() => undefined);
			if (!state || state.isDirectory()) continue;
			if (!state.isSymbolicLink()) freed += state.size;
			const blob = await blobOf(file);
			await rm(file);
			await this.removeEmpty(dirname(file));
			if (blob && dirname(blob) === join(this.folder, "blobs") && !(await this.isUsed(blob))) {
				freed += await stat(blob).then(
					({ size }) => size,
					() => 0,
				);
				await rm(blob, { force: true });
			}
		}
		if (!(await isThere(this.snapshot(commit)))) await this.forget(commit);
		await this.removeUnused();
		return freed;
	}

	/** Removes the references to a commit. */
	private async forget(commit: string): Promise<void> {
		const refs = join(this.folder, "refs");
		for (const ref of await filesBelow(refs)) {
			const path = join(refs, ref);
			// A link to nothing is none to this commit.
			if ((await readFile(path, "utf8").catch(() => "")).trim() !== commit) continue;
			await rm(path);
			await this.removeEmpty(dirname(path));
		}
	}

	/** Removes the whole repository where it has no snapshot, and nobody is fetching one. */
	async removeUnused(): Promise<void> {
		if ((await namesIn(join(this.folder, "snapshots"))).length > 0) return;
		if ((await namesIn(this.locks)).some((name) => name.endsWith(".mobilenet.lock"))) return;
		const blobs = await namesIn(join(this.folder, "blobs"));
		// Python takes away its own when it is interrupted: where there is one, it is at work.
		if (blobs.some((name) => name.endsWith(".incomplete") && !name.endsWith(".mobilenet.incomplete"))) return;
		await rm(this.folder, { recursive: true, force: true });
		await rm(this.locks, { recursive: true, force: true });
	}

	/** Whether any snapshot has a link to a blob. */
	private async isUsed(blob: string): Promise<boolean> {
		const snapshots = join(this.folder, "snapshots");
		for (const path of await filesBelow(snapshots))
			if ((await blobOf(join(snapshots, path))) === blob) return true;
		return false;
	}

	/** Removes a folder and those around it as far as they are empty, up to `snapshots` and `refs`. */
	private async removeEmpty(folder: string): Promise<void> {
		for (let at = folder; dirname(at) !== this.folder; at = dirname(at)) {
			const isRemoved = await rmdir(at).then(
				() => true,
				() => false,
			);
			if (!isRemoved) return;
		}
	}
}

async function symlinkTo(target: string, path: string): Promise<void> {
	if (isSet(process.env.HF_HUB_DISABLE_SYMLINKS))
		throw Object.assign(new Error("no links"), { code: "EPERM" });
	await symlink(target, path, "file");
}

/** The blob that a file of a snapshot is a link to. */
async function blobOf(file: string): Promise<string | undefined> {
	const target = await readlink(file).catch(() => undefined);
	return target === undefined ? undefined : resolve(dirname(file), target);
}

async function isThere(path: string): Promise<boolean> {
	return lstat(path).then(
		() => true,
		() => false,
	);
}

/** The names in a folder; none where there is no such folder, which is not one that cannot be read. */
async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (systemCode(error) === "ENOENT") return [];
		throw error;
	}
}

/** The paths of all files below a folder, with slashes; none where there is no such folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
	const found: string[] = [];
	for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
		if (!entry.isDirectory()) found.push(entry.name);
		else for (const path of await filesBelow(join(folder, entry.name))) found.push(`${entry.name}/${path}`);
	return found.sort();
}

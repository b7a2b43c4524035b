/**
 * A lock between processes: a file with the number of the process that holds it. It saves fetching a file twice at once;
 * nothing is wrong if it fails, for files come under their names by renaming.
 */
import { link, lstat, mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { systemCode } from "../base/file-errors.ts";

/** Whoever holds a lock says so this often. */
const beat = 5_000;
/** Who has not said so for as long is gone, whatever machine it was on. */
const longestSilence = 60_000;
const poll = 50;

/** The locks that this process holds, since its number may be that of one that held them before. */
const held = new Set<string>();

/**
 * Waits until the lock is ours.
 *
 * @returns what gives it back
 * @throws the system's error where no file can be written
 */
export async function lock(path: string, signal?: AbortSignal): Promise<() => Promise<void>> {
	await mkdir(dirname(path), { recursive: true });
	while (!(await take(path))) {
		signal?.throwIfAborted();
		const holder = await holderOf(path);
		if (holder === undefined) continue;
		if (await isGone(path, holder)) await takeAway(path, holder);
		else await sleep(poll, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
	}
	held.add(path);
	const beating = setInterval(() => {
		const now = new Date();
		utimes(path, now, now).catch(() => undefined);
	}, beat);
	beating.unref();
	return async () => {
		clearInterval(beating);
		held.delete(path);
		await rm(path, { force: true }).catch(() => undefined);
	};
}

/** What stands in a lock: nothing where it may not be read, which somebody else's may not. Undefined where it is gone. */
async function holderOf(path: string): Promise<string | undefined> {
	const state = await lstat(path).catch(() => undefined);
	if (!state) return undefined;
	// Nobody ever gives back what is no lock.
	if (!state.isFile()) throw new Error("the place of its lock is taken by a folder or a link");
	return readFile(path, "utf8").catch(() => "");
}

async function take(path: string): Promise<boolean> {
	if (held.has(path)) return false;
	const temporary = `${path}.${crypto.randomUUID()}`;
	try {
		// Under its name a lock is never empty.
		const file = await open(temporary, "wx");
		try {
			await file.writeFile(`${process.pid} ${hostname()}`);
		} finally {
			await file.close();
		}
		await link(temporary, path);
		return true;
	} catch (error) {
		if (systemCode(error) === "EEXIST") return false;
		// Where there are no links, the name itself is taken.
		if (!/^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/.test(systemCode(error) ?? "")) throw error;
		return await takeByName(path);
	} finally {
		await rm(temporary, { force: true }).catch(() => undefined);
	}
}

async function takeByName(path: string): Promise<boolean> {
	try {
		const file = await open(path, "wx");
		await file.writeFile(`${process.pid} ${hostname()}`);
		await file.close();
		return true;
	} catch (error) {
		if (systemCode(error) === "EEXIST") return false;
		throw error;
	}
}

async function isGone(path: string, holder: string): Promise<boolean> {
	const state = await stat(path).catch(() => undefined);
	if (!state) return false;
	// Clocks differ, and one that is far ahead would stand still for years.
	if (Math.abs(Date.now() - state.mtimeMs) > longestSilence) return true;
	const [number, host] = holder.split(" ");
	if (host !== hostname()) return false;
	if (Number(number) === process.pid) return !held.has(path);
	try {
		process.kill(Number(number), 0);
		return false;
	} catch (error) {
		return systemCode(error) === "ESRCH";
	}
}

/** Of several that see the same lock of a dead process, one takes it away, and nobody the lock of a live one. */
async function takeAway(path: string, holder: string): Promise<void> {
	const aside = `${path}.${crypto.randomUUID()}`;
	try {
		await rename(path, aside);
		if ((await readFile(aside, "utf8")) !== holder) await link(aside, path).catch(() => undefined);
	} catch {
		// Somebody else was faster.
	} finally {
		await rm(aside, { force: true }).catch(() => undefined);
	}
}

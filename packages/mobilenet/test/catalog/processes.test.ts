/** Several processes and one cache; processes that are killed; disks that are full. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { WeightFile, WeightSource } from "../../src/catalog/entry.ts";
import { weightFiles } from "../../src/catalog/weights.ts";
import { sha256, someBytes } from "../support/hub-server.ts";
import { hubWithCaches, options } from "./hub-with-caches.ts";
import { slowly } from "./slowly.ts";

const large = someBytes(1_000_000);
const small = someBytes(300);
const digest = sha256(large);
const checked = [{ path: "large", bytes: large.length, sha256: digest }];

const served = hubWithCaches({ large, small });
const ownSources = (): readonly WeightSource[] => [{ address: `${served.hub.endpoint}/files/` }];
const load = (files: readonly WeightFile[], more = {}) =>
	weightFiles(files, ownSources(), { ...options, ...more });
const place = join("cache", "sha256", digest);

/** A process of its own, what it says, and whether it still runs. */
function pull(
	files: readonly WeightFile[],
	{ from = ownSources(), mustKeep = false, shell = "exec" } = {},
): {
	readonly child: ChildProcess;
	readonly said: Promise<{ digests?: string[]; notes?: string[]; message?: string; code?: string }>;
} {
	const script = fileURLToPath(new URL("pull-child.ts", import.meta.url));
	const task = JSON.stringify({ files, sources: from, options: { name: options.name, mustKeep } });
	const child = spawn(
		"bash",
		["-c", `${shell} "$0" "$@"`, process.execPath, "--conditions=mobilenet-source", script, task],
		{ env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "pipe", "inherit"] },
	);
	let text = "";
	child.stdout!.on("data", (data) => {
		text += data;
	});
	const said = new Promise<object>((resolve, reject) => {
		child.on("close", () => {
			try {
				resolve(text === "" ? {} : JSON.parse(text));
			} catch (error) {
				reject(error);
			}
		});
	});
	return { child, said };
}

async function until(condition: () => boolean): Promise<void> {
	for (let n = 0; n < 1000 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(condition()).toBe(true);
}

describe("processes", () => {
	const hubSource: readonly WeightSource[] = [{ hub: "owner/name", revision: "main" }];

	it.each(["address", "hub"])("that pull one name at once from a(n) %s fetch it once", async (kind) => {
		served.hub.mischief = slowly(large, 600);
		const from = kind === "hub" ? hubSource : ownSources();
		const runs = [pull(checked, { from }), pull(checked, { from }), pull(checked, { from })];
		const said = await Promise.all(runs.map((run) => run.said));
		expect(said).toEqual(runs.map(() => ({ digests: [digest], notes: [] })));
		const fetched = served.hub.asked.filter(
			({ method, path }) => method === "GET" && path.startsWith(kind === "hub" ? "store" : "hub"),
		);
		expect(fetched.map(({ path }) => path)).toEqual([kind === "hub" ? "store /large" : "hub /files/large"]);
		expect(served.tree().filter((path) => /incomplete|lock|tmp/.test(path))).toEqual([]);
	});

	it("and calls in one process, too", async () => {
		served.hub.mischief = slowly(large, 200);
		const all = await Promise.all([load(checked), load(checked), load(checked)]);
		for (const files of all) expect(await files.read("large")).toEqual(large);
		expect(served.hub.asked).toHaveLength(1);
	});

	it("that are killed leave what the next goes on with, and a lock that stops nobody", async () => {
		served.hub.mischief = slowly(large, 2000);
		const { child, said } = pull(checked);
		const partial = join(served.home, `${place}.incomplete`);
		await until(() => existsSync(partial) && readFileSync(partial).length >= 100_000);
		child.kill("SIGKILL");
		await said;
		expect(served.tree()).toEqual([`${place}.incomplete`, `${place}.incomplete.etag`, `${place}.lock`]);
		served.hub.mischief = slowly(large, 20);
		served.hub.forget();
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(served.hub.asked.map(({ headers }) => headers.range)).toEqual([
			expect.stringMatching(/^bytes=\d{6}-$/),
		]);
		expect(served.tree()).toEqual([place]);
	});

	it.each([
		["of this machine that is gone", `999999999 ${hostname()}`, 0],
		["with our number that another had before", `${process.pid} ${hostname()}`, 0],
		["of another machine that has been silent", "1 another-machine", 120],
		["that says nothing", "", 120],
		["of a clock that is years ahead", "1 another-machine", -1e8],
	])("do not wait for one %s", async (_, text, age) => {
		mkdirSync(join(served.home, "cache", "sha256"), { recursive: true });
		const lock = join(served.home, `${place}.lock`);
		writeFileSync(lock, text);
		const then = new Date(Date.now() - age * 1000);
		utimesSync(lock, then, then);
		await load(checked);
		expect(served.tree()).toEqual([place]);
	});

	it("do not wait for a folder or a link in its place, and say so", async () => {
		const lock = join(served.home, `${place}.lock`);
		mkdirSync(lock, { recursive: true });
		const words = /cannot be written: the place of its lock is taken by a folder or a link/;
		expect((await load(checked)).notes).toEqual([expect.stringMatching(words)]);
		rmSync(lock, { recursive: true });
		symlinkSync("nowhere", lock);
		await expect(load(checked, { mustKeep: true })).rejects.toMatchObject({
			code: "unwritable",
			message: expect.stringMatching(words),
		});
	});

	it("wait for one that is alive, until they are told not to", async () => {
		mkdirSync(join(served.home, "cache", "sha256"), { recursive: true });
		writeFileSync(join(served.home, `${place}.lock`), "1 another-machine");
		await expect(load(checked, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({
			name: "TimeoutError",
		});
		expect(served.hub.asked).toEqual([]);
	});

	// In units of 1024 bytes: half of the file.
	const fullDisk = "trap '' XFSZ; ulimit -f 500; exec";
	it.skipIf(process.platform === "win32")("on a full disk load all the same, and say so", async () => {
		for (const [from, path] of [
			[ownSources(), join(served.home, place)],
			[hubSource, join(served.home, "huggingface/hub/models--owner--name/blobs", digest)],
		] as const) {
			expect(await pull(checked, { from, shell: fullDisk }).said).toEqual({
				digests: [digest],
				notes: [
					`${path} cannot be written: it would be larger than files may be here: large was fetched, but is not kept.`,
				],
			});
			expect(served.tree()).toEqual([]);
		}
	});

	it.skipIf(process.platform === "win32")("on a full disk say that they cannot pull", async () => {
		for (const [from, path] of [
			[ownSources(), join(served.home, place)],
			[hubSource, join(served.home, "huggingface/hub/models--owner--name/blobs", digest)],
		] as const) {
			expect(await pull(checked, { from, mustKeep: true, shell: fullDisk }).said).toEqual({
				code: "unwritable",
				message: `${path} cannot be written: it would be larger than files may be here.`,
			});
			expect(served.tree()).toEqual([]);
		}
	});
});

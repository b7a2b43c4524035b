/** Files of other addresses than the hub's, and the folder that they are kept in: what may go wrong with either. */
import { type ChildProcess, spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { WeightFile, WeightSource } from "../../src/catalog/entry.ts";
import { placesOf } from "../../src/catalog/place.ts";
import { cacheFolder } from "../../src/catalog/settings.node.ts";
import { cached, remove, weightFiles } from "../../src/catalog/weights.ts";
import { type HubServer, sha256, someBytes, startHub } from "../support/hub-server.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const large = someBytes(1_000_000);
const small = someBytes(300);
const digest = sha256(large);
const checked = [{ path: "large", bytes: large.length, sha256: digest }];
const unchecked = [{ path: "small" }];

let server: HubServer;
let home: string;
let sources: readonly WeightSource[];
beforeAll(async () => {
	server = await startHub({ large, small });
	sources = [{ address: `${server.endpoint}/files/` }];
});
afterAll(() => server.close());
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), "mobilenet-cache-"));
	vi.stubEnv("MOBILENET_CACHE", join(home, "cache"));
	vi.stubEnv("HF_HOME", join(home, "huggingface"));
	vi.stubEnv("HF_ENDPOINT", server.endpoint);
	for (const name of ["HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"]) vi.stubEnv(name, "");
	server.mischief = undefined;
	server.files.clear();
	server.files.set("large", large).set("small", small);
	server.forget();
});
afterEach(() => {
	vi.unstubAllEnvs();
	rmSync(home, { recursive: true });
});

const options = { name: "imagenet/0.5-160", sleep: async () => {} };
const load = (files: readonly WeightFile[], more = {}) =>
	weightFiles(files, sources, { ...options, ...more });
/** Every file below the folders of the caches. */
const tree = (): readonly string[] =>
	readdirSync(home, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => relative(home, join(entry.parentPath, entry.name)))
		.sort();
const place = join("cache", "sha256", digest);

/** A process of its own, what it says, and whether it still runs. */
function pull(
	files: readonly WeightFile[],
	{ from = sources, mustKeep = false, shell = "exec" } = {},
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

/** Sends large files so slowly that they take about so many milliseconds, from where they are asked for. */
const slowly =
	(milliseconds: number): NonNullable<HubServer["mischief"]> =>
	({ path, headers, method }, response) => {
		if (!path.endsWith("/large") || method !== "GET" || /hub .*resolve/.test(path)) return false;
		let from = Number(/\d+/.exec(headers.range ?? "0"));
		response.writeHead(from > 0 ? 206 : 200, {
			etag: '"large"',
			"content-length": large.length - from,
			...(from > 0 ? { "content-range": `bytes ${from}-${large.length - 1}/${large.length}` } : {}),
		});
		const part = large.length / 20;
		const timer = setInterval(() => {
			response.write(large.subarray(from, from + part));
			from += part;
			if (from < large.length && !response.destroyed) return;
			clearInterval(timer);
			response.end();
		}, milliseconds / 20);
		return true;
	};

async function until(condition: () => boolean): Promise<void> {
	for (let n = 0; n < 1000 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(condition()).toBe(true);
}

describe("an address", () => {
	it("whose file has a digest is kept under that, and never asked again", async () => {
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(tree()).toEqual([place]);
		server.forget();
		expect(await (await load(checked, { offline: true })).read("large")).toEqual(large);
		// From wherever: the bytes are the same.
		const elsewhere = await weightFiles(checked, [{ address: "https://nobody.invalid/" }], options);
		expect(await elsewhere.read("large")).toEqual(large);
		expect(server.asked).toEqual([]);
	});

	it("whose file has none is asked whether it has changed", async () => {
		await load(unchecked);
		server.forget();
		expect(await (await load(unchecked)).read("small")).toEqual(small);
		expect(server.asked.map(({ headers }) => headers["if-none-match"])).toEqual([
			expect.stringMatching(/^"\w{40}"$/),
		]);
		server.files.set("small", someBytes(301));
		expect(await (await load(unchecked)).read("small")).toEqual(someBytes(301));
		server.mischief = (_, response) => {
			response.destroy();
			return true;
		};
		const files = await load(unchecked);
		expect(await files.read("small")).toEqual(someBytes(301));
		expect(files.notes).toEqual([
			expect.stringMatching(/cannot be asked for changes \(.*\): the copy on this machine was taken\.$/),
		]);
	});

	it("is told and removed", async () => {
		expect(await cached(checked, sources, options)).toBeUndefined();
		await load([...checked, ...unchecked]);
		expect(await cached([...checked, ...unchecked], sources, options)).toMatchObject({
			source: sources[0],
			bytes: large.length + small.length,
			files: [{ path: "large", location: join(home, place), bytes: large.length }, { path: "small" }],
		});
		expect(await remove([...checked, ...unchecked], sources, options)).toBe(large.length + small.length);
		expect(tree()).toEqual([]);
	});

	it("that cannot list its files is not asked for them", async () => {
		await expect(weightFiles(undefined, sources, options)).rejects.toThrow(
			/\(it does not say which files it has\): give the path of a model file instead\.$/,
		);
	});
});

describe("sources", () => {
	it("are asked in order, and the first that has everything gives everything", async () => {
		const hub = { hub: "owner/name", revision: "main" };
		const files = await weightFiles(
			checked,
			[{ hub: "owner/none", revision: "main" }, hub, ...sources],
			options,
		);
		expect(files.name).toMatch(/\/owner\/name$/);
		server.files.delete("small");
		await expect(weightFiles([...checked, ...unchecked], [hub, ...sources], options)).rejects.toThrow(
			/^imagenet\/0\.5-160 cannot be fetched from http:\/\/127\.0\.0\.1:\d+\/owner\/name \(the server answered 404 Not Found: it has no such file\) or from http:\/\/127\.0\.0\.1:\d+\/files \(the server answered 404 Not Found\): give the path of a model file instead\.$/,
		);
	});

	it("that nobody can reach are all named, with what to do", async () => {
		const nowhere = [{ address: "http://a.invalid/x/" }, { hub: "owner/name", revision: "main" }];
		await expect(
			weightFiles(checked, nowhere, { ...options, endpoint: "http://b.invalid" }),
		).rejects.toMatchObject({
			code: "not-found",
			message: expect.stringMatching(
				/^imagenet\/0\.5-160 cannot be fetched from http:\/\/a\.invalid\/x \(.*\) or from http:\/\/b\.invalid\/owner\/name \(.*\): try again with a connection, or give the path of a model file\.$/,
			),
		});
	});

	it("are bounded in what they say, however many they are", async () => {
		const many = Array.from({ length: 100 }, (_, n) => ({
			address: `${server.endpoint}/none/${n}/`,
		}));
		const failed = weightFiles(checked, many, options);
		await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/^.{1000,2000}$/) });
	});

	it("on GitHub are its own server, then jsDelivr's copy of the commit", () => {
		const revision = "c".repeat(40);
		expect(placesOf({ github: "owner/name", revision, folder: "a b" })).toMatchObject([
			{ base: `https://raw.githubusercontent.com/owner/name/${revision}/a%20b/`, isFixed: true },
			{ base: `https://cdn.jsdelivr.net/gh/owner/name@${revision}/a%20b/`, isFixed: true },
		]);
	});
});

describe("the folder", () => {
	it.each([
		[{ MOBILENET_CACHE: "/a", XDG_CACHE_HOME: "/b" }, "/a"],
		[{ MOBILENET_CACHE: "", XDG_CACHE_HOME: "/b" }, "/b/mobilenet"],
	])("by %o", (variables, folder) => {
		for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
		expect(cacheFolder()).toBe(folder);
	});

	it("that cannot be written does not keep a model from loading, but is said", async () => {
		writeFileSync(join(home, "cache"), "a file in the folder's place");
		const files = await load([...checked, ...unchecked]);
		expect(await files.read("large")).toEqual(large);
		expect(files.notes).toEqual([
			`${join(home, place)} cannot be written: the folder's place is taken by a file: large was fetched, but is not kept.`,
			expect.stringMatching(/: small was fetched, but is not kept\.$/),
		]);
		server.forget();
		await expect(load(checked, { mustKeep: true })).rejects.toMatchObject({
			code: "unwritable",
			message: `${join(home, place)} cannot be written: the folder's place is taken by a file.`,
		});
		expect(server.asked).toEqual([]);
		writeFileSync(join(home, "huggingface"), "a file in the folder's place");
		const hub = await weightFiles(checked, [{ hub: "owner/name", revision: "main" }], options);
		expect(await hub.read("large")).toEqual(large);
		expect(hub.notes).toEqual([expect.stringMatching(/: large was fetched, but is not kept\.$/)]);
		expect(tree()).toEqual(["cache", "huggingface"]);
	});

	it("with a damaged file has it fetched again", async () => {
		await load(checked);
		writeFileSync(join(home, place), large.toReversed());
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(readFileSync(join(home, place))).toEqual(Buffer.from(large));
	});

	it("holds nothing of what nobody could go on with", async () => {
		server.mischief = (_, response) => {
			response.writeHead(200, { "content-length": 300 });
			response.write(small.subarray(0, 100), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		await expect(load(unchecked, { tries: 1 })).rejects.toThrow(/cannot be fetched/);
		expect(tree()).toEqual([]);
	});

	it("holds nothing under a name after the signal", async () => {
		server.mischief = slowly(1000);
		const controller = new AbortController();
		const onProgress = ({ loaded }: { loaded: number }): void => {
			if (loaded > 100_000) controller.abort(new Error("enough"));
		};
		await expect(load(checked, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
		expect(tree()).toEqual([`${place}.incomplete`, `${place}.incomplete.etag`]);
		server.forget();
		server.mischief = slowly(20);
		await load(checked);
		expect(server.asked[0]!.headers.range).toMatch(/^bytes=\d{6}-$/);
		expect(tree()).toEqual([place]);
	});
});

describe("processes", () => {
	const hubSource: readonly WeightSource[] = [{ hub: "owner/name", revision: "main" }];

	it.each(["address", "hub"])("that pull one name at once from a(n) %s fetch it once", async (kind) => {
		server.mischief = slowly(600);
		const from = kind === "hub" ? hubSource : sources;
		const runs = [pull(checked, { from }), pull(checked, { from }), pull(checked, { from })];
		const said = await Promise.all(runs.map((run) => run.said));
		expect(said).toEqual(runs.map(() => ({ digests: [digest], notes: [] })));
		const fetched = server.asked.filter(
			({ method, path }) => method === "GET" && path.startsWith(kind === "hub" ? "store" : "hub"),
		);
		expect(fetched.map(({ path }) => path)).toEqual([kind === "hub" ? "store /large" : "hub /files/large"]);
		expect(tree().filter((path) => /incomplete|lock|tmp/.test(path))).toEqual([]);
	});

	it("and calls in one process, too", async () => {
		server.mischief = slowly(200);
		const all = await Promise.all([load(checked), load(checked), load(checked)]);
		for (const files of all) expect(await files.read("large")).toEqual(large);
		expect(server.asked).toHaveLength(1);
	});

	it("that are killed leave what the next goes on with, and a lock that stops nobody", async () => {
		server.mischief = slowly(2000);
		const { child, said } = pull(checked);
		const partial = join(home, `${place}.incomplete`);
		await until(() => existsSync(partial) && readFileSync(partial).length >= 100_000);
		child.kill("SIGKILL");
		await said;
		expect(tree()).toEqual([`${place}.incomplete`, `${place}.incomplete.etag`, `${place}.lock`]);
		server.mischief = slowly(20);
		server.forget();
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(server.asked.map(({ headers }) => headers.range)).toEqual([
			expect.stringMatching(/^bytes=\d{6}-$/),
		]);
		expect(tree()).toEqual([place]);
	});

	it.each([
		["of this machine that is gone", `999999999 ${hostname()}`, 0],
		["with our number that another had before", `${process.pid} ${hostname()}`, 0],
		["of another machine that has been silent", "1 another-machine", 120],
		["that says nothing", "", 120],
	])("do not wait for one %s", async (_, text, age) => {
		mkdirSync(join(home, "cache", "sha256"), { recursive: true });
		const lock = join(home, `${place}.lock`);
		writeFileSync(lock, text);
		const then = new Date(Date.now() - age * 1000);
		utimesSync(lock, then, then);
		await load(checked);
		expect(tree()).toEqual([place]);
	});

	it("wait for one that is alive, until they are told not to", async () => {
		mkdirSync(join(home, "cache", "sha256"), { recursive: true });
		writeFileSync(join(home, `${place}.lock`), "1 another-machine");
		await expect(load(checked, { signal: AbortSignal.timeout(150) })).rejects.toMatchObject({
			name: "TimeoutError",
		});
		expect(server.asked).toEqual([]);
	});

	// In units of 1024 bytes: half of the file.
	const fullDisk = "trap '' XFSZ; ulimit -f 500; exec";
	it.skipIf(process.platform === "win32")("on a full disk load all the same, and say so", async () => {
		for (const [from, path] of [
			[sources, join(home, place)],
			[hubSource, join(home, "huggingface/hub/models--owner--name/blobs", digest)],
		] as const) {
			expect(await pull(checked, { from, shell: fullDisk }).said).toEqual({
				digests: [digest],
				notes: [
					`${path} cannot be written: it would be larger than files may be here: large was fetched, but is not kept.`,
				],
			});
			expect(tree()).toEqual([]);
		}
	});

	it.skipIf(process.platform === "win32")("on a full disk say that they cannot pull", async () => {
		for (const [from, path] of [
			[sources, join(home, place)],
			[hubSource, join(home, "huggingface/hub/models--owner--name/blobs", digest)],
		] as const) {
			expect(await pull(checked, { from, mustKeep: true, shell: fullDisk }).said).toEqual({
				code: "unwritable",
				message: `${path} cannot be written: it would be larger than files may be here.`,
			});
			expect(tree()).toEqual([]);
		}
	});
});

const published = "weights/mobilenet_v1_0.25_128_quant.tflite";
describeWithShared("a published network", [published], () => {
	it("comes from the hub with its digest, and the line may break", async () => {
		const bytes = new Uint8Array(readFileSync(shared(published)));
		server.files.set("model.tflite", bytes);
		let left = 2;
		server.mischief = ({ path, headers }, response) => {
			if (!path.startsWith("store") || left-- <= 0) return false;
			const from = Number(/\d+/.exec(headers.range ?? "0"));
			response.writeHead(from > 0 ? 206 : 200, {
				etag: '"of-the-store"',
				"content-length": bytes.length - from,
				"content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
			});
			response.write(bytes.subarray(from, from + 150_000), () => setTimeout(() => response.destroy(), 10));
			return true;
		};
		const file = { path: "model.tflite", bytes: bytes.length, sha256: sha256(bytes) };
		const files = await weightFiles([file], [{ hub: "owner/name", revision: "main" }], options);
		expect(await files.read("model.tflite")).toEqual(bytes);
		expect(
			server.asked.filter(({ path }) => path.startsWith("store")).map(({ headers }) => headers.range),
		).toEqual([undefined, "bytes=150000-", "bytes=300000-"]);
	});
});

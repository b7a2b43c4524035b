/**
 * Weights by name from a server that does what Hugging Face's hub does, and what servers do when they fail: each failure is
 * one sentence, and nothing half-written stays under a name.
 */
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MobileNetError } from "../../src/base/error.ts";
import type { Progress } from "../../src/base/progress.ts";
import type { Wanted } from "../../src/catalog/files.ts";
import { cachedWeights, removeWeights, weightFiles } from "../../src/catalog/weights-cache.node.ts";
import { type Fault, fail, type HubServer, hubServer, sendFile, sha256 } from "../support/hub-server.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const model = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7919 + (i >> 8)) % 256);
const configuration = new TextEncoder().encode('{"model_type": "mobilenet_v1"}');
const repository = {
	commit,
	files: new Map([
		["model.safetensors", model],
		["config.json", configuration],
		["deep/er/model.tflite", model.subarray(0, 5000)],
	]),
};
const digest = sha256(model);

let server: HubServer;
let folder: string;
/** Every file of both caches, but links. */
const kept = async (): Promise<readonly string[]> => {
	const paths = await readdir(folder, { recursive: true, withFileTypes: true });
	return paths.filter((path) => path.isFile()).map((path) => path.name);
};
const waits: number[] = [];
const options = { wait: async (milliseconds: number) => void waits.push(milliseconds) };

const onHub = (revision = commit): Wanted => ({
	name: "hf:own/network",
	files: [{ path: "model.safetensors" }, { path: "config.json" }],
	sources: [{ hub: "own/network", revision }],
});
const unlisted = (revision = commit): Wanted => ({ ...onHub(revision), files: undefined });
/** The same content at a plain address. */
const atAddress = (): Wanted => ({
	name: "own/one",
	files: [{ path: digest, bytes: model.length, sha256: digest }],
	sources: [{ address: `${server.contents}/` }],
});

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "mobilenet-weights-"));
	server = await hubServer({ "own/network": repository });
	for (const [name, value] of Object.entries({
		HF_HOME: join(folder, "hf"),
		MOBILENET_CACHE: join(folder, "own"),
		HF_ENDPOINT: server.endpoint,
		HF_HUB_CACHE: "",
		HF_HUB_OFFLINE: "",
		HF_TOKEN: "",
	}))
		vi.stubEnv(name, value);
	waits.length = 0;
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await server.close();
	await rm(folder, { recursive: true, force: true });
});

async function refusal(wanted: Wanted, more: object = {}): Promise<string> {
	const error = await weightFiles(wanted, { ...options, ...more }).then(
		() => "it was had",
		(error: unknown) => error,
	);
	expect(error).toBeInstanceOf(MobileNetError);
	const { code, message } = error as MobileNetError;
	expect(message).not.toContain("what a server says of it");
	return `${code}: ${message}`;
}

describe("from the hub", () => {
	test("in the layout of the hub's own cache, and from there without a request", async () => {
		const seen: Progress[] = [];
		const files = await weightFiles(onHub(), { ...options, onProgress: (one) => seen.push(one) });
		expect(files.paths).toEqual(["model.safetensors", "config.json"]);
		expect(await files.read("model.safetensors")).toEqual(model);
		expect(files.notes).toEqual([]);
		expect(seen.at(-2)).toMatchObject({ loaded: model.length, total: model.length });

		const root = join(folder, "hf", "hub", "models--own--network");
		const pointer = join(root, "snapshots", commit, "model.safetensors");
		expect(await readlink(pointer)).toBe(`../../blobs/${digest}`);
		expect((await readdir(join(root, "blobs"))).length).toBe(2);

		server.requests.length = 0;
		expect((await weightFiles(onHub(), options)).paths).toEqual(files.paths);
		expect(await (await weightFiles(unlisted(), options)).read("config.json")).toEqual(configuration);
		expect(server.requests).toEqual([]);
	});

	test("what a repository holds is asked of it, and files beside are fetched when they are read", async () => {
		const files = await weightFiles(unlisted(), options);
		expect(files.paths).toEqual(["model.safetensors", "config.json"]);
		expect((await files.read("deep/er/model.tflite")).length).toBe(5000);
		await expect(files.read("no.txt")).rejects.toThrow(/no\.txt cannot be fetched: the server answered 404/);
	});

	test("a branch is asked for each time; where nobody answers, the last one is taken, which a note says", async () => {
		await weightFiles(onHub("main"), options);
		expect(await readFile(join(folder, "hf/hub/models--own--network/refs/main"), "utf8")).toBe(commit);
		server.requests.length = 0;
		await weightFiles(onHub("main"), options);
		expect(server.requests.length).toBe(2);
		for (const wanted of [onHub("main"), unlisted("main")]) {
			server.fault.hub = (_, response) => {
				fail(response, 503);
				return true;
			};
			const files = await weightFiles(wanted, options);
			expect(await files.read("model.safetensors")).toEqual(model);
			expect(files.notes.join()).toMatch(/What the cache has of own\/network@main was taken, for .*503/);
		}
		vi.stubEnv("HF_HUB_OFFLINE", "1");
		server.requests.length = 0;
		expect((await weightFiles(onHub("main"), options)).notes).toEqual([]);
		expect(server.requests).toEqual([]);
	});

	test("a token goes to the hub alone", async () => {
		vi.stubEnv("HF_TOKEN", "secret");
		await weightFiles(onHub(), options);
		expect(server.tokens.hub).toContain("Bearer secret");
		expect(server.tokens.contents).toEqual([]);
	});

	test("offline and not here", async () => {
		vi.stubEnv("HF_HUB_OFFLINE", "1");
		expect(await refusal(onHub())).toMatch(
			/^not-found: own\/network@0123.* is not in the cache .*hub, and nothing is fetched while offline\.$/,
		);
		expect(server.requests).toEqual([]);
	});

	test("is removed, contents too", async () => {
		await weightFiles(onHub("main"), options);
		expect((await cachedWeights(onHub("main"))).map(({ path, bytes }) => [path, bytes])).toEqual([
			["model.safetensors", model.length],
			["config.json", configuration.length],
		]);
		expect(await removeWeights(onHub("main"))).toBe(model.length + configuration.length);
		expect(await cachedWeights(onHub("main"))).toEqual([]);
		expect(await kept()).toEqual([]);
	});
});

describe("a server fails", () => {
	const once = (fault: Fault): Fault => {
		let left = 1;
		return (request, response) => left-- > 0 && fault(request, response);
	};
	const status =
		(code: number, headers?: Record<string, string>): Fault =>
		(_, response) => {
			fail(response, code, headers);
			return true;
		};
	/** Sends so many bytes of those asked for, and drops the connection. */
	const cutAfter =
		(bytes: number): Fault =>
		(request, response) => {
			const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
			response.writeHead(start > 0 ? 206 : 200, {
				"content-length": model.length - start,
				...(start > 0 && { "content-range": `bytes ${start}-${model.length - 1}/${model.length}` }),
			});
			response.write(model.subarray(start, start + bytes), () => response.destroy());
			return true;
		};

	for (const [from, wanted] of [
		["the hub", onHub],
		["an address", atAddress],
	] as const) {
		test(`${from}: half-way, again and again: it goes on where it was`, async () => {
			server.fault.contents = cutAfter(60_000);
			const files = await weightFiles(wanted(), options);
			expect(await files.read(files.paths[0]!)).toEqual(model);
			expect(waits).toEqual([500, 500, 500]);
		});

		test.each([429, 500, 502, 503])(`${from}: %i, which passes`, async (code) => {
			server.fault.contents = once(status(code, { "retry-after": "2" }));
			const files = await weightFiles(wanted(), options);
			expect(await files.read(files.paths[0]!)).toEqual(model);
			expect(waits).toEqual([2000]);
		});

		test.each([429, 500])(`${from}: %i for ever`, async (code) => {
			server.fault.contents = status(code);
			expect(await refusal(wanted())).toMatch(
				new RegExp(`cannot be fetched: the server answered ${code} .*\\.$`),
			);
			expect(waits).toEqual([500, 1000, 2000]);
			expect(await kept()).not.toContain(digest);
		});

		test.each([401, 403, 404])(`${from}: %i, once`, async (code) => {
			server.fault.contents = status(code);
			expect(await refusal(wanted())).toMatch(new RegExp(`cannot be fetched: the server answered ${code}`));
			expect(waits).toEqual([]);
		});

		test(`${from}: says to come again tomorrow`, async () => {
			server.fault.contents = status(429, { "retry-after": "86400" });
			expect(await refusal(wanted())).toMatch(/the server answered 429/);
			expect(waits).toEqual([]);
		});

		test(`${from}: other bytes`, async () => {
			server.fault.contents = (request, response) => {
				sendFile(request, response, model.with(7, model[7]! ^ 1), {});
				return true;
			};
			expect(await refusal(wanted())).toMatch(
				/is not the file that is expected: its SHA-256 is [0-9a-f]{64}, not/,
			);
			expect(await kept()).not.toContain(digest);
			server.fault.contents = undefined;
			expect((await weightFiles(wanted(), options)).notes).toEqual([]);
		});

		test(`${from}: more bytes than promised`, async () => {
			server.fault.contents = (_, response) => {
				response.writeHead(200);
				response.write(model);
				response.end(model);
				return true;
			};
			expect(await refusal(wanted())).toMatch(
				/the server sends more than the 200000 bytes that are expected/,
			);
		});

		test(`${from}: fewer, which it says itself`, async () => {
			server.fault.contents = (request, response) => {
				sendFile(request, response, model.subarray(0, 1000), {});
				return true;
			};
			expect(await refusal(wanted())).toMatch(/cannot be fetched: /);
		});

		test(`${from}: no byte for long`, async () => {
			server.fault.contents = (_, response) => {
				response.writeHead(200);
				response.write(model.subarray(0, 10));
				return true;
			};
			expect(await refusal(wanted(), { idle: 30 })).toMatch(
				/the connection broke after \d+ bytes \(nothing came for/,
			);
		});

		test(`${from}: no answer at all`, async () => {
			server.fault.contents = () => true;
			expect(await refusal(wanted(), { idle: 30 })).toMatch(/cannot be fetched: nothing came for/);
		});

		test(`${from}: slowly, but it comes`, async () => {
			server.fault.contents = (_, response) => {
				response.writeHead(200, { "content-length": model.length });
				const send = (start: number): void => {
					if (start >= model.length) response.end();
					else
						response.write(model.subarray(start, start + 40_000), () => setTimeout(send, 10, start + 40_000));
				};
				send(0);
				return true;
			};
			const files = await weightFiles(wanted(), { ...options, idle: 500 });
			expect(await files.read(files.paths[0]!)).toEqual(model);
		});

		test(`${from}: leads on and on`, async () => {
			let hops = 0;
			server.fault.contents = (_, response) => {
				response.writeHead(302, { location: `/${++hops}` });
				response.end();
				return true;
			};
			expect(await refusal(wanted())).toMatch(/leads on to another address more than 5 times/);
		});

		test(`${from}: a signal ends it at once`, async () => {
			const controller = new AbortController();
			server.fault.contents = () => {
				controller.abort(new Error("enough"));
				return true;
			};
			await expect(weightFiles(wanted(), { ...options, signal: controller.signal })).rejects.toThrow(
				"enough",
			);
		});
	}

	test("every source is named with its answer", async () => {
		const sources = [{ address: `${server.contents}/no/` }, { address: "http://127.0.0.1:9/" }];
		expect(await refusal({ ...atAddress(), sources })).toMatch(
			/^not-found: own\/one is to be had from none of its 2 sources: .*404.*; http:\/\/127\.0\.0\.1:9\/.* cannot be fetched: .*\.$/,
		);
		expect(
			(await weightFiles({ ...atAddress(), sources: [...sources, ...atAddress().sources] }, options)).paths,
		).toEqual([digest]);
	});

	test("the hub tells paths that lead out, no JSON, no commit", async () => {
		const says =
			(text: string): Fault =>
			(request, response) => {
				if (!request.url!.startsWith("/api")) return false;
				response.end(text);
				return true;
			};
		for (const [text, sentence] of [
			["<html>", /is no list of files in JSON/],
			["{}", /says neither a commit nor its files/],
			[
				JSON.stringify({ sha: commit, siblings: [{ rfilename: "../../x" }] }),
				/names a file "..\/..\/x", which/,
			],
			[JSON.stringify({ sha: "../x", siblings: [] }), /says neither a commit/],
		] as const) {
			server.fault.hub = says(text);
			expect(await refusal(unlisted())).toMatch(sentence);
		}
	});
});

describe("the cache fails", () => {
	test("its place is a file: the model is in memory alone, which a note says; where it must be kept it is an error", async () => {
		await writeFile(join(folder, "hf"), "");
		await writeFile(join(folder, "own"), "");
		for (const wanted of [onHub(), atAddress()]) {
			const files = await weightFiles(wanted, options);
			expect(await files.read(files.paths[0]!)).toEqual(model);
			expect(files.notes.join()).toMatch(/It could not be kept, for .* cannot be written: /);
			expect(await refusal(wanted, { mustKeep: true })).toMatch(/^unwritable: .* cannot be written: .*\.$/);
		}
	});
});

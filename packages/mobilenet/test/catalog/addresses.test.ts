/** Files of other addresses than the hub's, and the folder that they are kept in: what may go wrong with either. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import type { WeightFile, WeightSource } from "../../src/catalog/entry.ts";
import { placesOf } from "../../src/catalog/place.ts";
import { cacheFolder } from "../../src/catalog/settings.node.ts";
import { cached, remove, weightFiles } from "../../src/catalog/weights.ts";
import { sha256, someBytes } from "../support/hub-server.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { hubWithCaches, options } from "./hub-with-caches.ts";
import { slowly } from "./slowly.ts";

const large = someBytes(1_000_000);
const small = someBytes(300);
const digest = sha256(large);
const checked = [{ path: "large", bytes: large.length, sha256: digest }];
const unchecked = [{ path: "small" }];

const served = hubWithCaches({ large, small });
const ownSources = (): readonly WeightSource[] => [{ address: `${served.hub.endpoint}/files/` }];
const load = (files: readonly WeightFile[], more = {}) =>
	weightFiles(files, ownSources(), { ...options, ...more });
const place = join("cache", "sha256", digest);

describe("an address", () => {
	it("whose file has a digest is kept under that, and never asked again", async () => {
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(served.tree()).toEqual([place]);
		served.hub.forget();
		expect(await (await load(checked, { offline: true })).read("large")).toEqual(large);
		// From wherever: the bytes are the same.
		const elsewhere = await weightFiles(checked, [{ address: "https://nobody.invalid/" }], options);
		expect(await elsewhere.read("large")).toEqual(large);
		expect(served.hub.asked).toEqual([]);
	});

	it("whose file has none is asked whether it has changed", async () => {
		await load(unchecked);
		served.hub.forget();
		expect(await (await load(unchecked)).read("small")).toEqual(small);
		expect(served.hub.asked.map(({ headers }) => headers["if-none-match"])).toEqual([
			expect.stringMatching(/^"\w{40}"$/),
		]);
		served.hub.files.set("small", someBytes(301));
		expect(await (await load(unchecked)).read("small")).toEqual(someBytes(301));
		served.hub.mischief = (_, response) => {
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
		expect(await cached(checked, ownSources(), options)).toBeUndefined();
		await load([...checked, ...unchecked]);
		expect(await cached([...checked, ...unchecked], ownSources(), options)).toMatchObject({
			source: ownSources()[0],
			bytes: large.length + small.length,
			files: [{ path: "large", location: join(served.home, place), bytes: large.length }, { path: "small" }],
		});
		expect(await remove([...checked, ...unchecked], ownSources(), options)).toBe(large.length + small.length);
		expect(served.tree()).toEqual([]);
	});

	it("that cannot list its files is not asked for them", async () => {
		await expect(weightFiles(undefined, ownSources(), options)).rejects.toThrow(
			/\(it does not say which files it has\): give the path of a model file instead\.$/,
		);
	});
});

describe("sources", () => {
	it("are asked in order, and the first that has everything gives everything", async () => {
		const hub = { hub: "owner/name", revision: "main" };
		const files = await weightFiles(
			checked,
			[{ hub: "owner/none", revision: "main" }, hub, ...ownSources()],
			options,
		);
		expect(files.name).toMatch(/\/owner\/name$/);
		served.hub.files.delete("small");
		await expect(weightFiles([...checked, ...unchecked], [hub, ...ownSources()], options)).rejects.toThrow(
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
			address: `${served.hub.endpoint}/none/${n}/`,
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
		writeFileSync(join(served.home, "cache"), "a file in the folder's place");
		const files = await load([...checked, ...unchecked]);
		expect(await files.read("large")).toEqual(large);
		expect(files.notes).toEqual([
			`${join(served.home, place)} cannot be written: the folder's place is taken by a file: large was fetched, but is not kept.`,
			expect.stringMatching(/: small was fetched, but is not kept\.$/),
		]);
		served.hub.forget();
		await expect(load(checked, { mustKeep: true })).rejects.toMatchObject({
			code: "unwritable",
			message: `${join(served.home, place)} cannot be written: the folder's place is taken by a file.`,
		});
		expect(served.hub.asked).toEqual([]);
		writeFileSync(join(served.home, "huggingface"), "a file in the folder's place");
		const hub = await weightFiles(checked, [{ hub: "owner/name", revision: "main" }], options);
		expect(await hub.read("large")).toEqual(large);
		expect(hub.notes).toEqual([expect.stringMatching(/: large was fetched, but is not kept\.$/)]);
		expect(served.tree()).toEqual(["cache", "huggingface"]);
	});

	it("with a damaged file has it fetched again", async () => {
		await load(checked);
		writeFileSync(join(served.home, place), large.toReversed());
		expect(await (await load(checked)).read("large")).toEqual(large);
		expect(readFileSync(join(served.home, place))).toEqual(Buffer.from(large));
	});

	it.each([".incomplete", ".incomplete.etag"])(
		"with a link in the place of %s leaves what it leads to",
		async (ending) => {
			const precious = join(served.home, "precious");
			writeFileSync(precious, "mine");
			mkdirSync(join(served.home, "cache", "sha256"), { recursive: true });
			symlinkSync(precious, join(served.home, place + ending));
			expect(await (await load(checked)).read("large")).toEqual(large);
			expect(readFileSync(precious, "utf8")).toBe("mine");
			expect(served.tree()).toEqual([place, "precious"]);
			expect(served.hub.asked.map(({ headers }) => headers["if-range"])).toEqual([undefined]);
		},
	);

	it.skipIf(process.platform === "win32").each(["", ".incomplete"])(
		"with a pipe in the place of a file%s does not wait for it",
		async (ending) => {
			mkdirSync(join(served.home, "cache", "sha256"), { recursive: true });
			execFileSync("mkfifo", [join(served.home, place + ending)]);
			await load(checked);
			expect(readFileSync(join(served.home, place))).toEqual(Buffer.from(large));
			expect(served.tree()).toEqual([place]);
		},
	);

	it("holds nothing of what nobody could go on with", async () => {
		served.hub.mischief = (_, response) => {
			response.writeHead(200, { "content-length": 300 });
			response.write(small.subarray(0, 100), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		await expect(load(unchecked, { tries: 1 })).rejects.toThrow(/cannot be fetched/);
		expect(served.tree()).toEqual([]);
	});

	it("holds nothing under a name after the signal", async () => {
		served.hub.mischief = slowly(large, 1000);
		const controller = new AbortController();
		const onProgress = ({ loaded }: { loaded: number }): void => {
			if (loaded > 100_000) controller.abort(new Error("enough"));
		};
		await expect(load(checked, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
		expect(served.tree()).toEqual([`${place}.incomplete`, `${place}.incomplete.etag`]);
		served.hub.forget();
		served.hub.mischief = slowly(large, 20);
		await load(checked);
		expect(served.hub.asked[0]!.headers.range).toMatch(/^bytes=\d{6}-$/);
		expect(served.tree()).toEqual([place]);
	});
});

const published = "weights/mobilenet_v1_0.25_128_quant.tflite";
describeWithShared("a published network", [published], () => {
	it("comes from the hub with its digest, and the line may break", async () => {
		const bytes = new Uint8Array(readFileSync(shared(published)));
		served.hub.files.set("model.tflite", bytes);
		let left = 2;
		served.hub.mischief = ({ path, headers }, response) => {
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
			served.hub.asked.filter(({ path }) => path.startsWith("store")).map(({ headers }) => headers.range),
		).toEqual([undefined, "bytes=150000-", "bytes=300000-"]);
	});
});

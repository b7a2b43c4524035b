/** Hugging Face's hub and its cache, against a server on this machine that answers as the hub does. */
import {
	existsSync,
	lstatSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../../src/base/progress.ts";
import { cached, remove, weightFiles } from "../../src/catalog/weights.ts";
import { commits, etagOf, type HubServer, sha256, someBytes, startHub } from "../support/hub-server.ts";

const large = someBytes(200_000);
const small = someBytes(300);
const contents = { "model.bin": large, "labels.txt": small, "sub/other file.bin": someBytes(5000) };
const wanted = [{ path: "model.bin" }, { path: "labels.txt" }];
const main = [{ hub: "owner/name", revision: "main" }];
const pinned = [{ hub: "owner/name", revision: commits[0] }];

let hub: HubServer;
let home: string;
beforeAll(async () => {
	hub = await startHub(contents);
});
afterAll(() => hub.close());
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), "mobilenet-hub-"));
	vi.stubEnv("HF_HOME", home);
	vi.stubEnv("HF_HUB_CACHE", "");
	vi.stubEnv("HF_ENDPOINT", hub.endpoint);
	vi.stubEnv("HF_TOKEN", "");
	vi.stubEnv("HF_HUB_OFFLINE", "");
	Object.assign(hub, { mischief: undefined, token: undefined, commit: commits[0] });
	hub.files.clear();
	for (const [path, bytes] of Object.entries(contents)) hub.files.set(path, bytes);
	hub.forget();
});
afterEach(() => {
	vi.unstubAllEnvs();
	rmSync(home, { recursive: true });
});

/** Waits are told, not waited for. */
const waits: number[] = [];
const options = {
	name: "imagenet/0.5-160",
	sleep: async (milliseconds: number) => {
		waits.push(milliseconds);
	},
};
const repository = (path = "."): string => join(home, "hub", "models--owner--name", path);
/** Every file below the cache, with what it links to. */
const tree = (): readonly string[] =>
	readdirSync(home, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => {
			const path = join(entry.parentPath, entry.name);
			const name = relative(home, path);
			return entry.isSymbolicLink() ? `${name} -> ${readlinkSync(path)}` : name;
		})
		.sort();

describe("a repository", () => {
	it("is kept as Python keeps it", async () => {
		const seen: Progress[] = [];
		const files = await weightFiles(wanted, main, {
			...options,
			onProgress: (progress) => seen.push(progress),
		});
		expect(await files.read("model.bin")).toEqual(large);
		expect(await files.read("labels.txt")).toEqual(small);
		expect(files).toMatchObject({ paths: ["model.bin", "labels.txt"], notes: [] });
		expect(tree()).toEqual(
			[
				`hub/models--owner--name/blobs/${etagOf(small)}`,
				`hub/models--owner--name/blobs/${etagOf(large)}`,
				"hub/models--owner--name/refs/main",
				`hub/models--owner--name/snapshots/${commits[0]}/labels.txt -> ../../blobs/${etagOf(small)}`,
				`hub/models--owner--name/snapshots/${commits[0]}/model.bin -> ../../blobs/${etagOf(large)}`,
			].sort(),
		);
		expect(readFileSync(repository("refs/main"), "utf8")).toBe(commits[0]);
		expect(readFileSync(repository(`snapshots/${commits[0]}/model.bin`))).toEqual(Buffer.from(large));
		expect(seen.at(-1)).toMatchObject({ loaded: small.length, total: small.length });
		expect(seen.find(({ loaded }) => loaded === large.length)).toMatchObject({ total: large.length });
	});

	it("at a commit is asked for once, and a branch for its commit alone", async () => {
		await weightFiles(wanted, pinned, options);
		hub.forget();
		expect(await (await weightFiles(wanted, pinned, options)).read("model.bin")).toEqual(large);
		expect(hub.asked).toEqual([]);
		await weightFiles(wanted, main, options);
		expect(hub.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
			"HEAD hub /owner/name/resolve/main/model.bin",
		]);
	});
});

describe("a branch", () => {
	it("that has moved is fetched again, and what is the same is not", async () => {
		await weightFiles(wanted, main, options);
		hub.commit = commits[1];
		hub.files.set("labels.txt", someBytes(301));
		hub.forget();
		const files = await weightFiles(wanted, main, options);
		expect(await files.read("labels.txt")).toEqual(someBytes(301));
		expect(await files.read("model.bin")).toEqual(large);
		expect(hub.asked.filter(({ path }) => path.startsWith("store"))).toEqual([]);
		expect(readFileSync(repository("refs/main"), "utf8")).toBe(commits[1]);
		expect(existsSync(repository(`snapshots/${commits[0]}/labels.txt`))).toBe(true);
	});

	it("is as it was last seen where nobody answers, and that is said", async () => {
		await weightFiles(wanted, main, options);
		hub.mischief = (_, response) => {
			response.destroy();
			return true;
		};
		hub.forget();
		const files = await weightFiles(wanted, main, options);
		expect(await files.read("model.bin")).toEqual(large);
		expect(files.notes).toEqual([
			expect.stringMatching(
				/^http:\/\/127\.0\.0\.1:\d+\/owner\/name cannot be asked for changes \(.+\): the copy on this machine was taken\.$/,
			),
		]);
		// With a copy here, a server that is away is asked once.
		expect(hub.asked).toHaveLength(1);
	});

	it("is not taken from here where the hub refuses", async () => {
		await weightFiles(wanted, main, options);
		hub.token = "secret";
		await expect(weightFiles(wanted, main, options)).rejects.toThrow(
			/401 Unauthorized: there is no such repository, or it wants a token in HF_TOKEN/,
		);
	});
});

describe("offline", () => {
	it.each([
		["HF_HUB_OFFLINE", undefined],
		["the option", true],
	])("by %s nothing is asked", async (_, offline) => {
		await weightFiles(wanted, main, options);
		hub.forget();
		if (!offline) vi.stubEnv("HF_HUB_OFFLINE", "1");
		const files = await weightFiles(wanted, main, { ...options, offline });
		expect(await files.read("model.bin")).toEqual(large);
		const all = await weightFiles(undefined, main, { ...options, offline });
		expect(all.paths).toEqual(["labels.txt", "model.bin"]);
		await expect(
			weightFiles([{ path: "sub/other file.bin" }], main, { ...options, offline }),
		).rejects.toMatchObject({
			code: "not-found",
			message:
				"imagenet/0.5-160 is not on this machine, and nothing is fetched offline: load it once with a connection.",
		});
		expect(hub.asked).toEqual([]);
	});
});

describe("a repository whose files nobody named", () => {
	it("is listed, and each is fetched when it is read", async () => {
		const files = await weightFiles(undefined, main, options);
		expect(files.paths).toEqual(["model.bin", "labels.txt", "sub/other file.bin"]);
		expect(hub.asked.map(({ path }) => path)).toEqual(["hub /api/models/owner/name/revision/main"]);
		expect(await files.read("sub/other file.bin")).toEqual(someBytes(5000));
		expect(readFileSync(repository(`snapshots/${commits[0]}/sub/other file.bin`))).toHaveLength(5000);
		expect(readlinkSync(repository(`snapshots/${commits[0]}/sub/other file.bin`))).toBe(
			`../../../blobs/${etagOf(someBytes(5000))}`,
		);
		await expect(files.read("nothing")).rejects.toMatchObject({
			code: "not-found",
			message: expect.stringMatching(/owner\/name\/nothing cannot be fetched: there is no file nothing\.$/),
		});
	});

	it("may have them in a folder", async () => {
		const files = await weightFiles(undefined, [{ ...main[0]!, folder: "sub" }], options);
		expect(files.paths).toEqual(["other file.bin"]);
		expect(await files.read("other file.bin")).toEqual(someBytes(5000));
		await expect(weightFiles(undefined, [{ ...main[0]!, folder: "none" }], options)).rejects.toThrow(
			/it has no files in none\//,
		);
	});

	it.each(["../evil", "/etc/passwd", "a/../../b", "a\\b", "C:evil", "a//b"])(
		"is refused where it lists %s",
		async (path) => {
			hub.files.set(path, small);
			await expect(weightFiles(undefined, main, options)).rejects.toMatchObject({
				code: "not-found",
				message: expect.stringContaining("which is not the path of a file in a folder"),
			});
			expect(tree()).toEqual([]);
		},
	);

	it.each(["", "{}", "[1]", '{"sha":"../..","siblings":[]}', '{"sha":"main"}', "<html>"])(
		"is refused where the answer is %s",
		async (text) => {
			hub.mischief = (_, response) => {
				response.end(text);
				return true;
			};
			await expect(weightFiles(undefined, main, options)).rejects.toThrow(
				/\(it does not answer as Hugging Face's hub does\)/,
			);
		},
	);
});

describe("what is refused", () => {
	const failing = (
		about: Parameters<typeof weightFiles>[0],
		sources: Parameters<typeof weightFiles>[1] = main,
	) =>
		weightFiles(about, sources, options).then(
			() => "fetched",
			(error: Error) => error.message.replaceAll(/127\.0\.0\.1:\d+/g, "hub"),
		);

	it("is said in a sentence", async () => {
		const from = "imagenet/0.5-160 cannot be fetched from http://hub/owner";
		const instead = ": give the path of a model file instead.";
		expect(await failing([{ path: "nothing" }])).toBe(
			`${from}/name (the server answered 404 Not Found: it has no such file)${instead}`,
		);
		expect(await failing(wanted, [{ hub: "owner/name", revision: "other" }])).toBe(
			`${from}/name (the server answered 404 Not Found: it has no such revision)${instead}`,
		);
		expect(await failing(wanted, [{ hub: "owner/none", revision: "main" }])).toBe(
			`${from}/none (the server answered 401 Unauthorized: there is no such repository, or it wants a token in HF_TOKEN)${instead}`,
		);
		hub.mischief = (_, response) => {
			response.writeHead(403, { "x-error-code": "GatedRepo" }).end();
			return true;
		};
		expect(await failing(wanted)).toBe(
			`${from}/name (the server answered 403 Forbidden: its owner must be asked for access first)${instead}`,
		);
		hub.mischief = (_, response) => {
			response.writeHead(200, { etag: '"x"' }).end();
			return true;
		};
		expect(await failing(wanted)).toBe(
			`${from}/name (it does not answer as Hugging Face's hub does)${instead}`,
		);
		expect(tree()).toEqual([]);
	});

	it("is another file than the one that is wanted", async () => {
		const other = { path: "model.bin", sha256: sha256(small) };
		expect(await failing([other])).toContain("(its model.bin is another file than the one that is wanted)");
		expect(await failing([{ path: "model.bin", bytes: 7 }])).toContain(
			"(it has more than the 7 bytes it should have)",
		);
		expect(await failing([{ path: "labels.txt", sha256: sha256(large) }])).toContain(
			"(its bytes are not those that it should have)",
		);
	});

	it("are bytes that are not what the hub calls them", async () => {
		hub.mischief = ({ path }, _, send) => {
			if (!path.startsWith("store")) return false;
			send(someBytes(200_000).reverse());
			return true;
		};
		expect(await failing(wanted)).toContain("(its bytes are not those that it should have)");
		hub.mischief = ({ path, method }, _, send) => {
			if (!path.endsWith("labels.txt") || method !== "GET") return false;
			send(someBytes(300).reverse(), { "x-repo-commit": commits[0], etag: `"${etagOf(small)}"` });
			return true;
		};
		expect(await failing([{ path: "labels.txt" }])).toContain(
			"(its bytes are not those that it should have)",
		);
		expect(tree()).toEqual([]);
	});

	it.each([
		[{ hub: "../x", revision: "main" }, '"../x" is not the name of a repository: give owner/name.'],
		[{ hub: "a/b/c", revision: "main" }, '"a/b/c" is not the name of a repository: give owner/name.'],
		[{ hub: "a--b/c", revision: "main" }, '"a--b/c" is not the name of a repository: give owner/name.'],
		[{ hub: "a/b", revision: "../../x" }, '"../../x" is not the path of a file in a folder.'],
		[{ hub: "a/b", revision: "main", folder: "../x" }, '"../x" is not the path of a file in a folder.'],
	])("%o before anything is asked", async (source, message) => {
		await expect(weightFiles(wanted, [source], options)).rejects.toMatchObject({ code: "usage", message });
		await expect(weightFiles([{ path: "../../x" }], main, options)).rejects.toThrow(/"\.\.\/\.\.\/x" is not/);
		expect(hub.asked).toEqual([]);
	});
});

describe("a token", () => {
	it.each(["HF_TOKEN", "the option"])("by %s goes to the hub alone", async (by) => {
		hub.token = "secret";
		if (by === "HF_TOKEN") vi.stubEnv("HF_TOKEN", "secret");
		const token = by === "HF_TOKEN" ? undefined : "secret";
		await weightFiles(wanted, main, { ...options, token });
		const all = await weightFiles(undefined, main, { ...options, token });
		await all.read("sub/other file.bin");
		for (const { path, headers } of hub.asked)
			expect([path, headers.authorization]).toEqual([
				path,
				path.startsWith("hub") ? "Bearer secret" : undefined,
			]);
		expect(hub.asked.filter(({ path }) => path.startsWith("store"))).toHaveLength(2);
	});

	it("that is the wrong one is not shown", async () => {
		hub.token = "secret";
		await expect(weightFiles(wanted, main, { ...options, token: "wrong-one" })).rejects.toThrow(
			/^(?!.*wrong-one).*or the token may not read it/,
		);
	});
});

it("a token that cannot be sent is not shown", async () => {
	await expect(weightFiles(wanted, main, { ...options, token: "hf_secret\nx" })).rejects.toMatchObject({
		code: "usage",
		message:
			"the token holds characters that no token has: copy it again from huggingface.co/settings/tokens.",
	});
	hub.token = "secret";
	await weightFiles(wanted, main, { ...options, token: "secret\r\n" });
});

it("an endpoint that is none is said", async () => {
	await expect(weightFiles(wanted, main, { ...options, endpoint: "hub" })).rejects.toThrow(
		/^imagenet\/0\.5-160 cannot be fetched from hub\/owner\/name \(it is no complete address\)/,
	);
});

describe("what is kept", () => {
	it("half-written under no name is taken up by the next try", async () => {
		hub.mischief = ({ path }, response) => {
			if (!path.startsWith("store")) return false;
			response.writeHead(200, { "content-length": large.length, etag: '"of-the-store"' });
			response.write(large.subarray(0, 150_000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		await expect(weightFiles(wanted, main, { ...options, tries: 1 })).rejects.toThrow(
			/cannot be fetched from/,
		);
		const partial = `hub/models--owner--name/blobs/${etagOf(large)}.mobilenet.incomplete`;
		expect(tree()).toEqual([partial, `${partial}.etag`]);
		hub.mischief = undefined;
		hub.forget();
		expect(await (await weightFiles(wanted, main, options)).read("model.bin")).toEqual(large);
		const continued = hub.asked.find(({ path, headers }) => path.startsWith("store") && headers.range);
		expect(continued?.headers).toMatchObject({ range: "bytes=150000-", "if-range": '"of-the-store"' });
		expect(tree().filter((path) => path.includes("incomplete"))).toEqual([]);
	});

	it("and damaged is fetched again where its size or digest is known", async () => {
		const known = [{ path: "model.bin", bytes: large.length, sha256: sha256(large) }];
		await weightFiles(known, pinned, options);
		for (const damaged of [large.subarray(0, 100), large.toReversed()]) {
			writeFileSync(repository(`blobs/${etagOf(large)}`), damaged);
			expect(await (await weightFiles(known, pinned, options)).read("model.bin")).toEqual(large);
			expect(readFileSync(repository(`snapshots/${commits[0]}/model.bin`))).toEqual(Buffer.from(large));
		}
	});

	it("only begun is removed, too, but not under the hands of whoever fetches", async () => {
		hub.mischief = ({ path }, response) => {
			if (!path.startsWith("store")) return false;
			response.writeHead(200, { "content-length": large.length, etag: '"of-the-store"' });
			response.write(large.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		const begun = weightFiles(wanted, main, { ...options, tries: 1 }).catch(() => undefined);
		for (let n = 0; n < 500 && !tree().some((path) => path.endsWith(".lock")); n++)
			await new Promise((resolve) => setTimeout(resolve, 1));
		await remove(wanted, main, options);
		expect(tree().some((path) => path.endsWith(".mobilenet.lock"))).toBe(true);
		await begun;
		expect(tree()).toHaveLength(2);
		writeFileSync(repository("blobs/x.12345678.incomplete"), "Python is at work");
		await remove(wanted, main, options);
		expect(tree()).toHaveLength(3);
		rmSync(repository("blobs/x.12345678.incomplete"));
		await remove(wanted, main, options);
		expect(tree()).toEqual([]);
	});

	it("with a link to nothing is fetched again", async () => {
		await weightFiles(wanted, pinned, options);
		rmSync(repository(`blobs/${etagOf(small)}`));
		expect(await (await weightFiles(wanted, pinned, options)).read("labels.txt")).toEqual(small);
		rmSync(repository(`blobs/${etagOf(small)}`));
		expect(await cached(wanted, pinned, options)).toBeUndefined();
	});

	it("is a file of its own where there are no links", async () => {
		vi.stubEnv("HF_HUB_DISABLE_SYMLINKS", "1");
		await weightFiles(wanted, main, options);
		hub.files.set("copy.bin", large);
		expect(await (await weightFiles([{ path: "copy.bin" }], main, options)).read("copy.bin")).toEqual(large);
		expect(tree()).toEqual([
			"hub/models--owner--name/refs/main",
			...["copy.bin", "labels.txt", "model.bin"].map(
				(path) => `hub/models--owner--name/snapshots/${commits[0]}/${path}`,
			),
		]);
		hub.forget();
		await weightFiles(wanted, pinned, options);
		expect(hub.asked).toEqual([]);
		expect(lstatSync(repository(`snapshots/${commits[0]}/model.bin`)).isFile()).toBe(true);
	});

	it.each([
		["HF_HUB_CACHE", "elsewhere"],
		["HUGGINGFACE_HUB_CACHE", "elsewhere"],
	])("is where %s says", async (variable, folder) => {
		vi.stubEnv(variable, join(home, folder));
		await weightFiles(wanted, main, options);
		expect(existsSync(join(home, folder, "models--owner--name", "refs", "main"))).toBe(true);
	});

	it("is told, with its places and sizes", async () => {
		expect(await cached(wanted, main, options)).toBeUndefined();
		await weightFiles(wanted, main, options);
		hub.forget();
		expect(await cached(wanted, main, options)).toEqual({
			source: main[0],
			bytes: large.length + small.length,
			files: wanted.map(({ path }) => ({
				path,
				location: repository(`snapshots/${commits[0]}/${path}`),
				bytes: contents[path as keyof typeof contents].length,
			})),
		});
		expect(await cached(undefined, main, options)).toMatchObject({ bytes: large.length + small.length });
		expect(await cached([...wanted, { path: "more" }], main, options)).toBeUndefined();
		expect(hub.asked).toEqual([]);
	});

	it("is removed, but for what another snapshot has", async () => {
		expect(await remove(wanted, main, options)).toBe(0);
		await weightFiles(wanted, main, options);
		hub.commit = commits[1];
		hub.files.set("labels.txt", someBytes(301));
		await weightFiles(wanted, main, options);
		expect(await remove(wanted, main, options)).toBe(301);
		expect(tree()).toEqual(
			[
				`hub/models--owner--name/blobs/${etagOf(small)}`,
				`hub/models--owner--name/blobs/${etagOf(large)}`,
				`hub/models--owner--name/snapshots/${commits[0]}/labels.txt -> ../../blobs/${etagOf(small)}`,
				`hub/models--owner--name/snapshots/${commits[0]}/model.bin -> ../../blobs/${etagOf(large)}`,
			].sort(),
		);
		expect(await remove([{ path: "model.bin" }], pinned, options)).toBe(large.length);
		expect(await remove(undefined, pinned, options)).toBe(small.length);
		expect(existsSync(repository())).toBe(false);
	});
});

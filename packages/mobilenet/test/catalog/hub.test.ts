/** Hugging Face's hub, against a server on this machine that answers as the hub does. */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Progress } from "../../src/base/progress.ts";
import { weightFiles } from "../../src/catalog/weights.ts";
import { commits, etagOf, sha256, someBytes } from "../support/hub-server.ts";
import { hubWithCaches, options } from "./hub-with-caches.ts";

const large = someBytes(200_000);
const small = someBytes(300);
const contents = { "model.bin": large, "labels.txt": small, "sub/other file.bin": someBytes(5000) };
const wanted = [{ path: "model.bin" }, { path: "labels.txt" }];
const main = [{ hub: "owner/name", revision: "main" }];
const pinned = [{ hub: "owner/name", revision: commits[0] }];

const served = hubWithCaches(contents);
const repository = (path = "."): string =>
	join(served.home, "huggingface", "hub", "models--owner--name", path);

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
		expect(served.tree()).toEqual(
			[
				`huggingface/hub/models--owner--name/blobs/${etagOf(small)}`,
				`huggingface/hub/models--owner--name/blobs/${etagOf(large)}`,
				"huggingface/hub/models--owner--name/refs/main",
				`huggingface/hub/models--owner--name/snapshots/${commits[0]}/labels.txt -> ../../blobs/${etagOf(small)}`,
				`huggingface/hub/models--owner--name/snapshots/${commits[0]}/model.bin -> ../../blobs/${etagOf(large)}`,
			].sort(),
		);
		expect(readFileSync(repository("refs/main"), "utf8")).toBe(commits[0]);
		expect(readFileSync(repository(`snapshots/${commits[0]}/model.bin`))).toEqual(Buffer.from(large));
		expect(seen.at(-1)).toMatchObject({ loaded: small.length, total: small.length });
		expect(seen.find(({ loaded }) => loaded === large.length)).toMatchObject({ total: large.length });
	});

	it("at a commit is asked for once, and a branch for its commit alone", async () => {
		await weightFiles(wanted, pinned, options);
		served.hub.forget();
		expect(await (await weightFiles(wanted, pinned, options)).read("model.bin")).toEqual(large);
		expect(served.hub.asked).toEqual([]);
		await weightFiles(wanted, main, options);
		expect(served.hub.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
			"HEAD hub /owner/name/resolve/main/model.bin",
		]);
	});
});

describe("a branch", () => {
	it("that has moved is fetched again, and what is the same is not", async () => {
		await weightFiles(wanted, main, options);
		served.hub.commit = commits[1];
		served.hub.files.set("labels.txt", someBytes(301));
		served.hub.forget();
		const files = await weightFiles(wanted, main, options);
		expect(await files.read("labels.txt")).toEqual(someBytes(301));
		expect(await files.read("model.bin")).toEqual(large);
		expect(served.hub.asked.filter(({ path }) => path.startsWith("store"))).toEqual([]);
		expect(readFileSync(repository("refs/main"), "utf8")).toBe(commits[1]);
		expect(existsSync(repository(`snapshots/${commits[0]}/labels.txt`))).toBe(true);
	});

	it("is as it was last seen where nobody answers, and that is said", async () => {
		await weightFiles(wanted, main, options);
		served.hub.mischief = (_, response) => {
			response.destroy();
			return true;
		};
		served.hub.forget();
		const files = await weightFiles(wanted, main, options);
		expect(await files.read("model.bin")).toEqual(large);
		expect(files.notes).toEqual([
			expect.stringMatching(
				/^http:\/\/127\.0\.0\.1:\d+\/owner\/name cannot be asked for changes \(.+\): the copy on this machine was taken\.$/,
			),
		]);
		// With a copy here, a server that is away is asked once.
		expect(served.hub.asked).toHaveLength(1);
	});

	it("is not taken from here where the hub refuses", async () => {
		await weightFiles(wanted, main, options);
		served.hub.token = "secret";
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
		served.hub.forget();
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
		expect(served.hub.asked).toEqual([]);
	});
});

describe("a repository whose files nobody named", () => {
	it("is listed, and each is fetched when it is read", async () => {
		const files = await weightFiles(undefined, main, options);
		expect(files.paths).toEqual(["model.bin", "labels.txt", "sub/other file.bin"]);
		expect(served.hub.asked.map(({ path }) => path)).toEqual(["hub /api/models/owner/name/revision/main"]);
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

	it.each(["../evil", "/etc/passwd", "a/../../b", "a\\b", "a//b", "a\ud800.bin", "a\u202enib.bin"])(
		"is refused where it lists %s",
		async (path) => {
			served.hub.files.set(path, small);
			await expect(weightFiles(undefined, main, options)).rejects.toMatchObject({
				code: "not-found",
				message: expect.stringContaining("which is not the path of a file in a folder"),
			});
			expect(served.tree()).toEqual([]);
		},
	);

	it("leaves out what not every system can write, on the hub and in the cache", async () => {
		served.hub.files.set("Screen 12:30?.png", small);
		const files = await weightFiles(undefined, main, options);
		expect(files.paths).toEqual(Object.keys(contents));
		await files.read("labels.txt");
		writeFileSync(join(repository("snapshots"), commits[0], "Screen 12:30?.png"), small);
		const here = await weightFiles(undefined, main, { ...options, offline: true });
		expect(here.paths).toEqual(["labels.txt"]);
	});

	it.each(["", "{}", "[1]", '{"sha":"../..","siblings":[]}', '{"sha":"main"}', "<html>"])(
		"is refused where the answer is %s",
		async (text) => {
			served.hub.mischief = (_, response) => {
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
		served.hub.mischief = (_, response) => {
			response.writeHead(403, { "x-error-code": "GatedRepo" }).end();
			return true;
		};
		expect(await failing(wanted)).toBe(
			`${from}/name (the server answered 403 Forbidden: its owner must be asked for access first)${instead}`,
		);
		served.hub.mischief = (_, response) => {
			response.writeHead(200, { etag: '"x"' }).end();
			return true;
		};
		expect(await failing(wanted)).toBe(
			`${from}/name (it does not answer as Hugging Face's hub does)${instead}`,
		);
		expect(served.tree()).toEqual([]);
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
		served.hub.mischief = ({ path }, _, send) => {
			if (!path.startsWith("store")) return false;
			send(someBytes(200_000).reverse());
			return true;
		};
		expect(await failing(wanted)).toContain("(its bytes are not those that it should have)");
		served.hub.mischief = ({ path, method }, _, send) => {
			if (!path.endsWith("labels.txt") || method !== "GET") return false;
			send(someBytes(300).reverse(), { "x-repo-commit": commits[0], etag: `"${etagOf(small)}"` });
			return true;
		};
		expect(await failing([{ path: "labels.txt" }])).toContain(
			"(its bytes are not those that it should have)",
		);
		expect(served.tree()).toEqual([]);
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
		expect(served.hub.asked).toEqual([]);
	});
});

describe("a token", () => {
	it.each(["HF_TOKEN", "the option"])("by %s goes to the hub alone", async (by) => {
		served.hub.token = "secret";
		if (by === "HF_TOKEN") vi.stubEnv("HF_TOKEN", "secret");
		const token = by === "HF_TOKEN" ? undefined : "secret";
		await weightFiles(wanted, main, { ...options, token });
		const all = await weightFiles(undefined, main, { ...options, token });
		await all.read("sub/other file.bin");
		for (const { path, headers } of served.hub.asked)
			expect([path, headers.authorization]).toEqual([
				path,
				path.startsWith("hub") ? "Bearer secret" : undefined,
			]);
		expect(served.hub.asked.filter(({ path }) => path.startsWith("store"))).toHaveLength(2);
	});

	it("that is the wrong one is not shown", async () => {
		served.hub.token = "secret";
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
	served.hub.token = "secret";
	await weightFiles(wanted, main, { ...options, token: "secret\r\n" });
});

it("an endpoint that is none is said", async () => {
	await expect(weightFiles(wanted, main, { ...options, endpoint: "hub" })).rejects.toThrow(
		/^imagenet\/0\.5-160 cannot be fetched from hub\/owner\/name \(it is no complete address\)/,
	);
	await expect(
		weightFiles(wanted, main, { ...options, endpoint: "https://me:secret@localhost" }),
	).rejects.toThrow(/^(?!.*secret).* from …@localhost\/owner\/name \(addresses with a user's name/);
});

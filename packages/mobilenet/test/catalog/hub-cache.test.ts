/** Hugging Face's cache: its layout, what is taken from it, what is left in it, and what is removed. */
import {
	existsSync,
	lstatSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { cached, remove, weightFiles } from "../../src/catalog/weights.ts";
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

describe("what is kept", () => {
	it("half-written under no name is taken up by the next try", async () => {
		served.hub.mischief = ({ path }, response) => {
			if (!path.startsWith("store")) return false;
			response.writeHead(200, { "content-length": large.length, etag: '"of-the-store"' });
			response.write(large.subarray(0, 150_000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		await expect(weightFiles(wanted, main, { ...options, tries: 1 })).rejects.toThrow(
			/cannot be fetched from/,
		);
		const partial = `huggingface/hub/models--owner--name/blobs/${etagOf(large)}.mobilenet.incomplete`;
		expect(served.tree()).toEqual([partial, `${partial}.etag`]);
		served.hub.mischief = undefined;
		served.hub.forget();
		expect(await (await weightFiles(wanted, main, options)).read("model.bin")).toEqual(large);
		const continued = served.hub.asked.find(({ path, headers }) => path.startsWith("store") && headers.range);
		expect(continued?.headers).toMatchObject({ range: "bytes=150000-", "if-range": '"of-the-store"' });
		expect(served.tree().filter((path) => path.includes("incomplete"))).toEqual([]);
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
		served.hub.mischief = ({ path }, response) => {
			if (!path.startsWith("store")) return false;
			response.writeHead(200, { "content-length": large.length, etag: '"of-the-store"' });
			response.write(large.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		const begun = weightFiles(wanted, main, { ...options, tries: 1 }).catch(() => undefined);
		for (let n = 0; n < 500 && !served.tree().some((path) => path.endsWith(".lock")); n++)
			await new Promise((resolve) => setTimeout(resolve, 1));
		await remove(wanted, main, options);
		expect(served.tree().some((path) => path.endsWith(".mobilenet.lock"))).toBe(true);
		await begun;
		expect(served.tree()).toHaveLength(2);
		writeFileSync(repository("blobs/x.12345678.incomplete"), "Python is at work");
		await remove(wanted, main, options);
		expect(served.tree()).toHaveLength(3);
		rmSync(repository("blobs/x.12345678.incomplete"));
		await remove(wanted, main, options);
		expect(served.tree()).toEqual([]);
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
		served.hub.files.set("copy.bin", large);
		expect(await (await weightFiles([{ path: "copy.bin" }], main, options)).read("copy.bin")).toEqual(large);
		expect(served.tree()).toEqual([
			"huggingface/hub/models--owner--name/refs/main",
			...["copy.bin", "labels.txt", "model.bin"].map(
				(path) => `huggingface/hub/models--owner--name/snapshots/${commits[0]}/${path}`,
			),
		]);
		served.hub.forget();
		await weightFiles(wanted, pinned, options);
		expect(served.hub.asked).toEqual([]);
		expect(lstatSync(repository(`snapshots/${commits[0]}/model.bin`)).isFile()).toBe(true);
	});

	it.each([
		["HF_HUB_CACHE", "elsewhere"],
		["HUGGINGFACE_HUB_CACHE", "elsewhere"],
	])("is where %s says", async (variable, folder) => {
		vi.stubEnv(variable, join(served.home, folder));
		await weightFiles(wanted, main, options);
		expect(existsSync(join(served.home, folder, "models--owner--name", "refs", "main"))).toBe(true);
	});

	it("is told, with its places and sizes", async () => {
		expect(await cached(wanted, main, options)).toBeUndefined();
		await weightFiles(wanted, main, options);
		served.hub.forget();
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
		expect(served.hub.asked).toEqual([]);
	});

	it("is removed, but not what lies in another folder that a link leads to", async () => {
		await weightFiles(wanted, main, options);
		const snapshot = repository(`snapshots/${commits[0]}`);
		renameSync(snapshot, join(served.home, "mine"));
		symlinkSync(join(served.home, "mine"), snapshot);
		symlinkSync("nowhere", repository("refs/other"));
		await remove(wanted, main, options);
		expect(existsSync(repository())).toBe(false);
		expect(readdirSync(join(served.home, "mine")).sort()).toEqual(["labels.txt", "model.bin"]);
	});

	it("is removed, but for what another snapshot has", async () => {
		expect(await remove(wanted, main, options)).toBe(0);
		await weightFiles(wanted, main, options);
		served.hub.commit = commits[1];
		served.hub.files.set("labels.txt", someBytes(301));
		await weightFiles(wanted, main, options);
		expect(await remove(wanted, main, options)).toBe(301);
		expect(served.tree()).toEqual(
			[
				`huggingface/hub/models--owner--name/blobs/${etagOf(small)}`,
				`huggingface/hub/models--owner--name/blobs/${etagOf(large)}`,
				`huggingface/hub/models--owner--name/snapshots/${commits[0]}/labels.txt -> ../../blobs/${etagOf(small)}`,
				`huggingface/hub/models--owner--name/snapshots/${commits[0]}/model.bin -> ../../blobs/${etagOf(large)}`,
			].sort(),
		);
		expect(await remove([{ path: "model.bin" }], pinned, options)).toBe(large.length);
		expect(await remove(undefined, pinned, options)).toBe(small.length);
		expect(existsSync(repository())).toBe(false);
	});
});

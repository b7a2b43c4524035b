/** Weights in pages: from a hub of another origin into Cache Storage, in a headless Chromium, on the sources as they are. */
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { cached, remove, weightFiles } from "../../src/catalog/weights.ts";
import { describeWithChromium, openChromium, type Served, serve } from "../browser/chromium.ts";
import { commits, type HubServer, sha256, someBytes, startHub } from "../support/hub-server.ts";

type Weights = { cached: typeof cached; remove: typeof remove; weightFiles: typeof weightFiles };
interface Task {
	readonly files: Parameters<typeof weightFiles>[0];
	readonly sources: Parameters<typeof weightFiles>[1];
	readonly options?: { readonly offline?: boolean; readonly token?: string; readonly name?: string };
}

const large = someBytes(200_000);
const small = someBytes(300);
const wanted = [{ path: "model.bin", sha256: sha256(large), bytes: large.length }, { path: "labels.txt" }];
const main = [{ hub: "owner/name", revision: "main" }];
const pinned = [{ hub: "owner/name", revision: commits[0] }];
const slowStart = 60_000;

describeWithChromium("a page", () => {
	let hub: HubServer;
	let pages: Served;
	let closed: Served;
	let context: BrowserContext;
	let close: () => Promise<void>;

	beforeAll(async () => {
		hub = await startHub({});
		const build = await rolldown({
			input: fileURLToPath(new URL("../../src/catalog/weights.ts", import.meta.url)),
			platform: "browser",
			resolve: { conditionNames: ["mobilenet-source", "default"] },
		});
		const { output } = await build.generate({ format: "iife", name: "weights", codeSplitting: false });
		await build.close();
		const files = {
			"/weights.js": new TextEncoder().encode(output[0].code),
			"/index.html": new TextEncoder().encode(
				'<!doctype html><title>weights</title><script src="/weights.js"></script>',
			),
		};
		pages = await serve(files, "script-src 'self'");
		// A frame that may keep nothing: its origin is nobody's.
		closed = await serve(files, "sandbox allow-scripts");
		({ context, close } = await openChromium());
	}, slowStart);
	afterAll(async () => {
		await close();
		await pages.close();
		await closed.close();
		await hub.close();
	});
	beforeEach(async () => {
		Object.assign(hub, { mischief: undefined, token: undefined, commit: commits[0] });
		hub.files.clear();
		hub.files.set("model.bin", large).set("labels.txt", small).set("sub/other.bin", someBytes(5000));
		const page = await open();
		await page.evaluate(() =>
			(globalThis as unknown as { caches: { delete(name: string): unknown } }).caches.delete("mobilenet"),
		);
		await page.close();
		hub.forget();
	});

	async function open(at = pages, fresh?: Page): Promise<Page> {
		const page = fresh ?? (await context.newPage());
		await page.goto(`${at.address}/index.html`);
		return page;
	}

	/** What a page gets that has just been opened. */
	async function load(task: Task, at = pages, fresh?: Page) {
		const page = await open(at, fresh);
		try {
			return await page.evaluate(
				async ([task, endpoint]) => {
					const { weightFiles } = (globalThis as unknown as { weights: Weights }).weights;
					const seen: { loaded: number; total: number | undefined }[] = [];
					try {
						const files = await weightFiles(task.files, task.sources, {
							...task.options,
							endpoint,
							sleep: async () => {},
							onProgress: ({ loaded, total }) => seen.push({ loaded, total }),
						});
						const lengths: Record<string, number> = {};
						for (const path of files.paths) lengths[path] = (await files.read(path)).length;
						return { lengths, notes: files.notes, seen };
					} catch (error) {
						return { message: (error as Error).message };
					}
				},
				[task, hub.endpoint] as const,
			);
		} finally {
			await page.close();
		}
	}
	const paths = (): readonly string[] => hub.asked.map(({ method, path }) => `${method} ${path}`);
	const lengths = { "model.bin": large.length, "labels.txt": small.length };
	const goAway = (): void => {
		hub.mischief = (_, response) => {
			response.destroy();
			return true;
		};
	};

	it("fetches a commit once, tells how far it is, and has it offline", async () => {
		const first = await load({ files: wanted, sources: pinned });
		expect(first).toMatchObject({ lengths, notes: [] });
		expect(first.seen!.find(({ loaded }) => loaded === large.length)).toMatchObject({ total: large.length });
		expect(paths()).toEqual([
			`GET hub /owner/name/resolve/${commits[0]}/model.bin`,
			// Pages do not see where a redirect leads: the browser is asked to follow it.
			`GET hub /owner/name/resolve/${commits[0]}/model.bin`,
			"GET store /model.bin",
			`GET hub /owner/name/resolve/${commits[0]}/labels.txt`,
		]);
		hub.forget();
		goAway();
		expect(await load({ files: wanted, sources: pinned })).toMatchObject({ lengths, notes: [] });
		expect(paths()).toEqual([]);
	});

	it("asks a branch for its commit, and takes what it has where nobody answers", async () => {
		await load({ files: wanted, sources: main });
		hub.forget();
		expect(await load({ files: wanted, sources: main })).toMatchObject({ lengths, notes: [] });
		expect(paths()).toEqual(["GET hub /api/models/owner/name/revision/main"]);
		goAway();
		expect(await load({ files: wanted, sources: main })).toMatchObject({
			lengths,
			notes: [
				expect.stringMatching(/cannot be asked for changes \(.*\): the copy in this browser was taken\.$/),
			],
		});
		expect(await load({ files: wanted, sources: main, options: { offline: true } })).toMatchObject({
			lengths,
		});
	});

	it("reads what a repository lists", async () => {
		const all = { ...lengths, "sub/other.bin": 5000 };
		expect(await load({ files: undefined, sources: main })).toMatchObject({ lengths: all });
		goAway();
		expect(await load({ files: undefined, sources: main, options: { offline: true } })).toMatchObject({
			lengths: all,
		});
	});

	it("sends a token to the hub alone", async () => {
		hub.token = "secret";
		expect(await load({ files: wanted, sources: main, options: { token: "secret" } })).toMatchObject({
			lengths,
		});
		for (const { path, headers } of hub.asked)
			expect([path, headers.authorization]).toEqual([
				path,
				path.startsWith("hub") ? "Bearer secret" : undefined,
			]);
	});

	it("keeps nothing that is not what it should be", async () => {
		hub.files.set("model.bin", someBytes(200_000).reverse());
		expect(await load({ files: wanted, sources: pinned, options: { name: "imagenet" } })).toEqual({
			message: expect.stringMatching(
				/^imagenet cannot be fetched from .* \(its bytes are not those that it should have\): give the path of a model file instead\.$/,
			),
		});
		hub.files.set("model.bin", large);
		expect(await load({ files: wanted, sources: pinned })).toMatchObject({ lengths });
	});

	it("tries again what was cut short", async () => {
		let left = 1;
		hub.mischief = ({ path }, response) => {
			if (!path.startsWith("store") || left-- <= 0) return false;
			response.writeHead(200, { "content-length": large.length });
			response.write(large.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
			return true;
		};
		expect(await load({ files: wanted, sources: pinned })).toMatchObject({ lengths });
	});

	it("that may keep nothing fetches each time", async () => {
		expect(await load({ files: wanted, sources: pinned }, closed)).toMatchObject({ lengths, notes: [] });
		hub.forget();
		expect(await load({ files: wanted, sources: pinned }, closed)).toMatchObject({ lengths, notes: [] });
		expect(paths().length).toBeGreaterThan(0);
	});

	it("without https has no storage and no digests, and fetches all the same", async () => {
		const page = await context.newPage();
		// What pages without https do not have.
		await page.addInitScript(() => {
			Reflect.deleteProperty(globalThis, "caches");
			Object.defineProperty(crypto, "subtle", { value: undefined });
		});
		expect(await load({ files: wanted, sources: pinned }, pages, page)).toMatchObject({ lengths, notes: [] });
		expect(paths().length).toBeGreaterThan(0);
	});

	it("says what it has, and forgets it", async () => {
		await load({ files: wanted, sources: main });
		const page = await open();
		const said = await page.evaluate(
			async ([files, sources, endpoint]) => {
				const { cached, remove } = (globalThis as unknown as { weights: Weights }).weights;
				const options = { endpoint };
				return [
					(await cached(files, sources, options))?.bytes,
					await remove(files, sources, options),
					await cached(files, sources, options),
				];
			},
			[wanted, main, hub.endpoint] as const,
		);
		await page.close();
		expect(said).toEqual([large.length + small.length, large.length + small.length, undefined]);
	});
});

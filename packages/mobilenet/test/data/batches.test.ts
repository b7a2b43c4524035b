/** Batches on workers and without: the same pixels whoever makes them, and workers that end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batches } from "../../src/data/batches.ts";
import { openDataset } from "../../src/data/datasets.node.ts";
import type { MadeShare } from "../../src/data/decoding-worker.ts";
import {
	type Batch,
	type BatchesOptions,
	createCache,
	type Dataset,
	datasetOf,
	defaultAugmentation,
	type MobileNetError,
	orderOf,
	type Pixels,
	type View,
} from "../../src/data/index.ts";
import { startDecodingWorker } from "../../src/data/start-decoding-worker.node.ts";
import { decode } from "../../src/image/decode.node.ts";
import { prepare } from "../../src/image/fit.ts";
import { processorTime } from "../support/processor-time.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const view: View = { size: 32, channels: 3, filter: "pillow-bilinear", fit: "stretch" };
const small: View = { size: 20, channels: 1, filter: "pillow-bicubic", fit: "stretch" };

interface Kept {
	readonly indices: readonly number[];
	readonly pixels: readonly Uint8Array[];
}
const keep = ({ count, indices, pixels }: Batch): Kept => {
	expect(indices).toHaveLength(count);
	return { indices: [...indices], pixels: pixels.map((view) => view.slice()) };
};
async function all(dataset: Dataset, options: BatchesOptions): Promise<Kept[]> {
	const kept: Kept[] = [];
	for await (const batch of batches(dataset, options)) kept.push(keep(batch));
	return kept;
}
const numbers = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

function picture(seed: number, width = 12, height = 10, channels = 3): Pixels {
	const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 31 + seed * 57) % 256);
	return { data, width, height, channels };
}

describeWithShared("batches of real pictures", ["data/tiny-imagenet-20", "data/flowers/val"], () => {
	let shards: Dataset;
	beforeAll(async () => {
		shards = await openDataset(shared("data/tiny-imagenet-20"));
	});
	afterAll(() => shards.close());

	it("are the same for any number of workers, with a cache and without, in the first epoch and the next", async () => {
		const options = {
			indices: orderOf(numbers(200), { seed: 3 }),
			batch: 24,
			views: [view, small],
			augmentation: { ...defaultAugmentation, rotation: 10, erasing: 0.5 },
			seed: 3,
			epoch: 5,
		};
		const expected = await all(shards, { ...options, workers: 0 });
		expect(expected.map(({ indices }) => indices.length)).toEqual([24, 24, 24, 24, 24, 24, 24, 24, 8]);
		expect(expected.flatMap(({ indices }) => indices)).toEqual([...options.indices]);
		expect(await all(shards, { ...options, workers: 1 })).toEqual(expected);
		const cache = createCache({ bytes: 2 ** 20 });
		expect(await all(shards, { ...options, workers: 3, cache })).toEqual(expected);
		// A mebibyte holds 85 of the 200.
		expect(cache.used()).toBeGreaterThan(2 ** 20 - 64 * 64 * 3);
		expect(await all(shards, { ...options, workers: 2, cache })).toEqual(expected);
		expect(await all(shards, { ...options, workers: 0, cache })).toEqual(expected);
		// Another order and another batch, but the same pixels of each picture.
		const one = await all(shards, { ...options, indices: Int32Array.of(7), batch: 1, workers: 0 });
		const [batch, position] = [0, 1].map((part) => {
			const at = options.indices.indexOf(7);
			return part === 0 ? Math.floor(at / 24) : at % 24;
		}) as [number, number];
		const length = 32 * 32 * 3;
		expect(one[0]!.pixels[0]).toEqual(
			expected[batch]!.pixels[0]!.subarray(position * length, (position + 1) * length),
		);
		const other = await all(shards, { ...options, epoch: 6, workers: 0 });
		expect(other[0]!.pixels).not.toEqual(expected[0]!.pixels);
	});

	it("without augmentation are what classification prepares, from the cache too", async () => {
		const flowers = await openDataset(shared("data/flowers/val"));
		const views: View[] = [
			{ size: 48, channels: 3, filter: "tf-bilinear", fit: { centralFraction: 0.875 } },
			{ size: 40, channels: 3, filter: "pillow-bicubic", fit: { shorterSide: 46 } },
		];
		const indices = Int32Array.of(5, 100, 150);
		const cache = createCache({ bytes: 2 ** 24 });
		const first = await all(flowers, { indices, batch: 3, views, cache, workers: 1 });
		const again = await all(flowers, { indices, batch: 3, views, cache, workers: 0 });
		expect(again).toEqual(first);
		for (const [place, index] of indices.entries()) {
			const pixels = await decode((await flowers.read(index)) as Uint8Array, { name: "a flower" });
			for (const [v, one] of views.entries()) {
				const length = one.size * one.size * 3;
				const expected = new Uint8Array(length);
				prepare(pixels, one, expected);
				expect(first[0]!.pixels[v]!.subarray(place * length, (place + 1) * length)).toEqual(expected);
			}
		}
		// What is made is smaller here than the pictures are: that is what is kept.
		expect(cache.used()).toBeLessThan(3 * (48 * 48 * 3 + 40 * 40 * 3 + 64));
	});

	it("are made ahead while this thread is busy, and stay until the batch after next", async () => {
		const options = { indices: numbers(400), batch: 20, views: [view], augmentation: defaultAugmentation };
		const expected = await all(shards, { ...options, workers: 0 });
		const made = batches(shards, { ...options, workers: 1 });
		const waits: number[] = [];
		let before: Batch | undefined;
		for (let b = 0; ; b++) {
			const start = performance.now();
			const { value, done } = await made.next();
			waits.push(performance.now() - start);
			if (done || !value) break;
			if (before) expect(before.pixels[0]).toEqual(expected[b - 1]!.pixels[0]);
			before = value;
			// The thread does not come back to its event loop for as long as a network might run: by the processor's time,
			// for beside other work the worker gets no more of the clock's either.
			const spent = processorTime();
			while (spent() < 150);
		}
		expect(waits).toHaveLength(21);
		// The first one waits for the worker to start; the others lie ready.
		const later = waits.slice(2).sort((a, b) => a - b);
		expect(later[Math.floor(later.length / 2)]).toBeLessThan(60);
	});
});

describe("pictures that cannot be read", () => {
	let folder: string;
	let dataset: Dataset;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "mobilenet-batches-"));
		const gif = Buffer.from("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=", "base64");
		for (const name of ["a", "b"]) {
			await mkdir(join(folder, name));
			for (let i = 0; i < 6; i++)
				await writeFile(
					join(folder, name, `${i}.gif`),
					i === 2 ? "not a picture" : i === 4 ? gif.subarray(0, 12) : gif,
				);
		}
		dataset = await openDataset(folder);
		await rm(join(folder, "b", "5.gif"));
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));

	it.each([0, 1, 2])("are reported by name and left out, with %d workers", async (workers) => {
		const unreadable: [string, string][] = [];
		const made = await all(dataset, {
			indices: numbers(12),
			batch: 5,
			views: [view],
			workers,
			onUnreadable: (name, error) => unreadable.push([name, (error as MobileNetError).code]),
		});
		expect(made.map(({ indices }) => indices)).toEqual([
			[0, 1, 3],
			[5, 6, 7, 9],
		]);
		expect(unreadable).toEqual([
			[join(folder, "a", "2.gif"), "picture"],
			[join(folder, "a", "4.gif"), "picture"],
			[join(folder, "b", "2.gif"), "picture"],
			[join(folder, "b", "4.gif"), "picture"],
			[join(folder, "b", "5.gif"), "not-found"],
		]);
		// One gray pixel of GIF's palette, 5 4 4, in every place.
		for (const { pixels, indices } of made) {
			expect(pixels[0]).toHaveLength(indices.length * 32 * 32 * 3);
			expect(new Set(pixels[0])).toEqual(new Set([5, 4]));
		}
	});

	it("are an error where there are no others", async () => {
		await expect(
			all(dataset, { indices: Int32Array.of(2, 4), batch: 1, views: [view], workers: 1 }),
		).rejects.toThrow(/^none of the 2 pictures of .* can be read; the first error: .*2\.gif/);
	});
});

describe("batches of pictures in memory", () => {
	const dataset = datasetOf({ pictures: Array.from({ length: 30 }, (_, i) => picture(i)) });

	it("are the same on workers", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 9 }),
				fc.array(fc.nat(29), { maxLength: 40 }),
				fc.integer({ min: 1, max: 3 }),
				fc.nat(),
				async (batch, indices, workers, seed) => {
					const options = {
						indices: Int32Array.from(indices),
						batch,
						views: [view],
						augmentation: defaultAugmentation,
						seed,
					};
					const expected = await all(dataset, { ...options, workers: 0 });
					expect(expected.flatMap(({ indices }) => indices)).toEqual(indices);
					expect(await all(dataset, { ...options, workers })).toEqual(expected);
				},
			),
			{ numRuns: 6 },
		);
	});

	it("may be parts of larger memory, and of errors", async () => {
		const large = new Uint8Array(10_000).fill(9);
		const parts = datasetOf({
			pictures: [
				{ data: large.subarray(100, 148), width: 4, height: 4, channels: 3 },
				Uint8Array.of(1, 2, 3),
			],
		});
		const names: string[] = [];
		const made = await all(parts, {
			indices: Int32Array.of(1, 0),
			batch: 2,
			views: [view],
			workers: 1,
			onUnreadable: (name) => names.push(name),
		});
		expect(made.map(({ indices }) => indices)).toEqual([[0]]);
		expect(new Set(made[0]!.pixels[0])).toEqual(new Set([9]));
		expect(names).toEqual(["pictures in memory, picture 1"]);
	});

	it.each([0, 1])("end with their signal, while waiting and while not, with %d workers", async (workers) => {
		const controller = new AbortController();
		const made = batches(dataset, {
			indices: numbers(30),
			batch: 2,
			views: [view],
			workers,
			signal: controller.signal,
		});
		await made.next();
		controller.abort(new Error("enough"));
		await expect(made.next()).rejects.toThrow("enough");
		expect((await made.next()).done).toBe(true);
		const waiting = new AbortController();
		const never: Dataset = { ...dataset, read: () => new Promise(() => undefined) };
		const next = batches(never, {
			indices: numbers(3),
			batch: 2,
			views: [view],
			workers,
			signal: waiting.signal,
		}).next();
		await setTimeout(20);
		waiting.abort(new Error("enough of waiting"));
		await expect(next).rejects.toThrow("enough of waiting");
	});

	it.each([0, 1])("throw what is wrong with the call, with %d workers", async (workers) => {
		const options = { indices: numbers(3), batch: 2, views: [view], workers };
		const error = async (change: Partial<BatchesOptions>): Promise<string> =>
			all(dataset, { ...options, ...change }).then(
				() => "",
				(thrown: MobileNetError) => thrown.message,
			);
		expect(await error({ batch: 0 })).toMatch(/^batch must be/);
		expect(await error({ indices: Int32Array.of(30) })).toMatch(
			/^there is no picture 30 in pictures in memory/,
		);
		expect(await error({ views: [] })).toMatch(/^batches need at least one view/);
		expect(await error({ views: [{ ...view, size: 0 }] })).toMatch(/^a view's size must be/);
		expect(await error({ views: [{ ...view, filter: "box" as "nearest" }] })).toMatch(/filter must be/);
		expect(await error({ views: [view, { ...view, fit: { shorterSide: 0 } }] })).toMatch(/fit must be/);
		expect(await error({ workers: 1.5 })).toMatch(/^workers must be/);
		expect(await error({ seed: -1 })).toMatch(/^seed must be/);
		expect(await error({ views: [{ ...view, channels: 2 }] })).toMatch(/the network takes 2 channels/);
	});
});

describe("workers", () => {
	it("start from the sources as from the package, and make their share", async () => {
		const slots = [new SharedArrayBuffer(2 * 32 * 32 * 3)];
		const recipe = { views: [view], augmentation: undefined, seed: 0, epoch: 0 };
		const made = await new Promise<MadeShare | string>((resolve) => {
			const worker = startDecodingWorker({ recipe, batch: 2, slots, table: undefined }, undefined, {
				onShare: resolve,
				onDeath: resolve,
			});
			worker.hold();
			const given = [picture(1), { position: 1, code: "picture" as const, message: "it is gone." }];
			worker.post({ batch: 7, slot: 0, positions: [0, 1], indices: [3, 4], names: ["a", "b"], given });
		});
		expect(made).toEqual({ batch: 7, failures: [{ position: 1, code: "picture", message: "it is gone." }] });
		const expected = new Uint8Array(32 * 32 * 3);
		prepare(picture(1), view, expected);
		expect(new Uint8Array(slots[0]!, 0, expected.length)).toEqual(expected);
	});

	const source = (path: string): string =>
		JSON.stringify(new URL(`../../src/data/${path}`, import.meta.url).href);
	const run = async (
		script: string,
		...flags: string[]
	): Promise<{ code: number | null; output: string }> => {
		const child = spawn(
			process.execPath,
			["--conditions=mobilenet-source", ...flags, "--input-type=module", "--eval", script],
			{ stdio: ["ignore", "pipe", "pipe"], cwd: fileURLToPath(new URL("../..", import.meta.url)) },
		);
		let output = "";
		for (const stream of [child.stdout, child.stderr])
			stream.on("data", (chunk: Buffer) => {
				output += chunk;
			});
		const [code] = (await once(child, "close")) as [number | null];
		return { code, output };
	};
	const head = `
		import { batches, datasetOf } from ${source("index.ts")};
		const picture = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
		const dataset = datasetOf({ pictures: Array.from({ length: 64 }, () => picture) });
		const views = [{ size: 8, channels: 3, filter: "nearest", fit: "stretch" }];
		const made = batches(dataset, { indices: Int32Array.from(dataset.labels.keys()), batch: 4, views, workers: 2 });
	`;

	it("keep a process alive while somebody waits for them, and no longer", async () => {
		const left = await run(`${head} await made.next(); console.log("left in the middle");`);
		expect(left).toEqual({ code: 0, output: "left in the middle\n" });
		const whole = await run(
			`${head} let n = 0; for await (const { count } of made) n += count; console.log(n);`,
		);
		expect(whole).toEqual({ code: 0, output: "64\n" });
	});

	it("are not needed: where none may be started, the caller's thread makes the batches", async () => {
		const made = await run(
			`${head} let n = 0; for await (const { count } of made) n += count; console.log(n);`,
			"--permission",
			"--allow-fs-read=*",
		);
		expect(made).toEqual({ code: 0, output: "64\n" });
	});
});

/**
 * The browser file in a headless Chromium, on a page whose content security policy forbids inline scripts and `eval`:
 * what the page loads, what it answers, and how it decodes pictures. Needs `npm run build`.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../src/formats/read.ts";
import { writeModel } from "../../src/formats/safetensors/model-writer.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { decode } from "../../src/image/decode.node.ts";
import { type Pixels, spreadGray } from "../../src/image/pixels.ts";
import { imagenetLabels } from "../../src/labels/imagenet.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import type { Prediction } from "../../src/model/predictions.ts";
import { configure } from "../../src/network/configuration.ts";
import { initialize } from "../../src/weights/initialize.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import {
	describeWithChromium,
	openChromium,
	type Served,
	serve,
	strictestPolicy,
	strictPolicy,
} from "./chromium.ts";

/** What a page that classifies may load at most: JavaScript and WebAssembly, as they are sent. */
const mostBytes = 46_000;
/** Decoders of JPEG differ by rounding. */
const grayLevels = 3;

/** Milliseconds that a browser may take to start on a machine with other work. */
const slowStart = 60_000;

const golden = "golden/imagenet/pixels.safetensors";
const tensorFlowJs = "weights/mobilenet_v1_0.25_224_tfjs";
const tensorFlowLite = "weights/mobilenet_v1_0.25_224.tflite";
const kerasHdf5 = "weights/mobilenet_v1_0.25_224.h5";
const photos = "data/photos";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const places = {
	"/browser/": here("../../dist/browser"),
	"/dist/": here("../../dist"),
	"/page/": here("./page"),
};

let browser: Awaited<ReturnType<typeof openChromium>>;
const open: Served[] = [];

/** The test page under a policy, with more to fetch. */
async function openPage(
	more: Readonly<Record<string, string | Uint8Array>>,
	{ policy = strictPolicy, isolated = false } = {},
) {
	const served = await serve({ ...places, ...more }, policy, { isolated });
	open.push(served);
	const page = await browser.context.newPage();
	await page.goto(`${served.address}/page/index.html`);
	await page.waitForFunction(() => "page" in globalThis);
	return { served, ask: asking(page) };
}

/** Calls a function of page.js, from a timer: what a debugger calls itself escapes the page's policy. */
function asking(page: Page) {
	return async <Result>(name: string, ...inputs: unknown[]): Promise<Result> =>
		page.evaluate(
			([name, inputs]) =>
				new Promise<Result>((resolve, reject) => {
					const { page } = globalThis as unknown as {
						page: Record<string, (...inputs: unknown[]) => Promise<Result> | Result>;
					};
					setTimeout(async () => {
						try {
							resolve(await page[name]!(...inputs));
						} catch (error) {
							reject(error);
						}
					}, 0);
				}),
			[name, inputs] as const,
		);
}

interface Answers {
	readonly build: string;
	readonly skippedBuilds: readonly string[];
	readonly rows: readonly (readonly number[])[];
}

interface Decoded {
	readonly width: number;
	readonly height: number;
	readonly data: string;
}

interface Failure {
	readonly name: string;
	readonly code: string;
	readonly message: string;
}

describeWithChromium("the browser file", () => {
	beforeAll(async () => {
		expect(existsSync(places["/browser/"]), "build first: npm run build").toBe(true);
		browser = await openChromium();
	}, slowStart);
	afterAll(async () => {
		await browser?.close();
		await Promise.all(open.map((served) => served.close()));
	});

	it("is loaded with what a safetensors model needs, and no more", async () => {
		const { served, ask } = await openPage({
			"/model.safetensors": randomModel(),
			"/pixels": new Uint8Array(96 * 96 * 3),
		});
		const { build } = await ask<Answers>("probabilities", "/model.safetensors", "/pixels", 1, 96);
		const loaded = loadedBy(served);
		expect(loaded.map(({ path }) => path.replace(/-.{8}\.js$/, ""))).toEqual([
			"/browser/mobilenet.js",
			"/browser/chunks/core",
			`/browser/chunks/${build}`,
		]);
		const lines = loaded.map(({ path, bytes, gzip }) => `  ${path}: ${gzip} (${bytes} unpacked)`);
		console.log(
			`to classify with a safetensors model a page loads ${sumOf(loaded)} bytes (gzip):\n${lines.join("\n")}`,
		);
		expect(sumOf(loaded)).toBeLessThan(mostBytes);
	});

	it("has a model of its own in chunks, and answers with it as Node does", async () => {
		const [width, height] = [90, 70];
		const data = Uint8Array.from(
			{ length: width * height * 3 },
			(_, i) => (i * 7 + Math.floor(i / 900)) % 256,
		);
		const png = await sharp(data, { raw: { width, height, channels: 3 } })
			.png()
			.toBuffer();
		const own = await MobileNet.load();
		const [expected] = await own.classify({ data, width, height, channels: 3 });
		own.dispose();
		const { served, ask } = await openPage({ "/picture.png": new Uint8Array(png) });
		const address = `data:image/png;base64,${png.toString("base64")}`;
		const best = await ask<Prediction>("best", undefined, address);
		expect(best).toMatchObject({ label: expected!.label, index: expected!.index });
		expect(Math.abs(best.probability - expected!.probability)).toBeLessThan(1e-5);
		expect(await ask<Prediction>("best", undefined, "/picture.png", { asBlob: true })).toEqual(best);
		const loaded = loadedBy(served);
		const names = new Set(loaded.map(({ path }) => path.replace(/(-\d+)?-.{8}\.js$/, "")));
		expect([...names].sort()).toEqual([
			"/browser/chunks/core",
			"/browser/chunks/default-model",
			expect.stringMatching(/^\/browser\/chunks\/int8-(relaxed|baseline)$/),
			"/browser/chunks/integers",
			"/browser/chunks/rolldown-runtime",
			"/browser/mobilenet.js",
		]);
		const parts = loaded.filter(({ path }) => path.includes("/default-model-"));
		console.log(
			`to classify with the embedded model a page loads ${sumOf(loaded)} bytes (gzip), ${sumOf(parts)} of them the model`,
		);
	});

	describe("decodes pictures as Node does", () => {
		/** Colors that change slowly, and transparency that changes across. */
		const [width, height] = [48, 32];
		const colors = (channels: number) =>
			sharp(
				Uint8Array.from({ length: width * height * channels }, (_, i) => {
					const [channel, x, y] = [i % channels, Math.floor(i / channels) % width, i / channels / width];
					return [40 + 4 * x, 200 - 5 * Math.floor(y), 30 + 2 * x + 3 * Math.floor(y), 5 * x][channel]!;
				}),
				{ raw: { width, height, channels: channels as 3 | 4 } },
			);
		const pictures = {
			"rgb.png": colors(3).png(),
			"transparent.png": colors(4).png(),
			"gray.png": colors(3).grayscale().png(),
			"deep.png": colors(3).toColorspace("rgb16").png(),
			"p3.png": colors(3).withIccProfile("p3").png(),
			"photo.jpg": colors(3).jpeg(),
			"turned.jpg": colors(3).jpeg().withMetadata({ orientation: 6 }),
			"photo.webp": colors(3).webp(),
			"transparent.webp": colors(4).webp({ lossless: true }),
			"photo.gif": colors(3).gif(),
			"photo.avif": colors(3).avif(),
		};
		const files: Record<string, Uint8Array> = { "/model.safetensors": randomModel() };
		let ask: Awaited<ReturnType<typeof openPage>>["ask"];
		beforeAll(async () => {
			for (const [name, picture] of Object.entries(pictures))
				files[`/${name}`] = new Uint8Array(await picture.toBuffer());
			const photo = files["/photo.jpg"]!;
			files["/half.jpg"] = photo.subarray(0, photo.length / 2);
			files["/half.png"] = files["/rgb.png"]!.subarray(0, files["/rgb.png"]!.length / 2);
			({ ask } = await openPage(files));
		}, slowStart);

		const cases = Object.keys(pictures).flatMap((name) =>
			(name.startsWith("transparent") ? (["white", "black"] as const) : (["white"] as const)).map(
				(alpha) => [name, alpha] as const,
			),
		);
		it.each(cases)("%s on %s", async (name, alpha) => {
			const theirs = await ask<Decoded>("decoded", `/${name}`, { alpha });
			const ours = await decode(files[`/${name}`]!, { name, alpha });
			expect([theirs.width, theirs.height]).toEqual([ours.width, ours.height]);
			expect(difference(fromBase64(theirs.data), inColor(ours)).most).toBeLessThanOrEqual(grayLevels);
		});

		it.each(["/half.jpg", "/half.png"])("and refuses %s", async (name) => {
			expect(await ask<Failure>("failure", "/model.safetensors", name)).toEqual({
				name: "MobileNetError",
				code: "picture",
				message: expect.stringMatching(/^\/half\.\w+ cannot be decoded as (JPEG|PNG) \(.*\): [^\n]*\.$/),
			});
		});
	});

	it("takes a picture in every shape in which a page can hold it", async () => {
		// Large areas of one color each, so that a video's compression hardly changes them.
		const [width, height] = [64, 48];
		const picture = await sharp(
			Uint8Array.from({ length: width * height * 3 }, (_, i) => {
				const [channel, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
				return [x < 32 ? 220 : 30, y < 24 ? 200 : 40, x < 32 === y < 24 ? 90 : 180][channel]!;
			}),
			{ raw: { width, height, channels: 3 } },
		)
			.png()
			.toBuffer();
		const { ask } = await openPage({
			"/model.safetensors": randomModel(),
			"/picture.png": new Uint8Array(picture),
		});
		const {
			"its address": expected,
			"another picture": other,
			"a video": video,
			"a closed bitmap": closed,
			"a video without a picture": still,
			"an image without a picture": empty,
			...shapes
		} = await ask<Record<string, readonly number[]>>("shapes", "/model.safetensors", "/picture.png");
		const largest = Math.max(...expected!);
		const apart = (features: readonly number[] | undefined): number =>
			difference(features!, expected!).most / largest;
		expect(Object.keys(shapes)).toHaveLength(6);
		for (const [name, features] of Object.entries(shapes)) expect(apart(features), name).toBe(0);
		// Video has other colors: they are at half the size.
		expect(apart(video)).toBeLessThan(0.05);
		expect(apart(other)).toBeGreaterThan(0.2);
		const nothing = {
			code: "picture",
			message:
				"the picture has no pixels: it is not loaded yet, or it was closed; wait until it can be seen.",
		};
		expect([closed, still, empty]).toEqual([nothing, nothing, nothing]);
	});

	it("says in one sentence what cannot be fetched", async () => {
		const { served, ask } = await openPage({});
		expect(await ask<Failure>("failure", "/model.safetensors", "/photo.jpg")).toEqual({
			name: "MobileNetError",
			code: "not-found",
			message: `${served.address}/model.safetensors cannot be fetched: the server answered 404 Not Found.`,
		});
	});

	describeWithShared("with a real network", [golden, tensorFlowJs, tensorFlowLite, kerasHdf5, photos], () => {
		const size = 224;
		let names: readonly string[];
		let pixels: Uint8Array<ArrayBuffer>;
		let content: Record<string, string | Uint8Array>;
		/** What Node gives for the golden pixels, in the order of classes. */
		let expected: readonly (readonly number[])[];
		beforeAll(async () => {
			const file = readSafetensors(readFileSync(shared(golden)), golden);
			names = JSON.parse(file.metadata.files!);
			pixels = new Uint8Array(file.tensors.get(`pixels_${size}`)!.data as Uint8Array);
			const safetensors = writeModel(await readModel(shared(tensorFlowJs)));
			content = { "/model.safetensors": safetensors, "/pixels": pixels, "/shared/": shared("") };
			const model = await MobileNet.load(safetensors);
			const bytes = size * size * 3;
			const sources = names.map((_, n) => ({
				data: pixels.subarray(n * bytes, (n + 1) * bytes),
				width: size,
				height: size,
				channels: 3,
			}));
			const rows = await model.classify(sources, { top: model.configuration.classes });
			model.dispose();
			expected = rows.map((row) =>
				row.sort((a, b) => a.index - b.index).map(({ probability }) => probability),
			);
		}, slowStart);

		it("gives Node's probabilities, WebAssembly allowed", async () => {
			const { ask } = await openPage(content);
			expect(await ask("makesCodeOfText")).toBe(false);
			const { build, rows } = await ask<Answers>(
				"probabilities",
				"/model.safetensors",
				"/pixels",
				names.length,
				size,
			);
			expect(build).not.toBe("reference");
			expectClose(rows, expected);
		});

		it("gives Node's probabilities where WebAssembly is forbidden, and says why it is slow", async () => {
			const { ask } = await openPage(content, { policy: strictestPolicy });
			const pictures = 3;
			const { build, skippedBuilds, rows } = await ask<Answers>(
				"probabilities",
				"/model.safetensors",
				"/pixels",
				pictures,
				size,
			);
			expect(build).toBe("reference");
			for (const faster of ["relaxed", "baseline"])
				expect(skippedBuilds.find((reason) => reason.startsWith(`${faster}:`))).toMatch(
					/: this platform forbids compiling WebAssembly \(.*\)$/,
				);
			expectClose(rows, expected.slice(0, pictures));
		});

		it("gives Node's probabilities on two threads, where the page may share memory", async () => {
			const { served, ask } = await openPage(content, { isolated: true });
			const hasWorker = () => loadedBy(served).some(({ path }) => path.includes("/chunks/worker-"));
			// A worker joins when it is there, and nobody waits for it: before and after, answers are the same.
			await expect
				.poll(
					async () => {
						const { rows } = await ask<Answers>(
							"probabilities",
							"/model.safetensors",
							"/pixels",
							names.length,
							size,
							{ threads: 2 },
						);
						expectClose(rows, expected);
						return hasWorker();
					},
					{ timeout: 20_000 },
				)
				.toBe(true);
		});

		it("decodes the photographs to Pillow's pixels", async () => {
			const { ask } = await openPage(content);
			for (const [n, name] of names.entries()) {
				const stretched = fromBase64(await ask<string>("stretched", `/shared/${photos}/${name}`, size));
				const bytes = size * size * 3;
				const { most, mean } = difference(stretched, pixels.subarray(n * bytes, (n + 1) * bytes));
				expect(most, name).toBeLessThanOrEqual(grayLevels);
				expect(mean, name).toBeLessThan(0.5);
			}
		});

		it("turns photographs upright as their EXIF orientation says", async () => {
			const { ask } = await openPage(content);
			for (const name of [
				...Array.from({ length: 8 }, (_, n) => `macaw_${n + 1}.jpg`),
				"street_lamp_6.jpg",
			]) {
				const path = `${photos}/orientation/${name}`;
				const { data, width, height } = await ask<Decoded>("decoded", `/shared/${path}`);
				const ours = await decode(readFileSync(shared(path)), { name });
				expect([width, height], name).toEqual([ours.width, ours.height]);
				expect(difference(fromBase64(data), ours.data).most, name).toBeLessThanOrEqual(grayLevels);
			}
		});

		it.each([
			["safetensors", "/model.safetensors"],
			["TensorFlow Lite", `/shared/${tensorFlowLite}`],
			["Keras HDF5", `/shared/${kerasHdf5}`],
			["TensorFlow.js, a folder's address", `/shared/${tensorFlowJs}/`],
			["TensorFlow.js, a file's address", `/shared/${tensorFlowJs}/model.json`],
		])("names the macaw with a model of %s", async (format, model) => {
			const { served, ask } = await openPage(content);
			const picture = `/shared/${photos}/macaw.jpg`;
			const best = await ask<Prediction>("best", model, picture);
			expect(best).toMatchObject({ label: "macaw", index: 88 });
			expect(Math.abs(best.probability - expected[names.indexOf("macaw.jpg")]![88]!)).toBeLessThan(1e-4);
			expect(await ask<Prediction>("best", model, picture, { asBlob: true })).toEqual(best);
			console.log(`for ${format} a page loads ${sumOf(loadedBy(served))} bytes (gzip)`);
		});

		it("runs the example page", async () => {
			const served = await serve(
				{
					"/packages/mobilenet/dist/browser/": places["/browser/"],
					"/examples/": here("../../../../examples"),
				},
				strictPolicy,
			);
			open.push(served);
			const page = await browser.context.newPage();
			await page.goto(`${served.address}/examples/browser/`);
			// Without a model of one's own it is the package's.
			await page.setInputFiles("#picture", shared(`${photos}/espresso.png`));
			await page.getByText(/^Took \d+ ms/).waitFor();
			expect(await page.textContent("#answers li")).toMatch(/^espresso: /);
			await page.setInputFiles("#picture", []);
			await page.setInputFiles("#model", shared(tensorFlowLite));
			await page.getByText("Choose a picture.").waitFor();
			await page.setInputFiles("#picture", shared(`${photos}/macaw.jpg`));
			expect(await page.textContent("#answers li")).toMatch(/^macaw: 9\d\.\d %$/);
			expect(await page.textContent("#message")).toMatch(/^Took \d+ ms \(\w+ kernels\)\.$/);
		});
	});
});

/** The scripts of the browser file that a page has loaded. */
function loadedBy({ fetched }: Served) {
	return [...fetched]
		.filter(([path]) => path.startsWith("/browser/"))
		.map(([path, size]) => ({ path, ...size }));
}

function sumOf(loaded: ReturnType<typeof loadedBy>): number {
	return loaded.reduce((sum, { gzip }) => sum + gzip, 0);
}

function expectClose(rows: Answers["rows"], expected: Answers["rows"]): void {
	expect(rows.length).toBe(expected.length);
	for (const [n, row] of rows.entries()) expect(difference(row, expected[n]!).most).toBeLessThan(1e-5);
}

/** A safetensors file as `convert` writes it of a network of ImageNet's classes: its labels are in it. */
function randomModel(): Uint8Array {
	const model = initialize(configure({ alpha: 0.25, size: 96, classes: 1000 }), { seed: 1 });
	return writeModel({ ...model, labels: imagenetLabels(1000) });
}

function fromBase64(text: string): Uint8Array {
	return new Uint8Array(Buffer.from(text, "base64"));
}

/** The bytes of a picture in RGB. */
function inColor({ data, width, height, channels }: Pixels): Uint8Array | Uint8ClampedArray {
	if (channels === 3) return data;
	const rgb = new Uint8Array(width * height * 3);
	rgb.set(data);
	spreadGray(rgb);
	return rgb;
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): { most: number; mean: number } {
	expect(a.length).toBe(b.length);
	let [most, sum] = [0, 0];
	for (let i = 0; i < a.length; i++) {
		const apart = Math.abs(a[i]! - b[i]!);
		most = Math.max(most, apart);
		sum += apart;
	}
	return { most, mean: sum / a.length };
}

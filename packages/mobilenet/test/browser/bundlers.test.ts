/**
 * `import { MobileNet } from "mobilenet"` bundled for browsers by Vite, webpack and esbuild, each told no more than
 * where the page is, and tried in Chromium under a strict policy. A page that brings its own model must not load the
 * package's: esbuild needs to be told that it may write several files for that. Needs `npm run build`.
 */
import {
	cpSync,
	existsSync,
	globSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build as buildWithEsbuild } from "esbuild";
import { build as buildWithVite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import * as catalog from "../../src/catalog/index.ts";
import * as data from "../../src/data/index.ts";
import * as evaluation from "../../src/evaluation/index.ts";
import * as formats from "../../src/formats/index.ts";
import { writeModel } from "../../src/formats/safetensors/model-writer.ts";
import * as index from "../../src/index.ts";
import { parts } from "../../src/model/generated/default-model.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import type { Prediction } from "../../src/model/predictions.ts";
import { configure } from "../../src/network/configuration.ts";
import * as network from "../../src/network/index.ts";
import * as quantization from "../../src/quantization/index.ts";
import * as training from "../../src/training/index.ts";
import { initialize } from "../../src/weights/initialize.ts";
import { chromiumPath, describeWithChromium, openChromium, serve, strictPolicy } from "./chromium.ts";

/**
 * Each bundles the two pages in a folder into another, and gives the warnings that its user would see. One after the other:
 * together a page would load what only the other one needs.
 */
const bundlers: Readonly<Record<string, (site: string, out: string) => Promise<readonly string[]>>> = {
	vite: async (site, out) => {
		const warnings: string[] = [];
		// How long Vite's own plugins took says how busy the machine is, and nothing about the package.
		const warn = (text: string) => {
			if (!text.includes("PLUGIN_TIMINGS")) warnings.push(text);
		};
		const silent = () => {};
		for (const page of pages)
			await buildWithVite({
				root: site,
				build: {
					outDir: out,
					emptyOutDir: page === pages[0],
					rolldownOptions: { input: join(site, page, "index.html") },
				},
				logLevel: "warn",
				customLogger: {
					...{ info: silent, warn, warnOnce: warn, error: warn, clearScreen: silent },
					...{ hasErrorLogged: () => false, hasWarned: false },
				},
			});
		return warnings;
	},
	webpack: async (site, out) => {
		const stats = await new Promise<webpack.Stats>((resolve, reject) =>
			webpack(
				{
					mode: "production",
					context: site,
					entry: Object.fromEntries(pages.map((page) => [`${page}page`, `./${page}page.js`])),
					output: { path: out, filename: "[name].js" },
				},
				(error, stats) => (stats ? resolve(stats) : reject(error)),
			),
		);
		copyDocuments(site, out);
		const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
		return [...errors, ...warnings].map(({ message }) => message);
	},
	esbuild: (site, out) => withEsbuild(site, out, {}),
	"esbuild with splitting": (site, out) => withEsbuild(site, out, { splitting: true, format: "esm" }),
};

/** The folders of a site's pages: one that classifies, and one that imports every entry. */
const pages = ["", "entries/"];

async function withEsbuild(site: string, out: string, options: BuildOptions): Promise<readonly string[]> {
	const said: string[] = [];
	for (const page of pages) {
		const { errors, warnings } = await buildWithEsbuild({
			entryPoints: [join(site, page, "page.js")],
			outbase: site,
			bundle: true,
			outdir: out,
			logLevel: "silent",
			...options,
		});
		said.push(...[...errors, ...warnings].map(({ text }) => text));
	}
	copyDocuments(site, out);
	return said;
}

function copyDocuments(site: string, out: string): void {
	for (const page of pages) cpSync(join(site, page, "index.html"), join(out, page, "index.html"));
}

/** Puts all that a page needs into one file, unless told. */
const inOneFile = new Set(["esbuild"]);

const entries = [index, catalog, data, evaluation, formats, network, quantization, training];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
/** One for all pages: each is served from a port, and so an origin, of its own. */
let browser: Awaited<ReturnType<typeof openChromium>> | undefined;
const model = writeModel(initialize(configure({ alpha: 0.25, size: 32, classes: 10 }), { seed: 1 }));
/** Of the page's own model, and of the package's. */
let expected: readonly { readonly hash: string; readonly best: Prediction }[];
/** What a script has in it that holds a part of the package's model. */
let texts: readonly string[];

/** A project with the built package as npm would lay it there, and the libraries that it depends on. */
beforeAll(async () => {
	expect(existsSync(here("../../dist/index.js")), "build first: npm run build").toBe(true);
	folder = realpathSync(mkdtempSync(join(tmpdir(), "mobilenet-bundlers-")));
	const installed = join(folder, "site/node_modules");
	mkdirSync(join(installed, "mobilenet"), { recursive: true });
	cpSync(here("bundlers"), join(folder, "site"), { recursive: true });
	cpSync(here("entries"), join(folder, "site", "entries"), { recursive: true });
	for (const part of ["package.json", "dist"])
		cpSync(here(`../../${part}`), join(installed, "mobilenet", part), { recursive: true });
	const { dependencies } = JSON.parse(readFileSync(here("../../package.json"), "utf8"));
	for (const library of Object.keys(dependencies)) {
		mkdirSync(join(installed, library, ".."), { recursive: true });
		const places = [here(`../../node_modules/${library}`), here(`../../../../node_modules/${library}`)];
		symlinkSync(places.find((place) => existsSync(place))!, join(installed, library), "junction");
	}
	const picture = { data: new Uint8Array(32 * 32 * 3).fill(200), width: 32, height: 32, channels: 3 };
	const bestOf = async (loaded: MobileNet): Promise<Prediction> => {
		const [best] = await loaded.classify(picture);
		loaded.dispose();
		return best!;
	};
	expected = [
		{ hash: "", best: await bestOf(await MobileNet.load(model)) },
		{ hash: "#default", best: await bestOf(await MobileNet.load()) },
	];
	texts = await Promise.all(
		parts.map(async (load) => {
			const { base64 } = await load();
			return base64.slice(0, 500);
		}),
	);
	if (chromiumPath) browser = await openChromium();
}, 60_000);
afterAll(async () => {
	await browser?.close();
	rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.keys(bundlers))("%s", (name) => {
	it("bundles the package without a complaint and without Node's modules", async () => {
		const out = join(folder, name);
		const warnings = await bundlers[name]!(join(folder, "site"), out);
		expect(warnings).toEqual([]);
		const scripts = globSync("**/*.js", { cwd: out });
		expect(scripts.length).toBeGreaterThan(0);
		const contents = scripts.map((script) => readFileSync(join(out, script), "utf8"));
		for (const content of contents) expect(content).not.toMatch(/["'`]node:/);
		// Every part of the package's model is there once; in one file a page, once a page.
		const times = inOneFile.has(name) ? pages.length : 1;
		for (const text of texts)
			expect(contents.filter((content) => content.includes(text))).toHaveLength(times);
	}, 180_000);

	describeWithChromium(`the pages that ${name} gives`, () => {
		it("have all of every entry", async () => {
			const expected = {
				names: entries.flatMap(Object.keys).sort(),
				curves: evaluation.curvesSvg([
					{ epoch: 1, loss: 2.3, validationLoss: 2.1, top1: 0.4 },
					{ epoch: 2, loss: 1.1, validationLoss: 1.3, top1: 0.6 },
				]),
			};
			const served = await serve({ "/": join(folder, name) }, strictPolicy);
			try {
				const page = await browser!.context.newPage();
				await page.goto(`${served.address}/entries/`);
				await page.waitForFunction(() => "answer" in globalThis);
				expect(await page.evaluate(() => (globalThis as unknown as { answer: unknown }).answer)).toEqual(
					expected,
				);
			} finally {
				await served.close();
			}
		});

		it.each([
			["its own model", 0],
			["the package's", 1],
		])("classify with %s as Node does", async (which, n) => {
			const { hash, best } = expected[n]!;
			const served = await serve({ "/model.safetensors": model, "/": join(folder, name) }, strictPolicy, {
				isolated: true,
			});
			try {
				const page = await browser!.context.newPage();
				await page.goto(`${served.address}/${hash}`);
				await page.waitForFunction(() => "answer" in globalThis);
				const answer = await page.evaluate(
					() => (globalThis as unknown as { answer: Promise<Prediction & { build: string }> }).answer,
				);
				expect(answer.build).not.toBe("reference");
				expect(answer.index).toBe(best.index);
				expect(Math.abs(answer.probability - best.probability)).toBeLessThan(1e-5);
				const scripts = [...served.fetched].filter(([path]) => path.endsWith(".js"));
				const withModel = scripts.filter(([path]) => {
					const content = readFileSync(join(folder, name, path), "utf8");
					return texts.some((text) => content.includes(text));
				});
				if (inOneFile.has(name)) expect(withModel).toHaveLength(1);
				else expect(withModel).toHaveLength(hash === "" ? 0 : texts.length);
				const sum = scripts.reduce((total, [, { gzip }]) => total + gzip, 0);
				console.log(`bundled by ${name}, a page with ${which} loads ${sum} bytes (gzip)`);
			} finally {
				await served.close();
			}
		});
	});
});

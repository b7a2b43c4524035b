/** Runs a runtime in a page of headless Chromium, which inherits the cores of the process that starts it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { ours, packages, programs } from "../folders.ts";
import type { Job } from "../protocol.ts";
import type { Prepared } from "../runtimes/serve.ts";
import type { Timed } from "../runtimes/timed.ts";
import { servePages } from "./server.ts";

const names = ["chromium", "chromium-browser", "google-chrome"] as const;

/** The exports of a page's module, which finds the job's files under /files/. */
export interface PageModule {
	readonly prepare: (job: Job) => Promise<Timed & { readonly build?: string | undefined }>;
}

/**
 * @param module the page's module, in this folder
 * @param imports the modules that it imports, with their paths in node_modules or absolute paths
 */
export async function prepareInChromium(
	module: string,
	imports: Readonly<Record<string, string>>,
	job: Job,
): Promise<Prepared> {
	const browser = await chromium.launch({ executablePath: find(), headless: true });
	const map = Object.fromEntries(
		Object.entries(imports).map(([name, path]) => [
			name,
			path.startsWith("/") ? path : `/node_modules/${path}`,
		]),
	);
	const server = await servePages(
		`<!doctype html><title>benchmark</title>
		<script type="importmap">${JSON.stringify({ imports: map })}</script>
		<script type="module">import { prepare } from "/programs/browser/${module}"; globalThis.prepare = prepare;</script>`,
		{ node_modules: packages, programs, files: job.folder, mobilenet: ours },
	);
	const close = async () => {
		await browser.close();
		server.close();
	};
	try {
		const page = await browser.newPage();
		await page.goto(server.address);
		const timed = await page.evaluateHandle((job) => (globalThis as unknown as PageModule).prepare(job), job);
		const build = await timed.evaluate(({ build }) => build);
		return {
			build,
			output: () => timed.evaluate(({ output }) => output()),
			block: (runs) => timed.evaluate(({ block }, runs) => block(runs), runs),
			host: `Chromium ${browser.version()}`,
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

function find(): string {
	const given = process.env.CHROMIUM;
	if (given) return given;
	for (const folder of (process.env.PATH ?? "").split(delimiter))
		for (const name of names) {
			const path = join(folder, name);
			try {
				accessSync(path, constants.X_OK);
				return path;
			} catch {}
		}
	throw new Error(
		"it runs in Chromium, which cannot be found: install it (Debian: apt-get install chromium), or set CHROMIUM to its path.",
	);
}

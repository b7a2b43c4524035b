/**
 * An npm package of weights, made by the installed command, packed by npm and installed beside the package: found by its name
 * in Node, and by its address in a page that Vite has bundled.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import { chromiumPath, serve } from "../../packages/mobilenet/test/browser/chromium.ts";
import { expect, npm, output } from "./processes.ts";

const node = `
import { MobileNet } from "mobilenet";
const model = await MobileNet.load("things/small");
console.log(model.configuration.alpha, model.model.source.notes.at(-1));
`;
const page = `
import { MobileNet } from "mobilenet";
import { url } from "mobilenet-weights-things-small";
const { configuration } = await MobileNet.load(url);
document.body.append(\`alpha \${configuration.alpha}\`);
`;
const longest = 30_000;

/** @param place where the package is installed */
export async function tryWeightsPackage(place: string): Promise<void> {
	const program = join("node_modules", "mobilenet", "bin", "mobilenet.js");
	const words = ["pack", "default", "--name", "things/small", "-o", "things"];
	await output(place, process.execPath, [program, ...words]);
	await npm(join(place, "things"), ["pack"]);
	const tarball = readdirSync(join(place, "things")).find((name) => name.endsWith(".tgz"))!;
	await npm(place, ["install", join(place, "things", tarball)]);
	writeFileSync(join(place, "things.mjs"), node);
	const printed = await output(place, process.execPath, ["things.mjs"]);
	expect(
		printed === "0.75 From the package mobilenet-weights-things-small 1.0.0.",
		`a model of an installed package printed ${printed}`,
	);
	if (!chromiumPath) {
		console.warn("skipped: a page with an installed package of weights: no Chromium on this machine");
		return;
	}
	const site = join(place, "site");
	mkdirSync(site);
	writeFileSync(
		join(site, "index.html"),
		'<!doctype html><body><script type="module" src="./page.js"></script>',
	);
	writeFileSync(join(site, "page.js"), page);
	await build({ root: site, logLevel: "error", build: { target: "esnext" } });
	const served = await serve({ "/": join(site, "dist") }, "");
	const browser = await chromium.launch({
		executablePath: chromiumPath,
		args: ["--headless", "--no-sandbox"],
	});
	try {
		const tab = await browser.newPage();
		await tab.goto(`${served.address}/`);
		await tab.locator("body", { hasText: "alpha 0.75" }).waitFor({ timeout: longest });
	} finally {
		await browser.close();
		await served.close();
	}
	const own = [...served.fetched.keys()].find((path) => path.endsWith(".safetensors"));
	expect(own !== undefined, `the page fetched ${[...served.fetched.keys()].join(", ")}`);
	console.log("an installed package of weights: by name in Node, by its address in a page of Vite");
}

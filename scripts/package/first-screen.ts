/**
 * The README's first screen, word for word, with the package as it is installed: in Node, on the command line, and in a page
 * with a camera. What it names on the network is answered by this machine.
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { chromiumPath } from "../../packages/mobilenet/test/browser/chromium.ts";
import { startHub } from "../../packages/mobilenet/test/support/hub-server.ts";
import { shared } from "../../packages/mobilenet/test/support/shared-paths.ts";
import { expect, run } from "./processes.ts";

const weights = "mobilenet_v1_0.5_160_quant.tflite";
const repository = { name: "google-coral/test_data", commit: "104342d2d3480b3e66203073dac24f4e2dbb4c41" };
const photo = "data/photos/macaw.jpg";
const answer = /macaw/;
const longest = 60_000;

/** @param place where the package is installed */
export async function tryFirstScreen(place: string, readme: string): Promise<void> {
	const missing = [`weights/${weights}`, photo].find((path) => !existsSync(shared(path)));
	if (missing !== undefined) {
		console.warn(`skipped: the README's first screen: ../shared/${missing} is not beside the project`);
		return;
	}
	const screen = readme.slice(0, readme.indexOf("\n## "));
	const blocks = (language: string): readonly string[] =>
		[...screen.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1]!);
	const [code] = blocks("js");
	const [install, command] = blocks("sh");
	const [page] = blocks("html");
	expect(install?.trim() === "npm install mobilenet", "the README must begin with its installation");

	const bytes = new Uint8Array(readFileSync(shared(`weights/${weights}`)));
	const { name, commit } = repository;
	const hub = await startHub({}, { [name]: { commit, files: new Map([[weights, bytes]]) } });
	const cache = join(place, "cache");
	const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: cache, MOBILENET_CACHE: cache };
	try {
		copyFileSync(shared(photo), join(place, "photo.jpg"));
		writeFileSync(join(place, "first.mjs"), code!);
		const inNode = await run(place, process.execPath, ["first.mjs"], false, env);
		expect(
			inNode.code === 0 && answer.test(inNode.stdout),
			`the README's code printed ${inNode.stdout}${inNode.stderr}`,
		);
		expect(hub.asked.length > 0, "the README's code has asked nothing of the hub");
		const [program, ...words] = command!.trim().split(" ");
		expect(program === "npx", `the README's command begins with ${program}`);
		const onLine = await run(
			place,
			join(place, "node_modules", ".bin", words[0]!),
			words.slice(1),
			false,
			env,
		);
		expect(
			onLine.code === 0 && answer.test(onLine.stdout),
			`the README's command printed ${onLine.stdout}${onLine.stderr}`,
		);
	} finally {
		await hub.close();
	}
	if (chromiumPath) await tryPage(place, page!, bytes);
	else console.warn("skipped: the README's page: no Chromium on this machine");
	console.log(`the README's first screen: Node, the command${chromiumPath ? ", a page with a camera" : ""}`);
}

async function tryPage(place: string, page: string, bytes: Uint8Array): Promise<void> {
	const browser = await chromium.launch({
		executablePath: chromiumPath!,
		args: [
			"--headless",
			"--no-sandbox",
			"--use-fake-device-for-media-stream",
			"--use-fake-ui-for-media-stream",
		],
	});
	try {
		const context = await browser.newContext({ permissions: ["camera"] });
		const headers = { "access-control-allow-origin": "*" };
		const asked: string[] = [];
		await context.route("**/*", async (route) => {
			const url = new URL(route.request().url());
			asked.push(url.href);
			const [, path] = /^\/npm\/mobilenet\/(.*)$/.exec(url.pathname) ?? [];
			if (url.host === "cdn.jsdelivr.net" && path !== undefined)
				await route.fulfill({ path: join(place, "node_modules", "mobilenet", path), headers });
			else if (url.pathname === `/${repository.name}/${repository.commit}/${weights}`)
				await route.fulfill({ body: Buffer.from(bytes), headers });
			else if (url.host === "localhost") await route.fulfill({ body: page, contentType: "text/html" });
			else await route.abort();
		});
		const tab = await context.newPage();
		const faults: string[] = [];
		tab.on("pageerror", (error) => faults.push(String(error)));
		await tab.goto("http://localhost/");
		await tab
			.locator("#answer", { hasText: /: \d+ %$/ })
			.waitFor({ timeout: longest })
			.catch(async () => {
				const text = await tab.textContent("#answer");
				throw new Error(
					`the README's page says ${text}: ${faults.join("; ")}; it asked for ${asked.join(", ")}`,
				);
			});
	} finally {
		await browser.close();
	}
}

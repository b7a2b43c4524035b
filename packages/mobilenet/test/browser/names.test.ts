/**
 * Weights by name in a page, which imports the package from a second origin, as from a CDN, and gets weights from a third
 * that does what the hub does: progress is told, and a second visit needs no network. Needs `npm run build`.
 */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Progress } from "../../src/base/progress.ts";
import type { Prediction } from "../../src/model/predictions.ts";
import { type HubServer, startHub } from "../support/hub-server.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { describeWithChromium, openChromium } from "./chromium.ts";

const file = "mobilenet_v1_0.25_128_quant.tflite";
const slowStart = 60_000;

/** A page of its own; the test's functions are changed by the test runner, which has no modules of a page. */
const html = `<!doctype html><script type="module">
globalThis.visit = async (address, endpoint) => {
	const { MobileNet } = await import(address + "/mobilenet.js");
	const progress = [];
	const onProgress = (one) => progress.push(one);
	const model = await MobileNet.load("imagenet/0.25-128", { endpoint, onProgress });
	const [best] = await model.classify(await (await fetch("/macaw.jpg")).blob());
	const { license, notes } = model.model.source;
	return { best, progress, license, notes };
};
</script>`;

interface Answer {
	readonly best: Prediction;
	readonly progress: readonly Progress[];
	readonly license: string | undefined;
	readonly notes: readonly string[];
}

const name = "weights by name in a page";
describeWithShared(name, [`weights/${file}`, "data/photos"], () => describeWithChromium(name, tests));

function tests(): void {
	let browser: Awaited<ReturnType<typeof openChromium>>;
	let hub: HubServer;
	/** The package's files, with the header that a CDN sends. */
	let cdn: Server;
	let site: Server;
	const loaded = new Map<string, number>();
	const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

	beforeAll(async () => {
		browser = await openChromium();
		hub = await startHub(
			{},
			{
				"google-coral/test_data": {
					commit: "104342d2d3480b3e66203073dac24f4e2dbb4c41",
					files: new Map([[file, new Uint8Array(readFileSync(shared(`weights/${file}`)))]]),
				},
			},
		);
		const folder = fileURLToPath(new URL("../../dist/browser/", import.meta.url));
		cdn = createServer((request, response) => {
			const content = readFileSync(folder + request.url!);
			loaded.set(request.url!.replace(/-.{8}\.js$/, ""), gzipSync(content).length);
			response.writeHead(200, {
				"content-type": extname(request.url!) === ".js" ? "text/javascript" : "application/octet-stream",
				"access-control-allow-origin": "*",
			});
			response.end(content);
		});
		site = createServer((request, response) => {
			if (request.url === "/macaw.jpg") response.end(readFileSync(shared("data/photos/macaw.jpg")));
			else response.writeHead(200, { "content-type": "text/html" }).end(html);
		});
		for (const server of [cdn, site])
			await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	}, slowStart);
	afterAll(async () => {
		await browser?.close();
		for (const server of [cdn, site]) {
			server?.closeAllConnections();
			await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
		}
	});

	const visit = async (): Promise<Answer> => {
		const page = await browser.context.newPage();
		await page.goto(addressOf(site));
		await page.waitForFunction(() => "visit" in globalThis);
		const answer = await page.evaluate(
			([address, endpoint]) =>
				(globalThis as unknown as { visit(...inputs: string[]): Promise<Answer> }).visit(address!, endpoint!),
			[addressOf(cdn), hub.endpoint],
		);
		await page.close();
		return answer;
	};

	it("are fetched once, with progress, and are there when the network is not", async () => {
		const first = await visit();
		expect(first).toMatchObject({ best: { label: "macaw" }, license: "Apache-2.0", notes: [] });
		expect(first.progress.at(-1)).toMatchObject({ loaded: 525_598, total: 525_598 });
		expect(hub.asked.length).toBeGreaterThan(0);
		await hub.close();
		const second = await visit();
		expect(second.best).toEqual(first.best);
		expect(second.progress).toEqual([]);
		console.log(
			`a page that loads weights by name loads for it: ${[...loaded].map(([path, bytes]) => `${path} ${bytes}`).join(", ")}`,
		);
		expect(loaded.has("/chunks/load")).toBe(true);
	});
}

/**
 * `npm run demo`: classifies pictures with the command line, as a user would. Takes the arguments of `mobilenet classify`;
 * without any it classifies two photographs from npm packages: a cat, which the network knows, and a mandrill, which is not
 * among its 200 classes.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../packages/mobilenet/bin/mobilenet.js", import.meta.url));
const given = process.argv.slice(2);
process.exitCode = given.length > 0 ? classify(given) : classifyOurs();

function classify(words: readonly string[], folder?: string): number {
	const { status } = spawnSync(process.execPath, [command, "classify", ...words], {
		cwd: folder,
		stdio: "inherit",
	});
	return status ?? 1;
}

function classifyOurs(): number {
	const require = createRequire(import.meta.url);
	// A CommonJS module that exports the picture's `data:` address.
	const address: unknown = require("baboon-image-uri");
	const [, base64] = /^data:image\/png;base64,(.+)$/.exec(String(address)) ?? [];
	if (base64 === undefined) throw new Error("baboon-image-uri must export a PNG as a data: address");
	const folder = mkdtempSync(join(tmpdir(), "mobilenet-demo-"));
	try {
		copyFileSync(require.resolve("cat-picture/cat.jpg"), join(folder, "cat.jpg"));
		writeFileSync(join(folder, "mandrill.png"), Buffer.from(base64, "base64"));
		return classify(["cat.jpg", "mandrill.png"], folder);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/**
 * `npm run demo`: classifies pictures from the command line's side, as a user would. Takes what `mobilenet classify`
 * takes; without pictures of one's own it shows the network a photograph of a baboon, one of its 200 classes.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../packages/mobilenet/bin/mobilenet.js", import.meta.url));
const given = process.argv.slice(2);
process.exitCode = namesPictures(given) ? classify(given) : classifyBaboon(given);

function classify(words: readonly string[]): number {
	const { status } = spawnSync(process.execPath, [command, "classify", ...words], { stdio: "inherit" });
	return status ?? 1;
}

function classifyBaboon(options: readonly string[]): number {
	// A CommonJS module that is the picture's `data:` address.
	const address: unknown = createRequire(import.meta.url)("baboon-image-uri");
	const [, base64] = /^data:image\/png;base64,(.+)$/.exec(String(address)) ?? [];
	if (base64 === undefined) throw new Error("baboon-image-uri is no PNG in a data: address");
	const folder = mkdtempSync(join(tmpdir(), "mobilenet-demo-"));
	try {
		const picture = join(folder, "baboon.png");
		writeFileSync(picture, Buffer.from(base64, "base64"));
		return classify([...options, picture]);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Whether anything stands among the options that is no option and no option's value. */
function namesPictures(words: readonly string[]): boolean {
	const alone = new Set(["--json", "--float", "--help", "-h"]);
	for (let i = 0; i < words.length; i++) {
		const word = words[i]!;
		if (word === "-" || !word.startsWith("-")) return true;
		if (!alone.has(word) && !word.includes("=")) i++;
	}
	return false;
}

/**
 * Embeds the package's model: writes models/default/mobilenet.safetensors as base64 to TypeScript modules, so that there is
 * no file to find or download at run time. There are several modules, because bundlers warn about large ones; they are all
 * fetched at once.
 *
 *   node scripts/embed-model.ts        (part of `npm run build`)
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { messageOf } from "../src/base/error.ts";
import { readModelFile } from "../src/formats/safetensors/model-file.ts";

const location = "models/default/mobilenet.safetensors";
const model = fileURLToPath(new URL(`../../../${location}`, import.meta.url));
const generated = fileURLToPath(new URL("../src/model/generated/", import.meta.url));
/** Webpack warns from 250,000 bytes on. A multiple of four characters, which are three bytes, can be decoded separately. */
const charactersOfPart = 240_000;
const bytesOfPart = (charactersOfPart / 4) * 3;

if (existsSync(model)) embed(readFileSync(model));
else fail(`${location}, the package's model, is missing: check out the whole repository.`);

function embed(bytes: Uint8Array): void {
	try {
		readModelFile(bytes, location);
	} catch (error) {
		fail(messageOf(error));
		return;
	}
	// A smaller model than the last one has fewer parts.
	rmSync(generated, { recursive: true, force: true });
	mkdirSync(generated, { recursive: true });
	const parts = Math.ceil(bytes.length / bytesOfPart);
	const names = Array.from({ length: parts }, (_, n) => `default-model-${n + 1}.ts`);
	for (const [n, name] of names.entries()) {
		const part = bytes.subarray(n * bytesOfPart, (n + 1) * bytesOfPart);
		// The type annotation keeps the text out of the declaration file.
		write(
			name,
			`/** Part ${n + 1} of ${parts} of ${location}, in base64, made by embed-model.ts. */\nexport const base64: string =\n\t"${Buffer.from(part).toString("base64")}";\n`,
		);
	}
	write(
		"default-model.ts",
		[
			`/** ${location}: ${bytes.length} bytes in ${parts} parts, made by embed-model.ts. */`,
			`export const byteLength: number = ${bytes.length};`,
			"export const parts: readonly (() => Promise<{ readonly base64: string }>)[] = [",
			...names.map((name) => `\t() => import("./${name}"),`),
			"];\n",
		].join("\n"),
	);
	console.log(`default model: ${bytes.length} bytes in ${parts} parts`);
}

function write(name: string, text: string): void {
	writeFileSync(`${generated}${name}`, text);
}

function fail(sentence: string): void {
	console.error(`embed-model: ${sentence}`);
	process.exitCode = 1;
}

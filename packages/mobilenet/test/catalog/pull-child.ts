/** One process that pulls a network, for tests that need several, or one that is killed: prints what became of it as JSON. */
import process from "node:process";
import { digestOf } from "../../src/base/download.ts";
import { weightFiles } from "../../src/catalog/weights.ts";

const { files, sources, options } = JSON.parse(process.argv[2]!);
try {
	const found = await weightFiles(files, sources, options);
	const digests: string[] = [];
	for (const path of found.paths) digests.push(await digestOf(await found.read(path)));
	console.log(JSON.stringify({ digests, notes: found.notes }));
} catch (error) {
	console.log(JSON.stringify({ message: (error as Error).message, code: (error as { code?: string }).code }));
}

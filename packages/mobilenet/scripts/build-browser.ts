/**
 * Builds the browser file from `dist/`: one ES module for a plain page, with everything that not every page needs
 * (readers of other formats, ImageNet's labels, the embedded model, either build of the kernels, the worker) in chunks
 * that load when a file or a machine asks for them. Rolldown bundles: it comes with Vite and Vitest anyway, and puts what
 * the entry needs into one chunk where esbuild makes a handful. Source maps are left out: they are three times the code,
 * and the readable modules lie beside it.
 *
 * The embedded model is two thirds of the package, so that it is in it once, here: `dist/model` loads these chunks.
 *
 *   node scripts/build-browser.ts        (part of `npm run build`)
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type OutputChunk, type OutputOptions, rolldown } from "rolldown";
import { refuse } from "./bundle.ts";
import { writeLicenses } from "./licenses.ts";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const browser = join(dist, "browser");
/** The name of the file stays; those of its chunks change with their content, so that caches never mix versions. */
const entry = "mobilenet";
/** A worker is a program of its own: the module that starts it, and the name by which that module calls it. */
const worker = { module: "worker.default.js", startedBy: "threads.default.js" };
/** The module that loads the parts of the embedded model, and those. */
const modelLoader = join(dist, "model", "generated", "default-model.js");
const modelPart = /[\\/]model[\\/]generated[\\/]default-model-\d+\.js$/;

const output = {
	dir: browser,
	format: "esm",
	minify: true,
	chunkFileNames: "chunks/[name]-[hash].js",
} satisfies OutputOptions;

rmSync(browser, { recursive: true, force: true });
const workerChunks = await bundle(
	{ worker: join(dist, "engine", worker.module) },
	{ ...output, entryFileNames: output.chunkFileNames },
);
const chunks = [
	...workerChunks,
	...(await bundle(
		{ [entry]: join(dist, "index.js") },
		{
			...output,
			codeSplitting: {
				groups: [
					// The entry's own exports and no others, whatever chunks take from it: they take it from here.
					{ name: "core", tags: ["$initial"] },
					{ name: "fflate", test: /[\\/]fflate[\\/]/ },
				],
			},
		},
	)),
];

const names = new Set(chunks.map(({ fileName }) => fileName));
for (const { fileName, imports, dynamicImports } of chunks)
	for (const name of [...imports, ...dynamicImports])
		if (!names.has(name))
			throw new Error(`${fileName} of the browser file imports ${name}, which no page has`);

// All others take the parts of the embedded model from here too.
let loader = readFileSync(modelLoader, "utf8");
for (const { fileName, facadeModuleId } of chunks) {
	if (!facadeModuleId || !modelPart.test(facadeModuleId)) continue;
	loader = loader.replace(`"./${basename(facadeModuleId)}"`, `"../../browser/${fileName}"`);
	for (const ending of [".js", ".d.ts"]) rmSync(facadeModuleId.replace(/\.js$/, ending));
}
writeFileSync(modelLoader, loader);

writeLicenses(
	browser,
	chunks.flatMap(({ moduleIds }) => moduleIds),
);

for (const { fileName, code } of chunks)
	console.log(`${fileName}: ${Buffer.byteLength(code)} bytes, ${gzipSync(code).length} gzip`);

async function bundle(input: Record<string, string>, options: OutputOptions): Promise<OutputChunk[]> {
	const build = await rolldown({
		input,
		platform: "browser",
		onLog: refuse,
		plugins: [{ name: "worker", transform: callWorkerByItsChunk }],
	});
	const { output } = await build.write(options);
	await build.close();
	return output.flatMap((file) => (file.type === "chunk" ? [file] : []));
}

/** A worker's address is no import, so the bundler leaves it as it stands; both modules lie among the chunks. */
function callWorkerByItsChunk(code: string, module: string): string | undefined {
	if (basename(module) !== worker.startedBy) return undefined;
	const parts = code.split(`./${worker.module}`);
	if (parts.length !== 2) throw new Error(`${module} does not start ./${worker.module} once`);
	return parts.join(`./${basename(workerChunks[0]!.fileName)}`);
}

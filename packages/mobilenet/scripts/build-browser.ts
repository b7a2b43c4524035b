/**
 * Builds the browser file from `dist/`: one ES module for a plain page. What not every page needs (readers of other
 * formats, ImageNet's labels, the embedded model, the builds of the kernels, the worker) is in chunks that are loaded on
 * demand. Rolldown bundles, because Vite and Vitest include it anyway, and it puts what the entry needs into one chunk
 * where esbuild makes several. There are no source maps: they are three times as large as the code, and the readable
 * modules are also in the package.
 *
 * The embedded model is two thirds of the package, so the package contains it only once, here; `dist/model` loads these
 * chunks.
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
/** The file's name never changes; those of its chunks change with their content, so that caches never mix versions. */
const entry = "mobilenet";
/** The worker, a separate program, and the module that starts it by its name. */
const worker = { module: "worker.default.js", startedBy: "threads.default.js" };
/** The module that loads the parts of the embedded model, and the parts. */
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
					// Keeps the entry's exports free of what chunks import: they import it from this one.
					{ name: "core", tags: ["$initial"] },
					{ name: "fflate", test: /[\\/]fflate[\\/]/ },
					// One request, where a model in integers would take three.
					{ name: "integers", test: /[\\/](int8|integer)[\w-]*\.js$(?<!generated[\\/].*)/ },
				],
			},
		},
	)),
];

const names = new Set(chunks.map(({ fileName }) => fileName));
for (const { fileName, imports, dynamicImports } of chunks)
	for (const name of [...imports, ...dynamicImports])
		if (!names.has(name))
			throw new Error(`${fileName} of the browser file imports ${name}, which pages cannot load`);

// All other entries also load the parts of the embedded model from here.
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
	if (parts.length !== 2) throw new Error(`${module} must name ./${worker.module} exactly once`);
	return parts.join(`./${basename(workerChunks[0]!.fileName)}`);
}

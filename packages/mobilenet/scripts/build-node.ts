/**
 * Builds what Node loads from `dist/`: the same modules in a few files, because Node takes about half a millisecond to
 * find and load each of a hundred. Format readers, ImageNet's labels and the builds of the kernels remain chunks that are
 * loaded when needed. Libraries remain separate packages. The embedded model remains in the chunks of the browser file,
 * which must already exist, so that the package contains it only once.
 *
 *   node scripts/build-node.ts        (part of `npm run build`)
 */
import { rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type OutputOptions, rolldown } from "rolldown";
import { refuse } from "./bundle.ts";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const node = join(dist, "node");
/** All files are in one folder, because some find others (the worker, the package's manifest) by a relative path. */
const entries = {
	index: "index.js",
	network: "network/index.js",
	formats: "formats/index.js",
	catalog: "catalog/index.js",
	data: "data/index.js",
	evaluation: "evaluation/index.js",
	quantization: "quantization/index.js",
	training: "training/index.js",
	cli: "cli/main.js",
};
/** Separate programs, which are found by their names. */
const workers = {
	"worker.node": "engine/worker.node.js",
	"decoding-worker-script.node": "data/decoding-worker-script.node.js",
};

const installed = /^(node:|(sharp|flatbuffers|fflate)$)/;
/** Libraries that the package contains. */
const library = /[\\/]libraries[\\/][\w-]+\.js$/;
/** The bytes of the embedded model. */
const model = /[\\/]browser[\\/]chunks[\\/]default-model-\d+-[\w-]+\.js$/;

rmSync(node, { recursive: true, force: true });
for (const [name, file] of Object.entries(workers)) await bundle({ [name]: file }, {});
// What running a network takes is one file, what learning takes beside it another: who classifies does not load it. The
// command line has its own.
const learning = /^(data|evaluation|quantization|training)\/|\/(training[^/]*|parameters|unfold)\.js$/;
/** The place of a module in `dist`: what folders are called above it, `cli` among them, says nothing. */
const placeOf = (module: string): string => relative(dist, module).replaceAll("\\", "/");
const isCli = (module: string): boolean => placeOf(module).startsWith("cli/");
const isLearning = (module: string): boolean => learning.test(placeOf(module)) && !isCli(module);
await bundle(entries, {
	groups: [
		// A group also takes what its modules import, unless an earlier group has it.
		{
			name: "core",
			tags: ["$initial"],
			test: (module) => !isLearning(module) && !isCli(module),
			priority: 1,
		},
		{ name: "learning", tags: ["$initial"], test: isLearning },
	],
});

async function bundle(
	files: Record<string, string>,
	codeSplitting: OutputOptions["codeSplitting"] & object,
): Promise<void> {
	const build = await rolldown({
		input: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(dist, file)])),
		platform: "node",
		external: [installed, library, model],
		onLog: refuse,
	});
	await build.write({
		dir: node,
		format: "esm",
		chunkFileNames: "[name]-[hash].js",
		codeSplitting,
		paths: (id) =>
			model.test(id)
				? `../browser/chunks/${basename(id)}`
				: library.test(id)
					? `../libraries/${basename(id)}`
					: id,
	});
	await build.close();
}

/**
 * Checks imports: a room may import only the rooms before it in this list, nothing imports the command line, which itself
 * imports only the public entries of other rooms, there are no circular imports, and only files for Node import `node:`
 * modules.
 *
 *   node scripts/check-imports.ts        (part of `npm test`)
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** In the order of docs/architecture.md. */
const rooms = [
	"base",
	"network",
	"weights",
	"labels",
	"image",
	"formats",
	"kernels",
	"engine",
	"catalog",
	"model",
	"data",
	"evaluation",
	"quantization",
	"training",
	"cli",
];
/** Rooms that a room may not import although they are before it. */
const strangers: Readonly<Record<string, readonly string[]>> = { kernels: ["image", "formats"] };
/** The public entries of package.json, the only files of other rooms that the command line may import. */
const entries = ["", "network/", "formats/", "data/", "evaluation/", "quantization/", "training/"].map(
	(folder) => `${folder}index.ts`,
);
/** Names that stand for one of a pair of files (package.json's `imports`). */
const pairs: Readonly<Record<string, readonly string[]>> = {
	"#files": ["base/files.node.ts", "base/files.default.ts"],
	"#wide": ["kernels/wide.node.ts", "kernels/wide.default.ts"],
	"#threads": ["engine/threads.node.ts", "engine/threads.default.ts"],
	"#datasets": ["data/datasets.node.ts", "data/datasets.default.ts"],
	"#start-decoding-worker": ["data/start-decoding-worker.node.ts", "data/start-decoding-worker.default.ts"],
	"#run-folder": ["training/run-folder.node.ts", "training/run-folder.default.ts"],
	"#weights-cache": ["catalog/weights-cache.node.ts", "catalog/weights-cache.default.ts"],
	"#decode": ["image/decode.node.ts", "image/decode.default.ts"],
};

const source = fileURLToPath(new URL("../packages/mobilenet/src/", import.meta.url));
const files = globSync("**/*.ts", { cwd: source })
	.map((file) => file.split(sep).join("/"))
	.filter((file) => !file.includes("kernels/simd/") && !file.includes("/generated/"));

const faults: string[] = [];
const graph = new Map<string, readonly string[]>();
for (const file of files) {
	const text = readFileSync(resolve(source, file), "utf8");
	const found = [...text.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
	const isTest = file.endsWith(".test.ts");
	const imported = found.flatMap((name) =>
		name.startsWith(".")
			? [
					relative(source, resolve(source, dirname(file), name))
						.split(sep)
						.join("/"),
				]
			: (pairs[name] ?? []),
	);
	for (const name of found)
		if (name.startsWith("node:") && !isTest && !file.endsWith(".node.ts") && !file.startsWith("cli/"))
			faults.push(`${file} imports ${name}: only files for Node (*.node.ts) and the command line may`);
	if (isTest) continue;
	graph.set(file, imported);
	for (const target of imported)
		if (!mayImport(roomOf(file), roomOf(target))) faults.push(`${file} may not import ${target}`);
		else if (roomOf(file) === "cli" && roomOf(target) !== "cli" && !entries.includes(target))
			faults.push(`${file} may not import ${target}: the command line may import public entries only`);
}
for (const file of graph.keys()) {
	const circle = pathBack(file);
	// Each circle is reported once, for its first file.
	if (circle?.every((member) => file <= member))
		faults.push(`a circle of imports: ${[...circle, file].join(" → ")}`);
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);

/** The room of a file; empty for the package's entry, which may import all rooms. */
function roomOf(file: string): string {
	return file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
}

function mayImport(from: string, to: string): boolean {
	if (from === to || from === "") return to !== "cli" || from === "cli";
	if (to === "") return from === "cli";
	const [own, other] = [rooms.indexOf(from), rooms.indexOf(to)];
	if (own < 0 || other < 0) return false;
	return other < own && !strangers[from]?.includes(to);
}

/** The files on the shortest path of imports from a file back to itself. */
function pathBack(file: string): readonly string[] | undefined {
	const ways = [[file]];
	const seen = new Set<string>();
	for (let way = ways.shift(); way; way = ways.shift())
		for (const next of graph.get(way.at(-1)!) ?? []) {
			if (next === file) return way;
			if (!seen.has(next)) ways.push([...way, next]);
			seen.add(next);
		}
	return undefined;
}

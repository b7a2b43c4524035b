/**
 * Tests the package as users get it: packed and installed into an empty folder, on every supported Node; imported,
 * required, run as a command, type-checked; with its embedded model; with and without its optional dependency.
 *
 *   node scripts/check-package.ts [VERSION...]        (part of `npm test`)
 *
 * Other versions of Node come from npm, into the git-ignored folder .nodes. Versions that npm does not have for this
 * platform are skipped with a note.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { tryCommand, writePictures } from "./package/command.ts";
import { tryFirstScreen } from "./package/first-screen.ts";
import { nodeOf, versions } from "./package/nodes.ts";
import { expect, npm, output } from "./package/processes.ts";
import { resolutions, writePrograms } from "./package/programs.ts";
import { tryWeightsPackage } from "./package/weights-package.ts";

/** All that is installed beside the package, where sharp is not. */
const dependencies = ["fflate", "flatbuffers"];
const root = fileURLToPath(new URL("../", import.meta.url));
const modelFile = join(root, "models", "default", "mobilenet.safetensors");
const folder = mkdtempSync(join(tmpdir(), "mobilenet-package-"));

try {
	const tarball = await pack();
	const [whole, bare] = await Promise.all([
		install("whole", tarball, []),
		install("bare", tarball, ["--omit=optional"]),
	]);
	await reportSizes(tarball, whole, bare);
	reportModel(whole);
	await tryFirstScreen(whole, readFileSync(join(root, "README.md"), "utf8"));
	await tryWeightsPackage(whole);
	// The Nodes one after the other; what only reads the package beside them.
	await Promise.all([
		tryAll(process.argv.slice(2), whole, bare),
		checkTypes(whole).then(() => lint(tarball)),
	]);
} finally {
	rmSync(folder, { recursive: true, force: true });
}

async function pack(): Promise<string> {
	await npm(root, ["pack", "--workspace", "mobilenet", "--pack-destination", folder]);
	return join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz"))!);
}

async function install(name: string, tarball: string, options: readonly string[]): Promise<string> {
	const place = join(folder, name);
	mkdirSync(place);
	writeFileSync(join(place, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
	await npm(place, ["install", ...options, tarball]);
	writePrograms(place);
	await writePictures(place);
	return place;
}

async function reportSizes(tarball: string, whole: string, bare: string): Promise<void> {
	const listed = JSON.parse(await npm(bare, ["ls", "--all", "--omit=dev", "--omit=optional", "--json"]));
	// sharp is listed too, without a version.
	const beside = Object.entries<{ version?: string }>(listed.dependencies.mobilenet.dependencies)
		.flatMap(([name, { version }]) => (version ? [name] : []))
		.sort();
	const found = readdirSync(join(bare, "node_modules")).filter((name) => !name.startsWith("."));
	for (const names of [[...beside, "mobilenet"], found.sort()])
		expect(names.join() === [...dependencies, "mobilenet"].join(), `installed are ${names.join(", ")}`);
	const size = (...parts: string[]): string => kilobytes(sizeOf(join(...parts, "node_modules")));
	console.log(
		`packed ${kilobytes(statSync(tarball).size)}, installed ${kilobytes(sizeOf(join(bare, "node_modules", "mobilenet")))}, with ${dependencies.join(" and ")} ${size(bare)}, with sharp ${size(whole)}`,
	);
}

/** The model that the package carries must be in it once. */
function reportModel(place: string): void {
	const dist = join(place, "node_modules", "mobilenet", "dist");
	const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /\.js$/.test(name));
	// Some characters from the middle, which are within one part of every copy.
	const bytes = readFileSync(modelFile);
	const third = 3 * Math.round(bytes.length / 6);
	const text = bytes.subarray(third, third + 300).toString("base64");
	const copies = files.filter((name) => readFileSync(join(dist, name), "utf8").includes(text));
	expect(
		copies.length === 1 && /^browser.chunks.default-model-/.test(copies[0]!),
		`the package's model must be in one chunk of the browser file, not in ${copies.join(", ") || "no file"}`,
	);
	const parts = files.filter((name) => /^browser.chunks.default-model-/.test(name));
	const size = (measure: (part: Buffer) => number): number =>
		parts.reduce((total, name) => total + measure(readFileSync(join(dist, name))), 0);
	console.log(
		`its model: ${bytes.length} bytes; as base64 ${size(({ length }) => length)}, ${size((part) => gzipSync(part).length)} by gzip`,
	);
}

async function tryAll(asked: readonly string[], whole: string, bare: string): Promise<void> {
	for (const version of asked.length > 0 ? asked : versions) {
		const node = await nodeOf(version);
		if (node) await tryOn(version, node, whole, bare);
		else {
			const missing = `Node ${version}: npm has none for this platform`;
			expect(asked.length === 0, missing);
			console.warn(`skipped: ${missing}`);
		}
	}
}

async function tryOn(version: string, node: string, whole: string, bare: string): Promise<void> {
	for (const place of [whole, bare]) await output(place, node, ["entries.mjs"]);
	const imported = await output(whole, node, ["import.mjs"]);
	expect(
		/^(wide|relaxed|baseline) \d 0\.\d{4}$/.test(imported),
		`import on Node ${version} printed ${imported}`,
	);
	const required = await output(whole, node, ["require.cjs"]);
	expect(required === imported, `require on Node ${version} printed ${required}, import ${imported}`);
	const answered = await output(bare, node, ["default.mjs", modelFile]);
	expect(/^as its file ./.test(answered), `on Node ${version} the package's model answers ${answered}`);
	await tryCommand(whole, node);
	// Without sharp raw pixels still work, and everything else says so in one sentence.
	const withoutSharp = await output(bare, node, ["import.mjs"]);
	expect(withoutSharp === imported, `without sharp Node ${version} gives another answer`);
	const said = await output(bare, node, ["without-sharp.mjs"]);
	expect(/^[^\n]*sharp[^\n]*$/.test(said), `without sharp Node ${version} says ${said}`);
	console.log(
		`Node ${version}: ${imported} (all entries, require, the command, without sharp, its model ${answered})`,
	);
}

async function checkTypes(place: string): Promise<void> {
	const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
	const names = Object.keys(resolutions);
	for (const name of names) await output(place, process.execPath, [tsc, "-p", `tsconfig.${name}.json`]);
	console.log(`types: moduleResolution ${names.join(" and ")}`);
}

/** publint and attw look at the tarball for what resolvers and TypeScript would stumble over. */
async function lint(tarball: string): Promise<void> {
	const tools = [
		["publint", "src/cli.js", "run", tarball, "--strict"],
		// CommonJS loads the same ES module with require.
		["@arethetypeswrong/cli", "dist/index.js", tarball, "--profile", "esm-only", "--no-emoji"],
	] as const;
	for (const [name, program, ...words] of tools)
		await output(root, process.execPath, [join(root, "node_modules", name, program), ...words]);
	console.log("publint and attw: clean");
}

function sizeOf(path: string): number {
	const stats = statSync(path);
	if (!stats.isDirectory()) return stats.size;
	return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function kilobytes(bytes: number): string {
	return `${Math.round(bytes / 1024).toLocaleString("en-US")} KB`;
}

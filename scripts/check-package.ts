/**
 * Tries the package as people get it: packed, installed into an empty folder, on every Node that it is meant for;
 * imported, required, run as a command, typed; with the model that it carries; without its optional dependency too.
 *
 *   node scripts/check-package.ts        (part of `npm test`)
 *
 * Other Nodes than this one come from npm, into the git-ignored folder .nodes; where npm has none for the platform only
 * this one is tried, and a line says so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const versions = ["20", "22", "24", "26"];
const root = fileURLToPath(new URL("../", import.meta.url));
const modelFile = join(root, "models", "default", "mobilenet.safetensors");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const shell = process.platform === "win32";
const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];

const folder = mkdtempSync(join(tmpdir(), "mobilenet-package-"));
try {
	const tarball = pack();
	const [whole, bare] = [install("whole", tarball, []), install("bare", tarball, ["--omit=optional"])];
	console.log(
		`packed ${kilobytes(statSync(tarball).size)}, installed ${kilobytes(sizeOf(join(whole, "node_modules", "mobilenet")))} (with all it needs ${kilobytes(sizeOf(whole))})`,
	);
	reportModel(whole);
	writePrograms(whole);
	writePrograms(bare);
	for (const version of versions) tryOn(version, whole, bare);
	checkTypes(whole);
	lint(tarball);
} finally {
	rmSync(folder, { recursive: true, force: true });
}

function pack(): string {
	execFileSync(
		npm,
		[
			"pack",
			"--workspace",
			"mobilenet",
			"--pack-destination",
			folder,
			"--ignore-scripts",
			"--loglevel=error",
		],
		{
			cwd: root,
			stdio: ["ignore", "ignore", "inherit"],
			shell,
		},
	);
	return join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz"))!);
}

function install(name: string, tarball: string, options: readonly string[]): string {
	const place = join(folder, name);
	mkdirSync(place);
	writeFileSync(join(place, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
	execFileSync(npm, ["install", ...quiet, ...options, tarball], {
		cwd: place,
		stdio: ["ignore", "ignore", "inherit"],
		shell,
	});
	return place;
}

/** The model that the package carries must be in it once. */
function reportModel(place: string): void {
	const dist = join(place, "node_modules", "mobilenet", "dist");
	const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /\.js$/.test(name));
	// Some characters of its middle, of which every copy has one part.
	const bytes = readFileSync(modelFile);
	const third = 3 * Math.round(bytes.length / 6);
	const text = bytes.subarray(third, third + 300).toString("base64");
	const copies = files.filter((name) => readFileSync(join(dist, name), "utf8").includes(text));
	expect(
		copies.length === 1 && /^browser.chunks.default-model-/.test(copies[0]!),
		`the package's model lies in ${copies.join(", ") || "no file"}`,
	);
	const parts = files.filter((name) => /^browser.chunks.default-model-/.test(name));
	const size = (measure: (part: Buffer) => number): number =>
		parts.reduce((total, name) => total + measure(readFileSync(join(dist, name))), 0);
	console.log(
		`its model: ${bytes.length} bytes; as base64 ${size(({ length }) => length)}, ${size((part) => gzipSync(part).length)} by gzip`,
	);
}

function writePrograms(place: string): void {
	const body = `
		const model = await MobileNet.create({ alpha: 0.25, size: 64, classes: 5 }, { seed: 1, threads: 2 });
		const picture = { data: new Uint8Array(64 * 64 * 3).fill(90), width: 64, height: 64, channels: 3 };
		// Often enough for workers to join, and for all code to be compiled for speed meanwhile.
		for (const end = performance.now() + 700; performance.now() < end; ) await model.classify(picture);
		const [best] = await model.classify(picture);
		console.log(model.build, best.index, best.probability.toFixed(4));`;
	writeFileSync(join(place, "import.mjs"), `import { MobileNet } from "mobilenet";${body}`);
	writeFileSync(
		join(place, "require.cjs"),
		`const { MobileNet } = require("mobilenet");(async () => {${body}})();`,
	);
	// The model that the package carries answers as its file does, which is given as an argument.
	writeFileSync(
		join(place, "default.mjs"),
		`import { MobileNet } from "mobilenet";
		const data = Uint8Array.from({ length: 90 * 70 * 3 }, (_, i) => (i * 7 + Math.floor(i / 900)) % 256);
		const picture = { data, width: 90, height: 70, channels: 3 };
		const [own, file] = [await MobileNet.load(), await MobileNet.load(process.argv[2])];
		const [answers, expected] = [await own.classify(picture), await file.classify(picture)];
		console.log(JSON.stringify(answers) === JSON.stringify(expected) ? "as its file" : "unlike its file", answers[0].label);`,
	);
	const use = `
		import { MobileNet, MobileNetError, type Prediction } from "mobilenet";
		import { configure, cost, layers, summary } from "mobilenet/network";
		import { readModel } from "mobilenet/formats";
		const model = await MobileNet.load("model.tflite", { size: 160 });
		for (const own of [await MobileNet.load(), await MobileNet.load(undefined, { size: 160 })]) own.dispose();
		const rows: Prediction[][] = await model.classify(["a.jpg", new Uint8Array(3)], { top: 3 });
		const one: Prediction[] = await model.classify({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 });
		const vector: Float32Array = await model.embed("a.jpg");
		for await (const { key } of model.embedEach([{ key: 7, source: "a.jpg" }])) key.toFixed();
		if (rows.length + one.length + vector.length === 0) throw new MobileNetError("usage", summary(configure()));
		console.log(cost(configure()).multAdds, layers(configure()).length, (await readModel("x")).configuration.alpha);
		// @ts-expect-error: there is no such option
		await model.classify("a.jpg", { best: 1 });
		model.dispose();
		export {};`;
	writeFileSync(join(place, "use.mts"), use);
	for (const [name, options] of Object.entries({
		node16: { module: "node16", moduleResolution: "node16" },
		bundler: { module: "esnext", moduleResolution: "bundler" },
	}))
		writeFileSync(
			join(place, `tsconfig.${name}.json`),
			JSON.stringify({
				compilerOptions: {
					...options,
					target: "es2022",
					lib: ["es2022", "dom"],
					strict: true,
					noEmit: true,
					types: [],
				},
				files: ["use.mts"],
			}),
		);
}

/** The path of a Node of this major version. */
function nodeOf(version: string): string | undefined {
	if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
	const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
	const place = join(root, ".nodes", version);
	const program = join(
		place,
		"node_modules",
		name,
		"bin",
		process.platform === "win32" ? "node.exe" : "node",
	);
	if (existsSync(program)) return program;
	mkdirSync(place, { recursive: true });
	writeFileSync(join(place, "package.json"), JSON.stringify({ private: true }));
	const { status } = spawnSync(npm, ["install", ...quiet, `${name}@${version}`], {
		cwd: place,
		stdio: "ignore",
		shell,
	});
	return status === 0 && existsSync(program) ? program : undefined;
}

function tryOn(version: string, whole: string, bare: string): void {
	const node = nodeOf(version);
	if (!node) {
		console.warn(`skipped: Node ${version}: npm has none for this platform`);
		return;
	}
	const run = (place: string, ...parts: string[]): string =>
		execFileSync(node, parts, {
			cwd: place,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "pipe"],
			timeout: 20_000,
		}).trim();
	const imported = run(whole, "import.mjs");
	const required = run(whole, "require.cjs");
	const command = join(whole, "node_modules", "mobilenet", "bin", "mobilenet.js");
	const summary = run(whole, command, "summary", "--preset", "tutorial");
	expect(
		/^(wide|relaxed|baseline) \d 0\.\d{4}$/.test(imported),
		`import on Node ${version} printed ${imported}`,
	);
	expect(required === imported, `require on Node ${version} printed ${required}, import ${imported}`);
	expect(summary.includes("Total params: 4,231,976"), `the command on Node ${version} printed ${summary}`);
	const answered = run(bare, "default.mjs", modelFile);
	expect(/^as its file ./.test(answered), `on Node ${version} the package's model answers ${answered}`);
	// Without sharp raw pixels still work, and everything else says so in one sentence.
	expect(run(bare, "import.mjs") === imported, `without sharp Node ${version} gives another answer`);
	const { stderr } = spawnSync(
		node,
		[
			"--input-type=module",
			"-e",
			`import { MobileNet } from "mobilenet"; const model = await MobileNet.create({ alpha: 0.25, size: 32 }); await model.classify(Uint8Array.of(255, 216, 255, 224)).catch((error) => console.error(error.message));`,
		],
		{ cwd: bare, encoding: "utf8" },
	);
	expect(
		/sharp/.test(stderr) && stderr.trim().split("\n").length === 1,
		`without sharp Node ${version} says ${stderr}`,
	);
	console.log(
		`Node ${version}: ${imported} (import, require, command, without sharp, its model ${answered})`,
	);
}

function checkTypes(place: string): void {
	const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
	for (const name of ["node16", "bundler"])
		execFileSync(process.execPath, [tsc, "-p", join(place, `tsconfig.${name}.json`)], {
			cwd: place,
			stdio: ["ignore", "inherit", "inherit"],
		});
	console.log("types: moduleResolution node16 and bundler");
}

/** publint and attw look at the tarball for what resolvers and TypeScript would stumble over. */
function lint(tarball: string): void {
	const tools = [
		["publint", "src/cli.js", "run", tarball, "--strict"],
		// CommonJS gets the same ES module by require.
		["@arethetypeswrong/cli", "dist/index.js", tarball, "--profile", "esm-only", "--no-emoji"],
	] as const;
	for (const [name, program, ...words] of tools) {
		const { status, stdout, stderr } = spawnSync(
			process.execPath,
			[join(root, "node_modules", name, program), ...words],
			{
				encoding: "utf8",
			},
		);
		expect(status === 0, `${name} complains:\n${stdout}${stderr}`);
	}
	console.log("publint and attw: clean");
}

function expect(condition: boolean, otherwise: string): void {
	if (!condition) throw new Error(otherwise);
}

function sizeOf(path: string): number {
	const stats = statSync(path);
	if (!stats.isDirectory()) return stats.size;
	return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function kilobytes(bytes: number): string {
	return `${Math.round(bytes / 1024).toLocaleString("en-US")} KB`;
}

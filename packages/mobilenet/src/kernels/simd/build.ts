/**
 * Builds the WebAssembly kernels: writes the generated AssemblyScript from its templates, compiles one module per level,
 * and embeds each as base64 in a TypeScript file, so that there is no file to find at run time. A module is left as it is
 * where nothing that it is made of has changed: they take most of the build's time.
 *
 *   node src/kernels/simd/build.ts        (part of `npm run build`)
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { int8ByteOperations } from "../int8-operations.ts";
import { operationsOf } from "../operations.ts";
import { depthwiseSource } from "./depthwise.template.ts";
import { depthwiseBackwardSource } from "./depthwise-backward.template.ts";
import { int8DepthwiseSource } from "./int8-depthwise.template.ts";
import { int8Levels } from "./int8-levels.ts";
import { int8PointwiseSource } from "./int8-pointwise.template.ts";
import { type Level, levels } from "./levels.ts";
import { outerProductSource } from "./outer-product.template.ts";
import { pointwiseSource } from "./pointwise.template.ts";
import { walkerSource } from "./walker.template.ts";

const assembly = fileURLToPath(new URL("./assembly/", import.meta.url));
const embedded = fileURLToPath(new URL("../generated/", import.meta.url));
/** 4 GB, all that a 32-bit address can reach. */
const mostPages = 65536;

/** What differs between levels. pmin and pmax are one instruction each; in this order they propagate NaN. */
const arithmeticSource = (multiplyAdd: string): string => `
// @ts-ignore: decorator
@inline export function fma(a: v128, b: v128, c: v128): v128 { return ${multiplyAdd}; }
// @ts-ignore: decorator
@inline export function clamp(x: v128, low: v128, high: v128): v128 { return f32x4.pmin(f32x4.pmax(x, low), high); }
`;

await mkdir(`${assembly}generated`, { recursive: true });
await mkdir(embedded, { recursive: true });
/** What people wrote, in the order of the files' names. */
const written = await Promise.all(
	(await readdir(assembly))
		.filter((file) => file.endsWith(".ts"))
		.sort()
		.map(async (file) => [file, await readFile(`${assembly}${file}`, "utf8")]),
);
for (const [name, level] of Object.entries(levels))
	await build(name, level, { walker: walkerSource(operationsOf.float), ...tilesOf(level) });
// Training: the same and its own kernels, in a second module that is not loaded to classify.
for (const [name, level] of Object.entries(levels))
	await build(`training-${name}`, level, {
		walker: walkerSource(operationsOf.training),
		...tilesOf(level),
		"outer-product-tiles": outerProductSource(level),
		"depthwise-backward-tiles": depthwiseBackwardSource(level),
	});
for (const [name, level] of Object.entries(int8Levels)) {
	const held = operationsOf.integer.filter(
		(operation) => level.holdsBytes || !(operation in int8ByteOperations),
	);
	await build(name, level, {
		walker: walkerSource(held),
		"int8-pointwise-tiles": int8PointwiseSource(level, "words"),
		"int8-byte-tiles": int8PointwiseSource(level, "bytes"),
		"int8-depthwise-tiles": int8DepthwiseSource(level),
	});
}

function tilesOf(level: Level): Readonly<Record<string, string>> {
	return { "pointwise-tiles": pointwiseSource(level), "depthwise-tiles": depthwiseSource(level) };
}

/** Builds a module, unless what the last build made of the same sources is still there. */
async function build(
	name: string,
	{ features, multiplyAdd }: Pick<Level, "features" | "multiplyAdd">,
	tiles: Readonly<Record<string, string>>,
): Promise<void> {
	const generated = { ...tiles, arithmetic: arithmeticSource(multiplyAdd) };
	const output = `${assembly}generated/${name}.wasm`;
	const options = [
		...["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
		...["--enable", features, "--disableWarning", "201"],
		// Declared as shared; the loader changes that for a single thread.
		...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", `${mostPages}`],
	];
	const [file, stamp] = [`${embedded}${name}.ts`, `${assembly}generated/${name}.sha256`];
	const stampOf = (text: string): string =>
		createHash("sha256")
			.update(JSON.stringify([asc.version, options, written, generated, text]))
			.digest("hex");
	const [made, stamped] = await Promise.all(
		[file, stamp].map((path) => readFile(path, "utf8").catch(() => "")),
	);
	if (stamped === stampOf(made!)) {
		console.log(`${name} kernels: as they were`);
		return;
	}

	for (const [part, source] of Object.entries(generated))
		await writeFile(`${assembly}generated/${part}.ts`, source);
	const { error, stderr } = await asc.main([
		`${assembly}generated/walker.ts`,
		"--outFile",
		output,
		...options,
	]);
	if (error)
		throw new Error(`the ${name} kernels cannot be compiled:\n${stderr.toString()}`, { cause: error });
	const bytes = await readFile(output);
	const text = `/** The ${name} kernels: ${bytes.length} bytes of WebAssembly in base64, made by simd/build.ts. */\nexport const bytes =\n\t"${bytes.toString("base64")}";\n`;
	await writeFile(file, text);
	await writeFile(stamp, stampOf(text));
	console.log(`${name} kernels: ${bytes.length} bytes`);
}

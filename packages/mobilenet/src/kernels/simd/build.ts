/**
 * Builds the WebAssembly kernels: writes the generated AssemblyScript from its templates, compiles one module per level,
 * and embeds each as base64 in a TypeScript file, so that there is no file to find at run time.
 *
 *   node src/kernels/simd/build.ts        (part of `npm run build`)
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
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
await writeFile(`${assembly}generated/walker.ts`, walkerSource(operationsOf.float));
for (const [name, level] of Object.entries(levels)) {
	await writeFile(`${assembly}generated/pointwise-tiles.ts`, pointwiseSource(level));
	await writeFile(`${assembly}generated/depthwise-tiles.ts`, depthwiseSource(level));
	await compile(name, level);
}
// Training: the same and its own kernels, in a second module that is not loaded to classify.
await writeFile(`${assembly}generated/walker.ts`, walkerSource(operationsOf.training));
for (const [name, level] of Object.entries(levels)) {
	await writeFile(`${assembly}generated/pointwise-tiles.ts`, pointwiseSource(level));
	await writeFile(`${assembly}generated/depthwise-tiles.ts`, depthwiseSource(level));
	await writeFile(`${assembly}generated/outer-product-tiles.ts`, outerProductSource(level));
	await writeFile(`${assembly}generated/depthwise-backward-tiles.ts`, depthwiseBackwardSource(level));
	await compile(`training-${name}`, level);
}
for (const [name, level] of Object.entries(int8Levels)) {
	const held = operationsOf.integer.filter(
		(operation) => level.holdsBytes || !(operation in int8ByteOperations),
	);
	await writeFile(`${assembly}generated/walker.ts`, walkerSource(held));
	await writeFile(`${assembly}generated/int8-pointwise-tiles.ts`, int8PointwiseSource(level, "words"));
	await writeFile(`${assembly}generated/int8-byte-tiles.ts`, int8PointwiseSource(level, "bytes"));
	await writeFile(`${assembly}generated/int8-depthwise-tiles.ts`, int8DepthwiseSource(level));
	await compile(name, level);
}

async function compile(name: string, level: Pick<Level, "features" | "multiplyAdd">): Promise<void> {
	await writeFile(`${assembly}generated/arithmetic.ts`, arithmeticSource(level.multiplyAdd));
	const output = `${assembly}generated/${name}.wasm`;
	const { error, stderr } = await asc.main([
		`${assembly}generated/walker.ts`,
		...["--outFile", output, "-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
		...["--enable", level.features, "--disableWarning", "201"],
		// Declared as shared; the loader changes that for a single thread.
		...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", `${mostPages}`],
	]);
	if (error)
		throw new Error(`the ${name} kernels cannot be compiled:\n${stderr.toString()}`, { cause: error });
	const bytes = await readFile(output);
	await writeFile(
		`${embedded}${name}.ts`,
		`/** The ${name} kernels: ${bytes.length} bytes of WebAssembly in base64, made by simd/build.ts. */\nexport const bytes =\n\t"${bytes.toString("base64")}";\n`,
	);
	console.log(`${name} kernels: ${bytes.length} bytes`);
}

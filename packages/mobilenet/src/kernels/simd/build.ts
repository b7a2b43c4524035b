/**
 * Builds the WebAssembly kernels: writes the generated AssemblyScript from its templates, compiles one module a
 * build, and embeds each as base64 in a TypeScript file, so that at run time there is no file to find.
 *
 *   node src/kernels/simd/build.ts        (part of `npm run build`)
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { depthwiseSource } from "./depthwise.template.ts";
import { pointwiseSource } from "./pointwise.template.ts";
import { walkerSource } from "./walker.template.ts";

const builds = {
	/** SIMD as every current engine has it: a multiply, then an addition. */
	baseline: { features: "simd", fma: "f32x4.add(f32x4.mul(a, b), c)" },
	/** Relaxed SIMD: the two fused into one instruction where the processor has it. */
	relaxed: { features: "simd,relaxed-simd", fma: "f32x4.relaxed_madd(a, b, c)" },
} as const;

const assembly = fileURLToPath(new URL("./assembly/", import.meta.url));
const embedded = fileURLToPath(new URL("../generated/", import.meta.url));

/** What both builds have in other words. pmin and pmax are one instruction each; in this order they let NaN through. */
const arithmeticSource = (fma: string): string => `
// @ts-ignore: decorator
@inline export function fma(a: v128, b: v128, c: v128): v128 { return ${fma}; }
// @ts-ignore: decorator
@inline export function clamp(x: v128, low: v128, high: v128): v128 { return f32x4.pmin(f32x4.pmax(x, low), high); }
`;

await mkdir(`${assembly}generated`, { recursive: true });
await mkdir(embedded, { recursive: true });
await writeFile(`${assembly}generated/pointwise-tiles.ts`, pointwiseSource());
await writeFile(`${assembly}generated/depthwise-tiles.ts`, depthwiseSource());
await writeFile(`${assembly}generated/walker.ts`, walkerSource());
for (const [name, { features, fma }] of Object.entries(builds)) {
	await writeFile(`${assembly}generated/arithmetic.ts`, arithmeticSource(fma));
	const output = `${assembly}generated/${name}.wasm`;
	const { error, stderr } = await asc.main([
		`${assembly}generated/walker.ts`,
		...["--outFile", output, "-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
		...["--enable", features, "--importMemory", "--initialMemory", "1", "--disableWarning", "201"],
	]);
	if (error) throw new Error(`the ${name} kernels do not compile:\n${stderr.toString()}`, { cause: error });
	const bytes = await readFile(output);
	await writeFile(
		`${embedded}${name}.ts`,
		`/** The ${name} kernels: ${bytes.length} bytes of WebAssembly in base64, made by simd/build.ts. */\nexport const bytes =\n\t"${bytes.toString("base64")}";\n`,
	);
	console.log(`${name} kernels: ${bytes.length} bytes`);
}

/**
 * The wide build touches V8's flags: here, that other people's WebAssembly in the process stays as it was, that flags
 * the user has set are respected, and that where the wide build may not be, the next one runs and says why.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findWide } from "../../dist/kernels/wide.node.js";

const load = fileURLToPath(new URL("../../dist/kernels/load.js", import.meta.url));
/** Functions before the one that is looked at: in the dump of machine code it is known by its number. */
const fillers = 600;
/** Pairs of neighboring vectors: what V8's 256-bit pass would join. */
const source = `
${Array.from({ length: fillers }, (_, i) => `export function filler${i}(x: i32): i32 { return x ^ ${i * 7 + 1}; }`).join("\n")}
export function add(a: usize, b: usize, c: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const x = f32x4.mul(v128.load(a), v128.load(b)), y = f32x4.mul(v128.load(a, 16), v128.load(b, 16));
    v128.store(c, x); v128.store(c, y, 16);
    a += 32; b += 32; c += 32;
  }
}`;

let folder: string;
let foreign: string;
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-wide-"));
	foreign = join(folder, "foreign.wasm");
	const input = join(folder, "foreign.ts");
	writeFileSync(input, source);
	const { error, stderr } = await asc.main([
		...[input, "--outFile", foreign, "-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
		...["--enable", "simd", "--initialMemory", "1"],
	]);
	if (error) throw new Error(stderr.toString());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What scripts have to say while machine code is dumped to their standard output, by other threads too. */
const said = (): string => join(folder, "said.txt");

/** Runs a script in a process of its own and gives what it printed. */
function run(script: string, ...flags: string[]): string {
	const file = join(folder, `script-${flags.length}-${script.length}.mjs`);
	writeFileSync(file, script);
	return execFileSync(process.execPath, [...flags, file], {
		encoding: "utf8",
		maxBuffer: 2 ** 30,
		env: { ...process.env, MOBILENET_SIMD: "" },
	});
}

/**
 * A hot loop over a fresh copy of the foreign module: its sum, after it was compiled for speed, which V8 is asked to do at
 * once: on a busy machine its own threads may take longer than a test can wait.
 */
const hot = (name: string) => `
	const ${name}Bytes = Buffer.concat([bytes, Buffer.from([0, 3, 2, ${name.charCodeAt(0)}, ${name.charCodeAt(1)}])]);
	const ${name} = new WebAssembly.Instance(new WebAssembly.Module(${name}Bytes)).exports;
	{
		const values = new Float32Array(${name}.memory.buffer);
		for (let i = 0; i < 2048; i++) values[i] = i / 7;
		for (let i = 0; i < 20000; i++) ${name}.add(0, 4096, 8192, 128);
		%WasmTierUpFunction(${name}.add);
		${name}.add(0, 4096, 8192, 128);
		say("${name}", values.subarray(2048, 3072).reduce((a, b) => a + b, 0));
	}`;
const begin = () => `
	import { appendFileSync, readFileSync } from "node:fs";
	const say = (...words) => appendFileSync(${JSON.stringify(said())}, words.join(" ") + "\\n");
	const { loadBuild } = await import(${JSON.stringify(load)});
	const bytes = readFileSync(process.argv[1].replace(/script-.*$/, "foreign.wasm"));`;

/** Machine code on standard output, and V8's own functions for scripts. */
const shown = ["--print-wasm-code", "--allow-natives-syntax"];

/** Instructions on 256-bit registers in the dumps of the foreign function. */
function wideInstructions(dump: string): number {
	return dump
		.split("--- WebAssembly code ---")
		.filter((code) => code.includes(`index: ${fillers}\n`))
		.reduce((sum, code) => sum + (code.match(/\bymm\d/g)?.length ?? 0), 0);
}

const wideHere = typeof findWide(false) !== "string";

describe.runIf(wideHere)("loading the wide build", () => {
	it("leaves modules alone that were compiled before and are compiled after", () => {
		const dump = run(
			`${begin()}${hot("before")}
			say("build", (await loadBuild({ build: "wide" })).loaded.build);
			${hot("after")}`,
			...shown,
		);
		const [before, build, after] = readFileSync(said(), "utf8").split("\n");
		expect(build).toBe("build wide");
		expect(before!.replace("before", "after")).toBe(after);
		expect(dump).toContain(`index: ${fillers}\n`);
		expect(wideInstructions(dump)).toBe(0);
		// With the user's own flag the foreign function is wide: the dump shows it.
		const own = run(`${begin()}${hot("before")}`, ...shown, "--experimental-wasm-revectorize");
		expect(wideInstructions(own)).toBeGreaterThan(0);
	}, 120_000);

	it("changes no result of a module that tiers up on another thread at that moment", () => {
		const output = run(
			`${begin()}
			import { Worker } from "node:worker_threads";
			const busy = new Worker(\`
				const { workerData, parentPort } = require("node:worker_threads");
				const sums = new Set();
				for (let copy = 0; copy < 200; copy++) {
					const salted = Buffer.concat([workerData, Buffer.from([0, 3, 2, copy & 127, 1 + (copy >> 7)])]);
					const { add, memory } = new WebAssembly.Instance(new WebAssembly.Module(salted)).exports;
					const values = new Float32Array(memory.buffer);
					for (let i = 0; i < 2048; i++) values[i] = i / 7;
					for (let i = 0; i < 400; i++) {
						add(0, 4096, 8192, 128);
						sums.add(values.subarray(2048, 3072).reduce((a, b) => a + b, 0));
					}
					if (copy === 5) parentPort.postMessage("warm");
				}
				parentPort.postMessage([...sums]);\`, { eval: true, workerData: bytes });
			const messages = [];
			await new Promise((resolve) => busy.once("message", resolve));
			const done = new Promise((resolve) => busy.once("message", resolve));
			for (const shared of [false, true]) console.log((await loadBuild({ build: "wide", shared })).loaded.build);
			console.log("sums", (await done).length);`,
		);
		expect(output).toBe("wide\nwide\nsums 1\n");
	}, 120_000);
});

describe("where flags are the user's", () => {
	const report = () => `${begin()}
		const { loaded, skippedBuilds } = await loadBuild();
		console.log(loaded.build, skippedBuilds[0] ?? "");`;

	it
		.runIf(wideHere)
		.each([
			"--no-liftoff",
			"--no-wasm-lazy-compilation",
			"--no-wasm_inlining",
			"--experimental-wasm-revectorize",
			"--freeze-flags-after-init",
		])("passes the wide build over under %s", (flag) => {
		expect(run(report(), flag)).toMatch(/^(relaxed|baseline) wide: Node was started with the flag /);
	});

	it.runIf(wideHere)("takes the wide build unless told otherwise", () => {
		expect(run(report())).toBe("wide \n");
		expect(run(report().replace("loadBuild()", 'loadBuild({ build: "relaxed" })'))).toBe("relaxed \n");
	});
});

/** The process that measures the peak of its core; prints a line of JSON. */
import { setFlagsFromString } from "node:v8";
import wabt from "wabt";
import { multiplyAdd, operationsOf, read, readBytes } from "./kernels.ts";

export interface Peak {
	/** Fused multiply-adds, in 10⁹ operations per second; a multiply-add counts as two. */
	readonly narrow: number;
	readonly wide: number;
	/** 10⁹ bytes per second, read from memory that is not in a cache. */
	readonly read: number;
}

const rounds = 500_000;
const repetitions = 1000;
/** More than the caches of processors. */
const megabytes = 512;
const passes = 8;

/** V8's 256-bit pass, and its optimizing compiler from the start. */
const wideFlags = [
	"--experimental-wasm-revectorize",
	"--no-liftoff",
	"--no-wasm-lazy-compilation",
	"--no-wasm-inlining",
];

type Run = (first: number, second: number) => void;

const tools = await wabt();
// From here on nothing may compile asynchronously, which never ends with these flags.
for (const flag of wideFlags) setFlagsFromString(flag);
const compile = (text: string): { readonly run: Run; readonly memory: WebAssembly.Memory } => {
	const module = tools.parseWat("kernel.wat", text, { simd: true, relaxed_simd: true });
	const { buffer } = module.toBinary({});
	const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(buffer)));
	return exports as { run: Run; memory: WebAssembly.Memory };
};

/** The time of the fastest run, in seconds. */
function quickest(runs: number, run: () => void): number {
	let best = Number.POSITIVE_INFINITY;
	for (let i = 0; i < runs; i++) {
		const start = performance.now();
		run();
		best = Math.min(best, performance.now() - start);
	}
	return best / 1000;
}

function multiplyAdds(width: 1 | 2): number {
	const { run, memory } = compile(multiplyAdd(width));
	new Float32Array(memory.buffer).set([0.999, 1e-3]);
	return (rounds * operationsOf(width)) / quickest(repetitions, () => run(rounds, 64)) / 1e9;
}

function bandwidth(): number {
	const { run, memory } = compile(read(megabytes * 16));
	const bytes = memory.buffer.byteLength;
	// Pages that were never written to would all be the same physical page.
	new Uint8Array(memory.buffer).fill(1);
	return (Math.floor(bytes / readBytes) * readBytes) / quickest(passes, () => run(0, bytes)) / 1e9;
}

const peak: Peak = { narrow: multiplyAdds(1), wide: multiplyAdds(2), read: bandwidth() };
console.log(JSON.stringify(peak));

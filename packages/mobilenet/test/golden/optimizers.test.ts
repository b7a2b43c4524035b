/** Five steps of every optimizer, with decay and clipping, against PyTorch and TensorFlow's form of RMSprop, on every build. */
import { expect } from "vitest";
import { bumpAllocator } from "../../src/kernels/bump-allocator.ts";
import { encodeStep, type Operands, runWords, stepWords } from "../../src/kernels/operations.ts";
import { type Settings, settingNames } from "../../src/kernels/training-shapes.ts";
import { createWalker, type LoadedBuild } from "../../src/kernels/walker.ts";
import { itOnEveryBuild, loadExactly } from "../support/builds.ts";
import { describeGolden } from "./sets.ts";

interface Case {
	readonly optimizer: "sgd" | "rmsprop" | "adamw";
	readonly weightDecay: number;
	readonly clipGlobalNorm?: number;
	readonly momentum?: number;
	readonly nesterov?: boolean;
	readonly decay?: number;
	readonly beta1?: number;
	readonly beta2?: number;
	readonly epsilon?: number;
}

const slices = 3;

describeGolden({ small: ["optimizers"], large: ["optimisers"] }, ({ tensors, metadata }) => {
	// The large set spells the key otherwise.
	const cases = JSON.parse(metadata.cases!.replaceAll("optimiser", "optimizer")) as Record<string, Case>;
	const rates = JSON.parse(metadata.learningRates!) as number[];
	const decaying = JSON.parse(metadata.weightDecayOn!) as string[];
	const values = (name: string): Float32Array => tensors.get(name)!.data as Float32Array;

	// Those that decay stand first; each begins with a sixteen of its own.
	const all = [...tensors.keys()]
		.filter((name) => name.startsWith("before."))
		.map((name) => name.slice("before.".length));
	const names = [...decaying, ...all.filter((name) => !decaying.includes(name))];
	const starts = new Map<string, number>();
	let length = 0;
	let decayingLength = 0;
	for (const name of names) {
		starts.set(name, length);
		length += Math.ceil(values(`before.${name}`).length / 16) * 16;
		if (decaying.includes(name)) decayingLength = length;
	}

	/** The weights after all steps, and what the gradients have become. */
	function train(loaded: LoadedBuild, options: Case) {
		const memory = bumpAllocator();
		const block = memory.take(runWords * 4);
		const plan = memory.take(3 * stepWords * 4);
		const place = () => memory.take(length * 4);
		const places = { parameters: place(), gradients: place(), first: place(), second: place() };
		const sums = memory.take(slices * 4);
		const settings = memory.take(settingNames.length * 4);
		const walker = createWalker(loaded, memory.size());
		const at = (byte: number, items: number) => new Float32Array(walker.buffer, byte, items);

		const norm = { gradients: places.gradients, sums, length, slices };
		const step = (first: number, last: number, decays: number): number[] => {
			const part = { length: last - first, decays, settings };
			const own = Object.entries(places).map(([name, byte]) => [name, byte + first * 4]);
			const operands = { ...Object.fromEntries(own), ...part } as Operands<"adamw", number>;
			// Stochastic gradient descent has no second moments.
			if (options.optimizer !== "sgd") return encodeStep(options.optimizer, operands);
			const { second: _, ...others } = operands;
			return encodeStep("sgd", others);
		};
		const words = new Int32Array(walker.buffer);
		for (const [i, encoded] of [
			encodeStep("gradientNorm", norm),
			step(0, decayingLength, 1),
			step(decayingLength, length, 0),
		].entries())
			words.set(encoded, plan / 4 + i * stepWords);
		words[block / 4] = 1;

		const fill = (byte: number, prefix: string): void => {
			for (const name of names) at(byte, length).set(values(prefix + name), starts.get(name)!);
		};
		fill(places.parameters, "before.");
		if (options.optimizer === "rmsprop") at(places.second, length).fill(1);
		const walk = (entry: number, last: number): void => walker.run(plan, entry, entry, last, block, 1);
		for (const [k, learningRate] of rates.entries()) {
			fill(places.gradients, `gradient.${k}.`);
			walk(0, 1);
			const globalNorm = Math.sqrt(at(sums, slices).reduce((sum, x) => sum + x, 0));
			const { clipGlobalNorm = Number.POSITIVE_INFINITY } = options;
			// The share of the moments that a float32 holds, not quite that of the options, is what is to be corrected.
			const correction = (beta = 0) => 1 / (1 - Math.fround(beta) ** (k + 1));
			const own: Settings = {
				learningRate,
				weightDecay: options.weightDecay,
				gradientFactor: Math.min(1, clipGlobalNorm / (globalNorm + 1e-6)),
				momentum: options.momentum ?? 0,
				nesterov: options.nesterov ? 1 : 0,
				decay: options.decay ?? 0,
				beta1: options.beta1 ?? 0,
				beta2: options.beta2 ?? 0,
				epsilon: options.epsilon ?? 0,
				firstCorrection: correction(options.beta1),
				secondCorrection: correction(options.beta2),
				averageShare: 0,
			};
			at(settings, settingNames.length).set(settingNames.map((name) => own[name]));
			walk(1, 3);
			expect(at(places.gradients, length).every((x) => x === 0)).toBe(true);
		}
		return at(places.parameters, length);
	}

	for (const [name, options] of Object.entries(cases))
		itOnEveryBuild(async (build) => {
			const after = train(await loadExactly(build, "training"), options);
			for (const tensor of names) {
				const before = values(`before.${tensor}`);
				const expected = values(`after.${name}.${tensor}`);
				const start = starts.get(tensor)!;
				const got = after.subarray(start, start + before.length);
				const norm = (of: (i: number) => number) => Math.hypot(...before.map((_, i) => of(i)));
				const change = norm((i) => expected[i]! - before[i]!);
				expect(change).toBeGreaterThan(0);
				expect(norm((i) => got[i]! - expected[i]!) / change, tensor).toBeLessThan(1e-5);
				// What pads a tensor to whole sixteens is zero and stays it.
				const end = Math.ceil((start + before.length) / 16) * 16;
				expect([...after.subarray(start + before.length, end)].every((x) => x === 0)).toBe(true);
			}
		}, `${name}: `);
});

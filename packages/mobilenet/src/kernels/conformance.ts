/**
 * Runs one operation in a build and in the reference on the same random numbers, and tells how far apart the
 * results are. The self-test at load, the tests and the fuzzing use it.
 */
import { encodeStep, type Operands, type Operation, runWords, stepWords } from "./operations.ts";
import { paddedBias } from "./packing.ts";
import { addressesOf, type Geometry, kernels } from "./table.ts";
import { createWalker, type LoadedBuild } from "./walker.ts";

/** Values in −1…1, the same for the same seed. */
function noise(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 31 - 1;
	};
}

const bounds = [0, 6] as const;
const slope = 0.1;
/** A mean in pixels for each channel, all different. */
const meanOf = (channel: number): number => 100 + 7.5 * channel;

/** The results [pictures, rows, channels] of an operation on random inputs, as a build computes them. */
export function compute<O extends Operation>(
	loaded: LoadedBuild,
	operation: O,
	geometry: Geometry<O>,
	pictures: number,
	seed = 1,
): Float32Array {
	const kernel = kernels[operation];
	const shape = kernel.weightShape?.(geometry);
	const packing = kernel.packing?.[loaded.build === "reference" ? "reference" : "simd"];
	const extents: Readonly<Record<string, number>> = kernel.extents(geometry);
	const addresses = addressesOf(operation);

	let end = 0;
	const take = (bytes: number): number => {
		const start = end;
		end += Math.ceil((bytes + 64) / 64) * 64;
		return start;
	};
	const block = take(runWords * 4);
	const plan = take(stepWords * 4);
	const places: Record<string, number> = {};
	for (const [name, kind] of addresses) {
		const items =
			name === "weights" && shape && packing
				? packing.length(shape)
				: name === "bias" && shape
					? paddedBias.length(shape)
					: extents[name]! * (travels(name) ? pictures : 1);
		places[name] = take(items * (kind === "bytes" ? 1 : 4));
	}
	const { buffer, run } = createWalker(loaded, end);

	const random = noise(seed);
	for (const [name, kind] of addresses) {
		if (name === "output" || name === "band") continue;
		const items = extents[name]! * (travels(name) ? pictures : 1);
		// Weights of pixels are small, as they are when the standard deviation is folded into them.
		const scale = name === "weights" && operation === "stemBytes" ? 1 / 128 : 1;
		const values = Float32Array.from({ length: items }, () => random() * scale);
		if (kind === "bytes") {
			new Uint8Array(buffer, places[name], items).set(values.map((v) => (v + 1) * 127.5));
			continue;
		}
		const floats = new Float32Array(buffer, places[name]);
		if (name === "bounds") floats.set(bounds);
		else if (name === "slope") floats[0] = slope;
		else if (name === "mean") floats.set(values.map((_, i) => meanOf(i % channelsOf(geometry))));
		else if (name === "weights" && shape && packing)
			packing.pack(values, shape, floats.subarray(0, packing.length(shape)));
		else floats.set(values);
	}
	new Int32Array(buffer)[block / 4] = pictures;
	const step = encodeStep(operation, { ...geometry, ...places } as unknown as Operands<O, number, number>);
	new Int32Array(buffer).set(step, plan / 4);
	run(plan, 0, 1, block);

	const { operand, rows, channels, pitch } = kernel.result(geometry);
	const results = new Float32Array(buffer, places[operand]!, rows * pictures * pitch);
	return Float32Array.from(
		{ length: rows * pictures * channels },
		(_, i) => results[Math.floor(i / channels) * pitch + (i % channels)]!,
	);
}

/** Whether an operand holds something of every picture. */
const travels = (operand: string): boolean => ["pixels", "input", "output", "values"].includes(operand);

const channelsOf = (geometry: object): number => (geometry as { inputChannels?: number }).inputChannels ?? 1;

/** The largest difference between two results, relative to the largest value; infinite where one has a NaN of its own. */
export function distance(a: Float32Array, b: Float32Array): number {
	let apart = 0;
	let largest = 1e-30;
	for (const [i, x] of a.entries()) {
		const difference = Math.abs(x - b[i]!);
		if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
		apart = Math.max(apart, difference);
		largest = Math.max(largest, Math.abs(b[i]!));
	}
	return apart / largest;
}

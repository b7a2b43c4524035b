/**
 * Runs one operation in a build and in the reference on the same random numbers, and tells how far apart the
 * results are. The self-test at load, the tests and the fuzzing use it.
 */
import { encodeStep, type Operands, type Operation, runWords, stepWords } from "./operations.ts";
import { packings, type Shape } from "./packing.ts";
import { stack } from "./stack.ts";
import { addressesOf, type Geometry, kernels } from "./table.ts";
import { createWalker, type LoadedBuild, packingOf, type Walker } from "./walker.ts";

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

/**
 * The results [pictures, rows, channels] of an operation on random inputs, as a build computes them.
 *
 * @param walkerOf gives a walker of at least so many bytes, all zero; one of its own if not given
 */
export function compute<O extends Operation>(
	loaded: LoadedBuild,
	operation: O,
	geometry: Geometry<O>,
	pictures: number,
	seed = 1,
	walkerOf: (bytes: number) => Walker = (bytes) => createWalker(loaded, bytes),
): Float32Array {
	const kernel = kernels[operation];
	const parameters = kernel.parameters?.(geometry) ?? {};
	const packing = packings[packingOf(loaded.build)];
	const extents = kernel.extents(geometry) as Readonly<Record<string, number>>;
	const addresses = addressesOf(operation);
	const itemsOf = (name: string): number => extents[name]! * (travels(name) ? pictures : 1);

	const memory = stack();
	const block = memory.take(runWords * 4);
	const plan = memory.take(stepWords * 4);
	const places = Object.fromEntries(
		addresses.map(([name, kind]) => {
			const parameter = parameters[name];
			const items = parameter ? packing[parameter[0]].length(parameter[1]) : itemsOf(name);
			return [name, memory.take(items * (kind === "bytes" ? 1 : 4) + spareBytes)];
		}),
	);
	const { buffer, run } = walkerOf(memory.size());

	const random = noise(seed);
	for (const [name, kind] of addresses) {
		const floats = kind === "floats" ? new Float32Array(buffer, places[name]) : undefined;
		const parameter = parameters[name];
		if (name === "output" || name === "band") continue;
		if (parameter && floats) {
			const [how, shape] = parameter;
			// Weights of pixels are small, as they are when the standard deviation is folded into them.
			const scale = how === "panels" && operation === "stemBytes" ? 1 / 128 : 1;
			const values = new Float32Array(sizeOfShape(shape));
			for (let i = 0; i < values.length; i++) values[i] = random() * scale;
			packing[how].pack(values, shape, floats.subarray(0, packing[how].length(shape)));
		} else if (!floats) {
			const bytes = new Uint8Array(buffer, places[name]);
			for (let i = 0; i < itemsOf(name); i++) bytes[i] = (random() + 1) * 127.5;
		} else if (name === "bounds") floats.set(bounds);
		else if (name === "slope") floats[0] = slope;
		else if (name === "mean")
			for (let i = 0; i < itemsOf(name); i++) floats[i] = meanOf(i % channelsOf(geometry));
		else for (let i = 0; i < itemsOf(name); i++) floats[i] = random();
	}
	new Int32Array(buffer)[block / 4] = pictures;
	const step = encodeStep(operation, { ...geometry, ...places } as unknown as Operands<O, number, number>);
	new Int32Array(buffer).set(step, plan / 4);
	run({ plan, entry: 0, first: 0, last: 1 }, block, 1);

	const { operand, rows, channels, pitch } = kernel.result(geometry);
	const results = new Float32Array(buffer, places[operand]!, rows * pictures * pitch);
	const dense = new Float32Array(rows * pictures * channels);
	for (let r = 0; r < rows * pictures; r++)
		for (let c = 0; c < channels; c++) dense[r * channels + c] = results[r * pitch + c]!;
	return dense;
}

/** Kernels may read a vector past what they need. */
const spareBytes = 64;
const sizeOfShape = (shape: Shape): number => shape[0] * shape[1] * shape[2] * shape[3];

/** Whether an operand holds something of every picture. */
const travels = (operand: string): boolean => ["pixels", "input", "output", "values"].includes(operand);

const channelsOf = (geometry: object): number => (geometry as { inputChannels?: number }).inputChannels ?? 1;

/** The largest difference between two results, relative to the largest value; infinite where one has a NaN of its own. */
export function distance(a: Float32Array, b: Float32Array): number {
	let apart = 0;
	let largest = 1e-30;
	for (let i = 0; i < a.length; i++) {
		const difference = Math.abs(a[i]! - b[i]!);
		if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
		apart = Math.max(apart, difference);
		largest = Math.max(largest, Math.abs(b[i]!));
	}
	return apart / largest;
}

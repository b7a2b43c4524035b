/**
 * The self-test that every build must pass when it is loaded: runs operations in two builds on the same random numbers
 * and measures how far their results are apart. The unit tests use the same functions.
 */
import { shown } from "../base/error.ts";
import { bumpAllocator } from "./bump-allocator.ts";
import { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import type { Geometry, Kernel, KernelTable } from "./kernel.ts";
import {
	addressBytes,
	arrayAt,
	encodeStep,
	type KernelSet,
	type Operands,
	type Operation,
	operationsOf,
	runWords,
	stepWords,
} from "./operations.ts";
import { packedAs, packings, type Shape } from "./packing.ts";
import { addressesOf } from "./table.ts";
import { createWalker, kernelOf, type LoadedBuild, packingOf, type Walker } from "./walker.ts";

/** Seeded random values in −1…1. */
function noise(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 31 - 1;
	};
}

/** Operands that kernels overwrite without reading them. */
const outputs = ["output", "band", "scratch", "transposed"];

/** What item `i` of an operand holds. */
function sampleOf<O extends Operation>(
	{ sample }: Kernel<O>,
	operation: O,
	name: string,
	geometry: Geometry<O>,
	random: () => number,
	set: KernelSet,
): (i: number) => number {
	const own = sample?.(name, geometry, random, set);
	if (own) return own;
	switch (name) {
		case "bounds":
			return (i) => [0, 6][i]!;
		case "activation":
			return (i) => [0.1, 0.8][i]!;
		case "slope":
			return () => 0.1;
		// In units of pixels, and different for each channel.
		case "mean":
			return (i) => 100 + 7.5 * (i % channelsOf(geometry));
		case "pixels":
			return () => Math.floor((random() + 1) * 127.5);
		// Small, as they are once the standard deviation is folded into them.
		case "weights":
			return operation === "stemBytes" ? () => random() / 128 : random;
		default:
			return random;
	}
}

/**
 * Computes an operation on random inputs in a build. Each result is [rows, channels], or weights in the model's layout.
 *
 * @param walkerOf gives a walker with at least the given number of bytes, all zero; by default a new one
 * @param set the kernel set of the build's module, which decides how sums of integers are rounded
 */
export function compute<O extends Operation>(
	loaded: LoadedBuild,
	operation: O,
	geometry: Geometry<O>,
	pictures: number,
	seed = 1,
	walkerOf: (bytes: number) => Walker = (bytes) => createWalker(loaded, bytes),
	set: KernelSet = "integer",
): Float32Array[] {
	const kernel = kernelOf(loaded.kernels, operation);
	const parameters = kernel.parameters?.(geometry) ?? {};
	const packing = packings[packingOf(loaded.build)];
	const extents = kernel.extents(geometry) as Readonly<Record<string, number>>;
	const addresses = addressesOf(operation);
	const itemsOf = (name: string): number => extents[name]! * (isPerPicture(name) ? pictures : 1);

	const memory = bumpAllocator();
	const block = memory.take(runWords * 4);
	const plan = memory.take(stepWords * 4);
	const places = Object.fromEntries(
		addresses.map(([name, kind]) => {
			const parameter = parameters[name];
			const items = parameter ? packing[parameter[0]].length(parameter[1]) : itemsOf(name);
			return [name, memory.take(items * addressBytes[kind] + spareBytes)];
		}),
	);
	const { buffer, run } = walkerOf(memory.size());

	const random = noise(seed);
	for (const [name, kind] of addresses) {
		if (outputs.includes(name) && !kernel.sample?.(name, geometry, random, set)) continue;
		const parameter = parameters[name];
		const sample = sampleOf(kernel, operation, name, geometry, random, set);
		if (parameter) {
			const [how, shape] = parameter;
			const values = arrayAt(kind === "sums" ? "sums" : "floats", new ArrayBuffer(sizeOfShape(shape) * 4), 0);
			for (let i = 0; i < values.length; i++) values[i] = sample(i);
			const place = places[name]!;
			packing[how].pack(values, shape, arrayAt(packedAs[how], buffer, place, packing[how].length(shape)));
		} else {
			const items = arrayAt(kind, buffer, places[name]!);
			const count = itemsOf(name);
			for (let i = 0; i < count; i++) items[i] = sample(i);
		}
	}
	new Int32Array(buffer)[block / 4] = pictures;
	const step = encodeStep(operation, { ...geometry, ...places } as unknown as Operands<O, number>);
	new Int32Array(buffer).set(step, plan / 4);
	run(plan, 0, 0, 1, block, 1);

	return kernel.results(geometry, pictures).map(({ operand, rows, channels, pitch, packing: packed }) => {
		const place = places[operand]!;
		if (packed) {
			const [how, shape] = packed;
			const [length, size] = [packing[how].length(shape), sizeOfShape(shape)];
			const weights = new Float32Array(rows * size);
			for (let r = 0; r < rows; r++)
				packing[how].unpack(
					new Float32Array(buffer, place + r * length * 4, length),
					shape,
					weights.subarray(r * size, (r + 1) * size),
				);
			return weights;
		}
		const items = arrayAt(new Map(addresses).get(operand)!, buffer, place, (rows - 1) * pitch + channels);
		const dense = new Float32Array(rows * channels);
		for (let r = 0; r < rows; r++)
			for (let c = 0; c < channels; c++) dense[r * channels + c] = items[r * pitch + c]!;
		return dense;
	});
}

/** Kernels may read up to a vector past the end of their input. */
const spareBytes = 64;
const sizeOfShape = (shape: Shape): number => shape[0] * shape[1] * shape[2] * shape[3];

/** Whether an operand has a part for every picture. */
const isPerPicture = (operand: string): boolean => perPicture.includes(operand);
const perPicture = [
	"pixels",
	"input",
	"output",
	"values",
	"targets",
	"losses",
	"gradient",
	"inputGradient",
	"partials",
];

const channelsOf = (geometry: object): number => (geometry as { inputChannels?: number }).inputChannels ?? 1;

/** The largest difference between the results of two builds, relative to the largest value of each; infinite if only one has a NaN. */
export function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
	return Math.max(...a.map((result, i) => apart(result, b[i]!)));
}

function apart(a: Float32Array, b: Float32Array): number {
	// Results are usually equal, and this avoids a call for every number.
	let same = 0;
	while (same < a.length && a[same] === b[same]) same++;
	if (same === a.length) return 0;
	let most = 0;
	let largest = 1e-30;
	for (let i = 0; i < a.length; i++) {
		const difference = Math.abs(a[i]! - b[i]!);
		if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
		most = Math.max(most, difference);
		largest = Math.max(largest, Math.abs(b[i]!));
	}
	return most / largest;
}

/**
 * Compares all operations of a kernel set, on small odd shapes, with another build.
 *
 * @param floatTolerance the largest relative difference allowed for float results; integers must be equal
 * @throws Error with the first operation that differs too much, as the end of a sentence
 */
export function selfTest(
	kernelSet: KernelSet,
	loaded: LoadedBuild,
	against: LoadedBuild,
	floatTolerance: number,
): void {
	const [own, other] = [oneWalker(loaded), oneWalker(against)];
	for (const operation of operationsOf[kernelSet]) {
		// These may be inexact on this processor; exactKernels tests them.
		if (operation in int8ByteOperations) continue;
		// Integer results are equal in all builds.
		const tolerance = operation in int8Operations ? 0 : floatTolerance;
		for (const geometry of kernelOf(loaded.kernels, operation).small) {
			const apart = distance(
				compute(loaded, operation, geometry, 1, 1, own, kernelSet),
				compute(against, operation, geometry, 1, 1, other, kernelSet),
			);
			if (!(apart <= tolerance))
				throw new Error(
					`its self-test failed: ${operation} of ${shown(geometry)} is ${apart} off ${against.build === "reference" ? "the reference" : "the same module at 128 bits"}`,
				);
		}
	}
}

/**
 * Removes the kernels on bytes if the module has none, or if the processor's instruction is inexact: relaxed SIMD leaves
 * open whether the second operand's bytes are signed, and whether a sum of two products saturates at 16 bits. A given
 * processor always behaves the same way.
 */
export function exactKernels(
	kernelSet: KernelSet,
	loaded: Exclude<LoadedBuild, { build: "reference" }>,
): KernelTable {
	const { int8BytePointwise, int8ByteSeparable, ...others } = loaded.kernels;
	if (kernelSet !== "integer" || loaded.build === "baseline") return others;
	const reference = { build: "reference", kernels: loaded.kernels } as const;
	const [own, other] = [oneWalker(loaded), oneWalker(reference)];
	const isExact = (["int8BytePointwise", "int8ByteSeparable"] as const).every((operation) =>
		kernelOf(loaded.kernels, operation).small.every((geometry) => {
			const got = compute(loaded, operation, geometry, 1, 1, own);
			return distance(got, compute(reference, operation, geometry, 1, 1, other)) === 0;
		}),
	);
	return isExact ? loaded.kernels : others;
}

/** Creating a memory is expensive, so the whole self-test shares one of this size. */
const testBytes = 2 ** 18;

function oneWalker(loaded: LoadedBuild): (bytes: number) => Walker {
	const walker = createWalker(loaded, testBytes);
	return (bytes) => {
		if (bytes > testBytes) throw new Error(`a shape of the self-test takes ${bytes} bytes`);
		new Uint8Array(walker.buffer, 0, bytes).fill(0);
		return walker;
	};
}

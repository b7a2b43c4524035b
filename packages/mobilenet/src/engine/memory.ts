/**
 * Places a plan and its weights in a memory, and runs ranges of its steps. The memory has its full size from the start,
 * and a run allocates nothing.
 */
import { MobileNetError } from "../base/error.ts";
import { bumpAllocator } from "../kernels/bump-allocator.ts";
import {
	addressBytes,
	arrayAt,
	encodeStep,
	type Operands,
	type Operation,
	runWords,
	stepWords,
} from "../kernels/operations.ts";
import { packedAs, packings } from "../kernels/packing.ts";
import { type Build, createWalker, type LoadedBuild, packingOf } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import type { Address, Layout, Placement, Region } from "./plan.ts";
import { createTeam } from "./team.ts";

/** A plan that is placed in memory. */
export interface PlacedPlan {
	readonly buffer: ArrayBuffer;
	readonly byteOf: (address: Address) => number;
	/** Packs the plan's weights from a model. */
	readonly load: (model: Model) => void;
	/** Runs step `entry`, then those of steps `first` to `last` that follow it, on the first `pictures` pictures. */
	readonly run: (pictures: number, entry: number, first: number, last: number) => void;
	/** A copy of a layer's output for one picture, [size, size, channels]. */
	readonly read: (layer: string, picture: number) => Float32Array;
	/** Number of threads that work now. */
	readonly threads: () => number;
	/** Stops the workers. The plan must not run again. */
	readonly dispose: () => void;
}

/** Places a plan in a new memory and packs the weights of a model. */
export function placeInMemory(plan: Layout, model: Model, loaded: LoadedBuild): PlacedPlan {
	const memory = bumpAllocator();
	const block = memory.take(runWords * 4);
	const list = memory.take(plan.steps.length * stepWords * 4);
	const bases = Object.fromEntries(
		Object.entries(plan.regions).map(([region, bytes]) => [region, memory.take(bytes)]),
	) as Record<Region, number>;
	const walker = createWalker(loaded, memory.size());
	const { buffer } = walker;

	const byteOf = ({ region, offset }: Address): number => bases[region] + offset;
	const words = new Int32Array(buffer);
	for (const [i, { operation, operands }] of plan.steps.entries())
		words.set(bind(operation, operands, byteOf), list / 4 + i * stepWords);
	const weights = new Float32Array(buffer, bases.weights, plan.regions.weights / 4);
	for (const { offset, values } of plan.constants) weights.set(values, offset / 4);
	const load = (from: Model): void => {
		for (const placement of plan.placements)
			packInto(buffer, bases.weights + placement.offset, placement, plan.build, from);
	};
	load(model);

	const team = createTeam(walker, loaded, block, plan.threads);
	return {
		buffer,
		byteOf,
		load,
		run: (pictures, entry, first, last) => {
			words[block / 4] = pictures;
			team.run(list, entry, first, last);
		},
		threads: team.joined,
		dispose: team.dismiss,
		read: (layer, picture) => {
			const { offset, size, channels, pitch, scale } = plan.activations.get(layer)!;
			const rows = size * size;
			const kind = scale === undefined ? "floats" : "words";
			const start = bases.activations + offset + picture * rows * pitch * addressBytes[kind];
			const values = arrayAt(kind, buffer, start, rows * pitch);
			const dense = new Float32Array(rows * channels);
			for (let r = 0; r < rows; r++)
				dense.set(values.subarray(r * pitch, r * pitch + channels), r * channels);
			if (scale !== undefined) for (let i = 0; i < dense.length; i++) dense[i] = dense[i]! * scale;
			return dense;
		},
	};
}

function bind<O extends Operation>(
	operation: O,
	operands: Operands<O, Address>,
	addressOf: (address: Address) => number,
): number[] {
	const bound = Object.entries<number | Address>(operands).map(([name, value]) => [
		name,
		typeof value === "number" ? value : addressOf(value),
	]);
	return encodeStep(operation, Object.fromEntries(bound) as Operands<O, number>);
}

function packInto(
	buffer: ArrayBuffer,
	byte: number,
	{ tensor, shape, packing: kind, inputs }: Placement,
	build: Build,
	model: Model,
): void {
	const packing = packings[packingOf(build)][kind];
	const found = model.tensors.get(tensor);
	const expected = shape[0] * shape[1] * shape[2] * shape[3];
	const type = packedAs[kind] === "sums" ? "I32" : "F32";
	if (found?.dtype !== type || found.data.length !== expected)
		throw new MobileNetError(
			"broken-file",
			`the tensor ${tensor} must have ${expected} numbers of type ${type}, but it ${found ? `is [${found.shape.join(", ")}] of type ${found.dtype}` : "is missing"}.`,
		);
	const values = inputs ? withInputs(found.data, shape, inputs) : found.data;
	packing.pack(values, shape, arrayAt(packedAs[kind], buffer, byte, packing.length(shape)));
}

/** Weights with their input channels in the picture's order and multiplied by their factors. */
function withInputs(
	weights: Float32Array | Int32Array,
	[outputs, channels, height, width]: Placement["shape"],
	{ order, factors }: NonNullable<Placement["inputs"]>,
): Float32Array {
	const taps = height * width;
	const result = new Float32Array(weights.length);
	for (let o = 0; o < outputs; o++)
		for (let c = 0; c < channels; c++)
			for (let t = 0; t < taps; t++)
				result[(o * channels + c) * taps + t] = weights[(o * channels + order[c]!) * taps + t]! * factors[c]!;
	return result;
}

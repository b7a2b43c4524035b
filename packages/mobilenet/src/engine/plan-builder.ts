/**
 * Builds a plan. Steps are added in order, and every buffer of the arena lives from the first step that names it to the
 * last. Offsets are assigned once all steps are known.
 */

import { bumpAllocator, lineBytes } from "../kernels/bump-allocator.ts";
import { addressBytes, type Operands, type Operation } from "../kernels/operations.ts";
import { type PackingKind, packedAs, packings, type Shape } from "../kernels/packing.ts";
import { type Build, packingOf } from "../kernels/walker.ts";
import { layOut } from "./arena.ts";
import type { Activation, Address, Constant, Placement, Plan, Step } from "./plan.ts";

/** The output of a layer: its address, and its pixel pitch in numbers. */
export interface Output {
	readonly address: Address;
	readonly pitch: number;
}

export interface PlanBuilder {
	/** Adds float32 constants. */
	readonly constant: (...values: number[]) => Address;
	/** Adds weights of the model that the executor will get, packed for the build. */
	readonly weights: (
		packing: PackingKind,
		tensor: string,
		shape: Shape,
		inputs?: Placement["inputs"],
	) => Address;
	/** Reserves space in a region that outlives the run; it is zero at first. */
	readonly reserve: (region: "weights" | "exchange", floats: number) => Address;
	/** Packs weights of the model into reserved space. */
	readonly pack: (placement: Placement) => void;
	/** The address so many floats after the beginning of a buffer of the arena. */
	readonly after: (address: Address, floats: number) => Address;
	/** A buffer of the arena that belongs to no layer. */
	readonly scratch: (floats: number) => Address;
	/** A buffer for the output of a layer, kept to the end of the run or only as long as steps need it. */
	readonly output: (
		name: string,
		activation: Omit<Activation, "offset">,
		pictures: number,
		kept: boolean,
	) => Output;
	readonly step: <O extends Operation>(operation: O, layer: string, operands: Operands<O, Address>) => void;
	/** The number of steps so far. */
	readonly steps: () => number;
	/** Assigns offsets, and returns all parts of the plan. */
	readonly finish: () => Pick<Plan, "steps" | "placements" | "constants" | "activations"> & {
		/** The final address for one that the builder returned. */
		readonly placed: (address: Address) => Address;
		/** Bytes of each region. */
		readonly bytes: Readonly<Record<"weights" | "exchange" | "activations", number>>;
	};
}

export function createPlanBuilder(build: Build): PlanBuilder {
	const packing = packings[packingOf(build)];
	const regions = { weights: bumpAllocator(), exchange: bumpAllocator() };
	const { weights } = regions;
	const placements: Placement[] = [];
	const constants: Constant[] = [];
	const steps: Step[] = [];
	const buffers: { bytes: number; from: number; to: number }[] = [];
	const kept = new Map<string, { buffer: number } & Omit<Activation, "offset">>();

	const place = (bytes: number): Address => ({ region: "weights", offset: weights.take(bytes) });
	// Until `finish`, the offset of an address in the arena is the number of its buffer, and what comes after a buffer's
	// beginning is noted here.
	const within = new Map<Address, number>();
	const scratch = (floats: number): Address => {
		buffers.push({ bytes: floats * 4, from: Number.POSITIVE_INFINITY, to: 0 });
		return { region: "activations", offset: buffers.length - 1 };
	};

	return {
		scratch,
		after: (address, floats) => {
			const later = { ...address };
			within.set(later, floats * 4);
			return later;
		},
		reserve: (region, floats) => ({ region, offset: regions[region].take(floats * 4) }),
		pack: (placement) => void placements.push(placement),
		constant: (...values) => {
			const address = place(values.length * 4);
			constants.push({ offset: address.offset, values });
			return address;
		},
		weights: (kind, tensor, shape, inputs) => {
			const address = place(packing[kind].length(shape) * addressBytes[packedAs[kind]]);
			placements.push({
				offset: address.offset,
				tensor,
				shape,
				packing: kind,
				inputs,
			});
			return address;
		},
		output: (name, activation, pictures, isKept) => {
			const items = pictures * activation.size ** 2 * activation.pitch;
			const address = scratch(activation.scale === undefined ? items : Math.ceil(items / 2));
			if (isKept) {
				buffers[address.offset]!.to = Number.POSITIVE_INFINITY;
				kept.set(name, { ...activation, buffer: address.offset });
			}
			return { address, pitch: activation.pitch };
		},
		step: (operation, layer, operands) => {
			for (const value of Object.values<number | Address>(operands)) {
				if (typeof value === "number" || value.region !== "activations") continue;
				const buffer = buffers[value.offset]!;
				buffer.from = Math.min(buffer.from, steps.length);
				buffer.to = Math.max(buffer.to, steps.length);
			}
			steps.push({ operation, layer, operands } as unknown as Step);
		},
		steps: () => steps.length,
		finish: () => {
			const arena = layOut(buffers, lineBytes);
			const placed = (address: Address): Address =>
				address.region === "activations"
					? { ...address, offset: arena.offsets[address.offset]! + (within.get(address) ?? 0) }
					: address;
			return {
				steps: steps.map(
					(step) =>
						({
							...step,
							operands: Object.fromEntries(
								Object.entries<number | Address>(step.operands).map(([name, value]) => [
									name,
									typeof value === "number" ? value : placed(value),
								]),
							),
						}) as unknown as Step,
				),
				placements,
				constants,
				activations: new Map(
					[...kept].map(([name, { buffer, ...activation }]) => [
						name,
						{ ...activation, offset: arena.offsets[buffer]! },
					]),
				),
				placed,
				bytes: { weights: weights.size(), exchange: regions.exchange.size(), activations: arena.size },
			};
		},
	};
}

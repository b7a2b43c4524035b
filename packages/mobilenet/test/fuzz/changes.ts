/**
 * What fuzzing does to a file. A change is data and names all of its randomness, so that what one process tried another
 * can make again, when the first is no more.
 */
import { type Random, random } from "../../src/base/random.ts";
import type { ModelFiles } from "./files.ts";

export type Change =
	/** Only the first bytes are left. */
	| { readonly kind: "cut"; readonly length: number }
	| { readonly kind: "flip"; readonly at: number; readonly bit: number }
	/** These bytes in the place of those that are there. */
	| { readonly kind: "write"; readonly at: number; readonly bytes: readonly number[] }
	/** So many bytes more, of which a seed tells what they are: 0 zeros, others noise. */
	| { readonly kind: "grow"; readonly at: number; readonly length: number; readonly seed: number }
	| { readonly kind: "remove"; readonly at: number; readonly length: number }
	/** All from there on is noise. */
	| { readonly kind: "noise"; readonly at: number; readonly seed: number };

/** A model with one of its files changed. */
export interface Input {
	readonly model: string;
	readonly part: string;
	readonly changes: readonly Change[];
	/** Whether a network that can be read all the same is run, too. Those of cut and appended files always are. */
	readonly run: boolean;
}

/** Numbers on which lengths, counts and offsets break, and what breaks JSON. */
const awkward = [
	...[[0], [1], [0x7f], [0xff], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]],
	...[
		[0xff, 0xff, 0xff, 0x7f],
		[0, 0, 0, 0x80],
		[0xff, 0xff, 0xff, 0xff],
		[0xf0, 0xff, 0xff, 0xff],
	],
	...[
		new Array<number>(8).fill(0xff),
		[0, 0, 0, 0, 1, 0, 0, 0],
		[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
	],
	...["9", "99999", "-1", "1e9", "0", '"', "[[[[", "}"].map((text) =>
		[...text].map((character) => character.charCodeAt(0)),
	),
];

export function changed(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
	return changes.reduce(apply, bytes);
}

function apply(bytes: Uint8Array, change: Change): Uint8Array {
	switch (change.kind) {
		case "cut":
			return bytes.slice(0, change.length);
		case "flip": {
			const copy = bytes.slice();
			copy[change.at]! ^= 1 << change.bit;
			return copy;
		}
		case "write": {
			const copy = bytes.slice();
			copy.set(change.bytes.slice(0, Math.max(0, copy.length - change.at)), Math.min(change.at, copy.length));
			return copy;
		}
		case "grow": {
			const grown = new Uint8Array(bytes.length + change.length);
			grown.set(bytes.subarray(0, change.at));
			if (change.seed > 0) fillWithNoise(grown.subarray(change.at, change.at + change.length), change.seed);
			grown.set(bytes.subarray(change.at), change.at + change.length);
			return grown;
		}
		case "remove": {
			const end = Math.min(bytes.length, change.at + change.length);
			const copy = new Uint8Array(bytes.length - (end - change.at));
			copy.set(bytes.subarray(0, change.at));
			copy.set(bytes.subarray(end), change.at);
			return copy;
		}
		case "noise": {
			const copy = bytes.slice();
			fillWithNoise(copy.subarray(change.at), change.seed);
			return copy;
		}
	}
}

function fillWithNoise(bytes: Uint8Array, seed: number): void {
	const { bits } = random(seed);
	for (let i = 0; i < bytes.length; i++) bytes[i] = bits() >>> 24;
}

/**
 * The inputs of the short form for one model: cut short at 50 places, a bit flipped at 200, other bytes written at 60,
 * grown and shrunk, noise.
 */
export function fewInputs(model: string, files: ModelFiles): readonly Input[] {
	const numbers = random(model.length);
	const places = placesOf(files);
	const main = files.parts.get(files.main)!;
	const others = [...files.parts.keys()].filter((part) => part !== files.main);
	const inputs: Input[] = [];
	const add = (part: string, ...changes: Change[]) =>
		inputs.push({ model, part, changes, run: inputs.length % 25 === 0 });
	const counts = { cut: 50, flip: 200, write: 60 };

	for (let i = 0; i < counts.cut; i++)
		add(files.main, { kind: "cut", length: Math.floor((main.length * i) / 50) });
	for (const length of [1, 4, 7, 8, 12, 60, main.length - 1]) add(files.main, { kind: "cut", length });
	if (others.length > 0)
		for (let i = 0; i < counts.cut; i++) {
			const part = others[i % others.length]!;
			add(part, { kind: "cut", length: below(numbers, files.parts.get(part)!.length) });
		}
	for (let i = 0; i < counts.flip; i++) {
		const { part, at } = places(numbers);
		add(part, { kind: "flip", at, bit: below(numbers, 8) });
	}
	for (let i = 0; i < counts.write; i++) {
		const { part, at } = places(numbers);
		add(part, i % 3 === 0 ? noisyWrite(numbers, at) : { kind: "write", at, bytes: pick(numbers, awkward) });
	}
	for (const part of [files.main, ...others.slice(0, 2)]) {
		const end = files.parts.get(part)!.length;
		for (const [length, seed] of [
			[1, 0],
			[64, 0],
			[1, 5],
			[1000, 6],
			[end, 0],
			[end, 7],
		] as const)
			add(part, { kind: "grow", at: end, length, seed });
		for (const at of [0, 8, end >> 1]) add(part, { kind: "grow", at, length: 4, seed: at + 1 });
		for (const at of [0, 100, end >> 1]) add(part, { kind: "remove", at, length: 4 });
		for (const at of [0, 1, 8, 16, 100, end >> 1]) add(part, { kind: "noise", at, seed: at + 1 });
	}
	return inputs;
}

/** One input of the long form, of up to four changes of any kind. */
export function anyInput(model: string, files: ModelFiles, numbers: Random): Input {
	const { part, at } = placesOf(files)(numbers);
	const bytes = files.parts.get(part)!;
	const changes: Change[] = [];
	let length = bytes.length;
	do {
		const place = changes.length === 0 ? at : structureOf(bytes).at(numbers)!;
		const change = anyChange(numbers, Math.min(place, Math.max(0, length - 1)), length);
		if (length === 0) break;
		changes.push(change);
		length = lengthAfter(length, change);
	} while (changes.length < 4 && numbers.uniform() < 0.3);
	return { model, part, changes, run: numbers.uniform() < 0.04 };
}

function anyChange(numbers: Random, at: number, length: number): Change {
	const seed = 1 + below(numbers, 2 ** 31);
	const kind = numbers.uniform();
	if (kind < 0.35) return { kind: "flip", at, bit: below(numbers, 8) };
	if (kind < 0.6) return { kind: "write", at, bytes: pick(numbers, awkward) };
	if (kind < 0.75) return noisyWrite(numbers, at);
	if (kind < 0.87) return { kind: "cut", length: numbers.uniform() < 0.5 ? at : below(numbers, length) };
	const few = 1 + below(numbers, 100);
	if (kind < 0.92)
		return { kind: "grow", at: pick(numbers, [at, length]), length: few, seed: pick(numbers, [0, seed]) };
	return kind < 0.97 ? { kind: "remove", at, length: few } : { kind: "noise", at, seed };
}

function lengthAfter(length: number, change: Change): number {
	if (change.kind === "cut") return Math.min(length, change.length);
	if (change.kind === "grow") return length + change.length;
	return change.kind === "remove" ? length - Math.min(change.length, length - change.at) : length;
}

function noisyWrite(numbers: Random, at: number): Change {
	return { kind: "write", at, bytes: Array.from({ length: 16 }, () => below(numbers, 256)) };
}

/**
 * Draws places among all of a model's files. Most bytes are weights, in which nothing can go wrong: half of the places
 * are among the others.
 */
function placesOf({ parts, main }: ModelFiles): (numbers: Random) => { part: string; at: number } {
	const names = [...parts.keys()];
	return (numbers) => {
		const part = numbers.uniform() < 0.5 ? main : pick(numbers, names);
		const bytes = parts.get(part)!;
		return {
			part,
			at: numbers.uniform() < 0.5 ? structureOf(bytes).at(numbers)! : below(numbers, bytes.length),
		};
	};
}

const structures = new WeakMap<Uint8Array, readonly number[]>();
const block = 64;

/** Where there are no weights: blocks of many zeros, as tables and offsets have, or of text. */
function structureOf(bytes: Uint8Array): { readonly at: (numbers: Random) => number } {
	let blocks = structures.get(bytes);
	if (!blocks) {
		const found: number[] = [];
		for (let start = 0; start < bytes.length; start += block) {
			const part = bytes.subarray(start, start + block);
			const zeros = part.filter((byte) => byte === 0).length;
			const text = part.filter((byte) => byte >= 32 && byte < 127).length;
			if (zeros * 3 > part.length || text * 4 > part.length * 3) found.push(start);
		}
		blocks = found.length > 0 ? found : [0];
		structures.set(bytes, blocks);
	}
	const found = blocks;
	return {
		at: (numbers) => Math.min(Math.max(0, bytes.length - 1), pick(numbers, found) + below(numbers, block)),
	};
}

function below(numbers: Random, limit: number): number {
	return Math.floor(numbers.uniform() * limit);
}

function pick<T>(numbers: Random, values: readonly T[]): T {
	return values[below(numbers, values.length)]!;
}

/**
 * HDF5 files written in the layout of h5py's default, for tests of what reads them: groups, attributes of texts of a
 * fixed length, datasets of float32 in one piece. Each part is as the "HDF5 File Format Specification Version 3.0"
 * has it; h5py reads these files.
 */
import type { Tensor } from "../../src/weights/tensor.ts";

export interface Group {
	readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
	readonly children?: Readonly<Record<string, Group | Tensor>>;
}

/** A number and the bytes that it takes, a text, or bytes. */
type Piece = readonly [value: number, size: number] | string | Uint8Array;

/** What is nowhere. */
const nowhere = [2 ** 64, 8] as const;
/** Children of a node of a tree: h5py's default allows 32. */
const mostChildren = 32;

export function bytesOf(...pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
	const parts = pieces.map((piece) => {
		if (piece instanceof Uint8Array) return piece;
		if (typeof piece === "string") return new TextEncoder().encode(piece);
		const [value, size] = piece;
		if (value === 2 ** 64) return new Uint8Array(size).fill(0xff);
		return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) & 255);
	});
	const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
}

/**
 * The bytes of a file with this group as its root.
 *
 * @param symbolsPerNode so many children are in a node of symbols; h5py's default allows 8
 */
export function hdf5Of(root: Group, symbolsPerNode = 8): Uint8Array<ArrayBuffer> {
	const parts: Uint8Array[] = [new Uint8Array(96)];
	let length = 96;
	const put = (...pieces: readonly Piece[]): number => {
		const at = length;
		const part = padded(bytesOf(...pieces));
		parts.push(part);
		length += part.length;
		return at;
	};
	const rootHeader = putGroup(put, root, symbolsPerNode);
	const sizes = [
		[0, 2],
		[8, 1],
		[8, 1],
		[0, 1],
		[4, 2],
		[16, 2],
		[0, 4],
	] as const;
	const superblock = bytesOf(
		Uint8Array.of(0x89),
		"HDF\r\n\x1a\n",
		[0, 3],
		...sizes,
		...[[0, 8] as const, nowhere, [length, 8] as const, nowhere],
		...[[0, 8] as const, [rootHeader, 8] as const],
	);
	parts[0]!.set(superblock);
	return bytesOf(...parts);
}

type Put = (...pieces: readonly Piece[]) => number;

function putGroup(put: Put, { attributes = {}, children = {} }: Group, symbolsPerNode: number): number {
	const names = Object.keys(children).sort();
	const headers = names.map((name) => {
		const child = children[name]!;
		return "data" in child ? putDataset(put, child) : putGroup(put, child, symbolsPerNode);
	});
	// The first name of a heap is empty, for the least key of the tree.
	const offsets: number[] = [];
	const heap: Uint8Array[] = [new Uint8Array(8)];
	let heapSize = 8;
	for (const name of names) {
		offsets.push(heapSize);
		heap.push(padded(bytesOf(name, [0, 1])));
		heapSize += heap.at(-1)!.length;
	}
	const data = put(...heap);
	const heapHeader = put("HEAP", [0, 4], [heapSize, 8], [1, 8], [data, 8]);

	/** Of each node of the level below: where it is, and the last name in it. */
	let nodes: { at: number; key: number }[] = [];
	for (let i = 0; i < names.length; i += symbolsPerNode) {
		const symbols = names.slice(i, i + symbolsPerNode);
		const entries = symbols.flatMap((_, k) => [
			...[[offsets[i + k]!, 8] as const, [headers[i + k]!, 8] as const, [0, 24] as const],
		]);
		const free = new Uint8Array(40 * (symbolsPerNode - symbols.length));
		const at = put("SNOD", [1, 1], [0, 1], [symbols.length, 2], ...entries, free);
		nodes.push({ at, key: offsets[i + symbols.length - 1]! });
	}
	for (let level = 0; level === 0 || nodes.length > 1; level++) {
		const above: typeof nodes = [];
		for (let i = 0; i < Math.max(nodes.length, 1); i += mostChildren) {
			const some = nodes.slice(i, i + mostChildren);
			const first = [nodes[i - 1]?.key ?? 0, 8] as const;
			const entries = some.flatMap(({ at, key }) => [[at, 8] as const, [key, 8] as const]);
			const free = new Uint8Array(16 * (mostChildren - some.length));
			const count = [some.length, 2] as const;
			const at = put("TREE", [0, 1], [level, 1], count, nowhere, nowhere, first, ...entries, free);
			above.push({ at, key: some.at(-1)?.key ?? 0 });
		}
		nodes = above;
	}
	const table = message(0x11, [nodes[0]!.at, 8], [heapHeader, 8]);
	return putHeader(put, [
		table,
		...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
	]);
}

function putDataset(put: Put, { shape, data }: Tensor): number {
	const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	const at = put(bytes);
	const float32 = bytesOf([0x11, 1], [0x20, 1], [31, 1], [0, 1], [4, 4], [0, 2], [32, 2], [23, 1], [8, 1]);
	return putHeader(put, [
		message(0x01, dataspace(shape)),
		message(0x03, float32, [0, 1], [23, 1], [127, 4]),
		message(0x08, [3, 1], [1, 1], [at, 8], [bytes.length, 8]),
	]);
}

function putHeader(put: Put, messages: readonly Uint8Array[]): number {
	const all = bytesOf(...messages);
	return put([1, 1], [0, 1], [messages.length, 2], [1, 4], [all.length, 4], [0, 4], all);
}

function message(type: number, ...pieces: readonly Piece[]): Uint8Array {
	const body = padded(bytesOf(...pieces));
	return bytesOf([type, 2], [body.length, 2], [0, 4], body);
}

function attribute(name: string, value: string | readonly string[]): Uint8Array {
	const texts = (typeof value === "string" ? [value] : value).map((text) => bytesOf(text));
	const size = Math.max(1, ...texts.map((text) => text.length));
	const space = dataspace(typeof value === "string" ? [] : [value.length]);
	const data = texts.map((text) => bytesOf(text, new Uint8Array(size - text.length)));
	return message(
		0x0c,
		...[[1, 2] as const, [name.length + 1, 2] as const, [8, 2] as const, [space.length, 2] as const],
		padded(bytesOf(name, [0, 1])),
		// Padded with zeros, in UTF-8.
		...[[0x13, 1] as const, [0x11, 1] as const, [0, 2] as const, [size, 4] as const],
		space,
		...data,
	);
}

function dataspace(shape: readonly number[]): Uint8Array {
	return bytesOf([1, 1], [shape.length, 1], [0, 6], ...shape.map((n) => [n, 8] as const));
}

function padded(bytes: Uint8Array): Uint8Array {
	return bytesOf(bytes, new Uint8Array(-bytes.length & 7));
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, type Group, hdf5Of } from "../../../test/support/hdf5-builder.ts";
import { hdf5Literal } from "../../../test/support/hdf5-literals.ts";
import { processorTime } from "../../../test/support/processor-time.ts";
import { MobileNetError } from "../../base/error.ts";
import { filled, sizeOf } from "../../weights/tensor.ts";
import { find, type Hdf5Object, namesIn, openHdf5, tensor, texts } from "./hdf5.ts";

const open = (bytes: Uint8Array): Hdf5Object => openHdf5(bytes, "model.h5");
const at = (bytes: Uint8Array, path: string) => {
	const object = find(open(bytes), path);
	return object && tensor(object);
};
const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const upTo = (count: number, step = 1): Float32Array =>
	Float32Array.from({ length: count }, (_, i) => i * step);

/** `code: message` of what it is refused with. */
function refusal(read: () => unknown): string {
	try {
		read();
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.h5[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** Reads all that there is; a MobileNetError is let through, and everything else fails the test. */
function everything(bytes: Uint8Array): string | undefined {
	const read = (object: Hdf5Object): void => {
		for (const name of object.attributes?.keys() ?? []) texts(object, name);
		for (const name of namesIn(object)) {
			const child = find(object, name);
			if (!child) continue;
			for (const attribute of ["variable", "names", "absent"]) texts(child, attribute);
			if (child.header.messages.has(0x11)) read(child);
			else
				try {
					tensor(child);
				} catch (error) {
					if (!(error instanceof MobileNetError)) throw error;
				}
		}
	};
	const spent = processorTime();
	try {
		const root = open(bytes);
		for (const name of ["variable", "fixed", "names", "fixed_names", "none", "spaces"]) texts(root, name);
		read(root);
		return undefined;
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return error.message;
	} finally {
		expect(spent()).toBeLessThan(1000);
	}
}

describe("what h5py wrote", () => {
	const plain = hdf5Literal("plain");
	const chunks = hdf5Literal("chunks");

	test("attributes of texts of any kind", () => {
		const root = open(plain);
		expect(texts(root, "variable")).toEqual(["déjà vu"]);
		expect(texts(root, "fixed")).toEqual(["abc"]);
		expect(texts(root, "names")).toEqual(["a", "", "ccc"]);
		expect(texts(root, "fixed_names")).toEqual(["one", "three"]);
		expect(texts(root, "spaces")).toEqual(["ab"]);
		expect(texts(root, "none")).toEqual([]);
		expect(texts(root, "absent")).toBeUndefined();
		expect(refusal(() => texts(root, "number"))).toBe(
			"broken-file: model.h5: its attribute number of / holds integers, 8 bytes each where texts were expected.",
		);
	});

	test("groups; links to other names are left out", () => {
		const root = open(plain);
		expect(namesIn(root).toSorted()).toEqual(["compact", "f32", "g", "never"]);
		expect(namesIn(find(root, "g")!).toSorted()).toEqual(["big", "f16", "f64", "int", "one"]);
		expect(namesIn(find(root, "f32")!)).toEqual([]);
		for (const path of ["soft", "h", "g/h", "f32/g", "", "g/"]) expect(find(root, path)).toBeUndefined();
	});

	test("datasets of floats, wide ones as float32", () => {
		expect(at(plain, "f32")).toEqual({ dtype: "F32", shape: [2, 3], data: upTo(6) });
		expect(at(plain, "compact")).toEqual({ dtype: "F32", shape: [4], data: upTo(4) });
		expect(at(plain, "g/f64")).toEqual({ dtype: "F32", shape: [3], data: floats(0, 0.5, 1) });
		expect(at(plain, "g/f16")).toEqual({ dtype: "F16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) });
		expect(at(plain, "g/one")).toEqual({ dtype: "F32", shape: [], data: floats(7) });
	});

	test("numbers do not share the file's memory", () => {
		const copy = plain.slice();
		const before = at(copy, "f32")!;
		copy.fill(0);
		expect(before.data).toEqual(upTo(6));
	});

	test("what is none, by its path", () => {
		expect(refusal(() => at(plain, "g"))).toBe(
			"broken-file: model.h5: /g is a group where a dataset was expected.",
		);
		expect(refusal(() => at(plain, "g/int"))).toBe(
			"unsupported: model.h5: /g/int holds integers, 4 bytes each where little-endian floats were expected.",
		);
		expect(refusal(() => at(plain, "g/big"))).toMatch(/\/g\/big holds floats of another kind, 4 bytes each/);
		expect(refusal(() => at(plain, "never"))).toMatch(/^broken-file: .*\/never has no numbers in the file/);
	});

	test("chunks, shuffled and deflated, over the edges too", () => {
		const x = { dtype: "F32", shape: [5, 7], data: upTo(35) };
		expect(at(chunks, "plain")).toEqual(x);
		expect(at(chunks, "gzip")).toEqual(x);
		expect(at(chunks, "three")).toEqual({ dtype: "F32", shape: [2, 3, 4], data: upTo(24) });
		expect(refusal(() => at(chunks, "lzf"))).toBe(
			'unsupported: model.h5: the filters message of /lzf names the filter 32000 ("lzf") where deflate and shuffle were expected, each once.',
		);
	});

	test("its newer format is refused with what to do", () => {
		expect(refusal(() => open(hdf5Literal("latest")))).toMatch(
			/^unsupported: model\.h5: it has a superblock of version 3, of HDF5's newer format.*without h5py's libver/,
		);
		expect(refusal(() => open(hdf5Literal("order")))).toMatch(/^unsupported: .*object header of version 2/);
	});

	test("cut short anywhere it is refused, and grown it is the same", () => {
		for (const bytes of [plain, chunks]) {
			for (let length = 0; length < bytes.length; length += 13)
				expect(refusal(() => open(bytes.subarray(0, length)))).toMatch(/^broken-file: .*cut short/);
			expect(refusal(() => open(bytes.subarray(0, -1)))).toBe(
				`broken-file: model.h5: it should have ${bytes.length} bytes, but has ${bytes.length - 1}; it is cut short.`,
			);
			expect(everything(bytesOf(bytes, "more"))).toBe(everything(bytes));
		}
	});

	test("any byte changed: it is read or refused", () => {
		let refused = 0;
		for (const bytes of [plain, chunks])
			for (let i = 0; i < bytes.length; i += 47) {
				const copy = bytes.slice();
				copy[i] = i % 2 ? 0xff : copy[i]! ^ (1 << ((i / 2) % 8));
				if (everything(copy) !== everything(bytes)) refused++;
			}
		expect(refused).toBeGreaterThan(10);
	});
});

describe("groups of any size", () => {
	test("every name is found, however the tree is cut", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 1, max: 9 }), (count, symbols) => {
				const names = Array.from({ length: count }, (_, i) => `n${i}`);
				const children = Object.fromEntries(names.map((name, i) => [name, i % 2 ? {} : filled([1], i)]));
				const root = open(hdf5Of({ children }, symbols));
				expect(namesIn(root).toSorted()).toEqual(names.toSorted());
				for (const [i, name] of names.entries())
					if (i % 100 === 0) expect(tensor(find(root, name)!)).toEqual(filled([1], i));
			}),
			{ numRuns: 8 },
		);
	});

	test("attributes and tensors come back as they were put", () => {
		const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
		const name = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[\0/]/.test(text));
		fc.assert(
			fc.property(name, fc.array(name, { minLength: 1, maxLength: 5 }), shape, (path, values, dimensions) => {
				const data = upTo(sizeOf(dimensions), 0.5);
				const group: Group = {
					attributes: { values, one: path },
					children: { [path]: { dtype: "F32", shape: dimensions, data } },
				};
				const group2 = find(open(hdf5Of({ children: { g: group } })), "g")!;
				expect(texts(group2, "values")).toEqual(values);
				expect(texts(group2, "one")).toEqual([path]);
				expect(tensor(find(group2, path)!)).toEqual({ dtype: "F32", shape: dimensions, data });
			}),
			{ numRuns: 50 },
		);
	});
});

describe("what a file may not do", () => {
	const file = hdf5Of({ attributes: { names: ["a", "b"] }, children: { a: filled([2, 3], 1), b: {} } });
	const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
	/** Where a text or bytes are. */
	const places = (bytes: Uint8Array, wanted: Uint8Array): number[] =>
		Array.from(bytes.keys()).filter((i) => wanted.every((byte, k) => bytes[i + k] === byte));
	const addressOf = (bytes: Uint8Array, letters: string): number => places(bytes, bytesOf(letters)).at(-1)!;

	/** The file with 64-bit numbers written over it. */
	function changed(
		bytes: Uint8Array,
		...writes: readonly (readonly [at: number, value: number])[]
	): Uint8Array {
		const copy = bytes.slice();
		for (const [place, value] of writes) view(copy).setBigUint64(place, BigInt(value), true);
		return copy;
	}

	test("trees that fan out: 60 nodes, each pointing twice to the next", () => {
		const tree = addressOf(file, "TREE");
		const node = 24 + 8 + 2 * 16;
		const levels = 60;
		const bomb = new Uint8Array(file.length + levels * node);
		bomb.set(file);
		const put = (place: number, level: number, next: number): void => {
			const children = bytesOf([0, 8], [next, 8], [0, 8], [next, 8], [0, 8]);
			bomb.set(bytesOf("TREE", [0, 1], [level, 1], [2, 2], [0, 16], children), place);
		};
		put(tree, levels, file.length);
		for (let i = 0; i < levels; i++)
			put(file.length + i * node, levels - 1 - i, file.length + (i + 1) * node);
		view(bomb).setUint16(file.length + (levels - 1) * node + 6, 0, true);
		const spent = processorTime();
		expect(refusal(() => namesIn(open(bomb)))).toMatch(
			/^broken-file: .*its parts overlap or refer to each other in a circle, as a node of a tree of symbols at/,
		);
		expect(spent()).toBeLessThan(1000);
	});

	test("circles of trees and of headers", () => {
		const tree = addressOf(file, "TREE");
		const itself = changed(file, [tree + 32, tree]);
		itself[tree + 5] = 1;
		expect(refusal(() => namesIn(open(itself)))).toMatch(/has type 0 and level 1 where type 0 and level 0/);

		const header = Number(view(file).getBigUint64(64, true));
		const circle = file.slice();
		// The first message, the symbol table of 16 bytes, becomes a continuation that is the header itself.
		view(circle).setUint16(header + 16, 0x10, true);
		view(circle).setUint16(header + 2, 0xffff, true);
		expect(refusal(() => open(changed(circle, [header + 24, header + 16], [header + 32, 24])))).toMatch(
			/^broken-file: .*its parts overlap or refer to each other in a circle/,
		);
	});

	test("a group that contains itself is no harm: its names are found as often as they are asked for", () => {
		const symbols = addressOf(file, "SNOD");
		const root = Number(view(file).getBigUint64(64, true));
		const snake = open(changed(file, [symbols + 8 + 40 + 8, root]));
		expect(tensor(find(snake, "b/b/b/b/a")!)).toEqual(filled([2, 3], 1));
	});

	test("shapes that the bytes do not bear out", () => {
		const shape = places(file, bytesOf([2, 8], [3, 8]))[0]!;
		for (const rows of [0, 1, 3, 2 ** 31, 2 ** 53])
			expect(refusal(() => at(changed(file, [shape, rows]), "a"))).toBe(
				`broken-file: model.h5: /a should take ${rows * 12} bytes by its shape, but takes 24; it is damaged.`,
			);
		const layout = places(file, bytesOf([8, 2], [24, 2], [0, 4], [3, 1], [1, 1]))[0]! + 18;
		expect(refusal(() => at(changed(file, [shape, 2 ** 40], [layout, 12 * 2 ** 40]), "a"))).toMatch(
			/^broken-file: model\.h5: \/a should take 13194139533312 bytes at offset \d+, but the file has/,
		);
	});

	test("attributes that the bytes do not bear out", () => {
		const count = places(file, bytesOf([2, 8], "ab")).at(-1)!;
		for (const length of [9, 2 ** 20, 2 ** 52])
			expect(refusal(() => texts(open(changed(file, [count, length])), "names"))).toMatch(
				/the attribute names of \/ ends at offset \d+ in the middle of what it says it holds/,
			);
	});

	test("chunks that would unpack to far more than the file", () => {
		const chunks = hdf5Literal("chunks");
		// The shape [5, 7] and the chunk [2, 3] of the first dataset.
		const shape = places(chunks, bytesOf([5, 8], [7, 8]))[0]!;
		const chunk = places(chunks, bytesOf([2, 4], [3, 4], [4, 4]))[0]!;
		expect(refusal(() => at(changed(chunks, [shape, 2 ** 31]), "gzip"))).toMatch(
			/^broken-file: .*\/gzip would unpack to \d+ bytes, far more than the file has/,
		);
		const wide = chunks.slice();
		view(wide).setUint32(chunk, 2 ** 31, true);
		expect(refusal(() => at(wide, "gzip"))).toMatch(/would unpack to/);
		view(wide).setUint32(chunk, 0, true);
		expect(refusal(() => at(wide, "gzip"))).toMatch(/would unpack to/);
		// Chunks of other sizes than they say.
		view(wide).setUint32(chunk, 1, true);
		expect(refusal(() => at(wide, "gzip"))).toMatch(/a chunk of \/gzip|of its grid/);
	});

	test("many datasets on the same bytes", () => {
		const many = Array.from({ length: 20 }, (_, i) => [`d${i}`, filled([1000], i)] as const);
		const bytes = hdf5Of({ children: Object.fromEntries(many) });
		const first = places(bytes, bytesOf([4000, 8])).map((place) => place - 8);
		const shared = changed(bytes, ...first.map((place) => [place, 96] as const));
		const root = open(shared);
		for (const [name] of many) expect(tensor(find(root, name)!).data.length).toBe(1000);
		// What is read is counted: three times the file, and no more.
		expect(
			refusal(() => {
				for (let i = 0; i < 100; i++) tensor(find(root, "d0")!);
			}),
		).toMatch(/its parts overlap or refer to each other in a circle, as \/d0 at offset/);
		const compact = find(open(hdf5Literal("plain")), "compact")!;
		expect(
			refusal(() => {
				for (let i = 0; i < 10_000; i++) tensor(compact);
			}),
		).toMatch(/as \/compact at offset/);
	});
});

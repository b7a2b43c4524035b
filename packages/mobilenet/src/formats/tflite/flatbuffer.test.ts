import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import {
	byteVector,
	charge,
	childTable,
	childTables,
	float32,
	float32s,
	hasField,
	int8,
	int32,
	int32s,
	int64s,
	rootTable,
	text,
	uint8,
	uint32,
	uint64,
} from "./flatbuffer.ts";

type Part = readonly [value: number, size: number] | string;

/** Little-endian bytes of numbers, written as [value, bytes], or of text. */
function bytes(...parts: readonly Part[]): Uint8Array {
	return Uint8Array.from(
		parts.flatMap((part) =>
			typeof part === "string"
				? [...part].map((character) => character.charCodeAt(0))
				: Array.from({ length: part[1] }, (_, i) => Math.floor(part[0] / 256 ** i) & 255),
		),
	);
}

const u16 = (value: number) => [value, 2] as const;
const u32 = (value: number) => [value < 0 ? value + 2 ** 32 : value, 4] as const;

/** A flatbuffer whose root table, at offset 28, has these fields (voffsets) and this content after its first four bytes. */
function flatbuffer(fields: readonly number[], ...content: readonly Part[]): Uint8Array {
	const slots = Array.from({ length: 8 }, (_, i) => u16(fields[i] ?? 0));
	return bytes(u32(28), "TEST", u16(20), u16(64), ...slots, u32(20), ...content);
}

const root = (file: Uint8Array) => rootTable(file, "file.bin", "TEST");
const broken = (what: RegExp) =>
	expect.objectContaining({ code: "broken-file", message: expect.stringMatching(what) });

describe("a table", () => {
	const file = flatbuffer(
		[4, 8, 12, 16, 24, 25],
		u32(-42),
		u32(0xfffffffe),
		[0x3fc00000, 4],
		u32(7),
		u32(1),
		u16(0xfe05),
	);

	test("gives its fields by number", () => {
		const table = root(file);
		expect(int32(table, 0)).toBe(-42);
		expect(uint32(table, 1)).toBe(0xfffffffe);
		expect(float32(table, 2)).toBe(1.5);
		expect(uint64(table, 3)).toBe(2 ** 32 + 7);
		expect(uint8(table, 4)).toBe(5);
		expect(int8(table, 5)).toBe(-2);
	});

	test("gives the usual value where a field is left out or newer than the file", () => {
		const table = root(file);
		expect(int32(table, 6)).toBe(0);
		expect(int32(table, 6, 3)).toBe(3);
		expect(int32(table, 100, 1)).toBe(1);
		expect(childTable(table, 6)).toBeUndefined();
		expect(childTables(table, 6)).toEqual([]);
		expect(int32s(table, 6)).toEqual([]);
		expect(byteVector(table, 6).length).toBe(0);
		expect(text(table, 6)).toBeUndefined();
		expect(hasField(table, 0)).toBe(true);
		expect(hasField(table, 6)).toBe(false);
	});

	test("whose field lies beyond the end is refused", () => {
		const table = root(flatbuffer([16], u32(0)));
		expect(() => int32(table, 0)).toThrow(
			broken(/^file\.bin: a field of a table should take 4 bytes at offset 44/),
		);
	});

	test("whose vtable lies outside the file is refused", () => {
		for (const distance of [100, -1000, 0x7fffffff, -0x80000000, 29, -5])
			expect(() => root(bytes(u32(28), "TEST", [0, 20], u32(distance), u32(0)))).toThrow(broken(/vtable/));
	});

	test("whose vtable is longer than the file is refused", () => {
		expect(() => root(bytes(u32(12), "TEST", u16(200), u16(4), u32(4)))).toThrow(
			broken(/should take 200 bytes at offset 8/),
		);
	});
});

describe("vectors and texts", () => {
	test("give their entries", () => {
		// Four offsets at 32, 36, 40, 44, each counted from its own place; the vectors follow at 48.
		const file = flatbuffer(
			[4, 8, 12, 16],
			...[u32(16), u32(24), u32(36), u32(52)],
			...[u32(2), u32(3), u32(-4)],
			...[u32(1), [0xbf000000, 4] as const, u32(0), u32(0)],
			...[u32(1), u32(-5), u32(-1), u32(0), u32(0)],
			...[u32(5), "naïve".normalize(), "\0"],
		);
		const table = root(file);
		expect(int32s(table, 0)).toEqual([3, -4]);
		expect(float32s(table, 1)).toEqual([-0.5]);
		expect(int64s(table, 2)).toEqual([-5]);
		expect([...byteVector(table, 3)]).toEqual([...bytes("naïve")]);
	});

	test("of text are UTF-8", () => {
		expect(text(root(flatbuffer([4], u32(4), u32(6), "na\xc3\xafve\0")), 0)).toBe("naïve");
	});

	test("of tables give tables", () => {
		// The vector at 36 points twice to the root itself, the second time from 44.
		const file = flatbuffer([4, 8], u32(8), u32(99), u32(2), u32(-12), u32(-16));
		expect(() => childTables(root(file), 0)).toThrow(broken(/a table should take 4 bytes/));
		const forward = flatbuffer([4, 8], u32(8), u32(99), u32(2), u32(8), u32(4), u32(32), u32(5));
		const tables = childTables(root(forward), 0);
		expect(tables.map((table) => table.offset)).toEqual([52, 52]);
	});

	test("longer than the file are refused before anything is allocated", () => {
		for (const length of [4, 0xffffffff, 0x80000000]) {
			const table = root(flatbuffer([4], u32(4), u32(length), u32(0)));
			expect(() => int32s(table, 0)).toThrow(
				broken(new RegExp(`a vector of ${length} should take ${length * 4} bytes at offset 40`)),
			);
			expect(() => childTables(table, 0)).toThrow(broken(/a vector of/));
			expect(() => int64s(table, 0)).toThrow(broken(/a vector of/));
		}
		expect(() => text(root(flatbuffer([4], u32(4), u32(9), "short")), 0)).toThrow(broken(/a vector of 9/));
		expect(() => int32s(root(flatbuffer([4], u32(1000))), 0)).toThrow(broken(/the length of a vector/));
	});

	test("that are read over and over are refused", () => {
		const table = root(flatbuffer([4], u32(4), u32(1000), [0, 4000]));
		expect(int32s(table, 0).length).toBe(1000);
		expect(() => {
			for (let i = 0; i < 100; i++) int32s(table, 0);
		}).toThrow(broken(/far more memory than its 4040 bytes/));
		expect(() => charge(root(flatbuffer([])).flatbuffer, Number.NaN)).toThrow(MobileNetError);
	});
});

describe("the beginning", () => {
	test("must be there", () => {
		for (const length of [0, 1, 7])
			expect(() => root(new Uint8Array(length))).toThrow(broken(/the beginning/));
		expect(() => root(bytes(u32(8), "TEST"))).toThrow(broken(/a table should take 4 bytes at offset 8/));
		expect(() => root(bytes(u32(0xffffffff), "TEST"))).toThrow(broken(/at offset 4294967295/));
	});

	test("must have the identifier", () => {
		expect(() => root(bytes(u32(8), "TFL2", u32(0)))).toThrow(
			broken(/^file\.bin: the characters TEST should stand at offset 4, but there is "TFL2"/),
		);
		expect(() => root(bytes(u32(8), "\n\0\xff\t", u32(0)))).toThrow(broken(/^.*$/));
	});
});

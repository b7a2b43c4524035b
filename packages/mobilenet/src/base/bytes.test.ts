import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spend } from "./budget.ts";
import {
	readBytes,
	readerAt,
	readFloat64,
	readInt32,
	readInt64,
	readUint8,
	readUint16,
	readUint32,
	readUint64,
	skip,
} from "./byte-reader.ts";
import { byteWriter, reserve, writeBytes, writeUint8, writeUint64, written } from "./byte-writer.ts";
import { binaryFile, checkRange } from "./bytes.ts";

const file = (...bytes: number[]) => binaryFile(Uint8Array.from(bytes), "file.bin");
const whole = (...bytes: number[]) => readerAt(file(...bytes), 0, bytes.length, "the header");
const broken = (message: string) => expect.objectContaining({ code: "broken-file", message });

describe("a reader", () => {
	test("reads numbers of either order", () => {
		const bytes = [1, 2, 3, 4, 5, 6, 7, 0x88];
		expect(readUint16(whole(...bytes))).toBe(0x0201);
		expect(readUint16(whole(...bytes), "big")).toBe(0x0102);
		expect(readUint32(whole(...bytes))).toBe(0x04030201);
		expect(readUint32(whole(...bytes), "big")).toBe(0x01020304);
		expect(readInt32(whole(0xfe, 0xff, 0xff, 0xff))).toBe(-2);
		expect(readUint64(whole(1, 0, 0, 0, 2, 0, 0, 0))).toBe(2 ** 33 + 1);
		expect(readUint64(whole(0, 0, 0, 2, 0, 0, 0, 1), "big")).toBe(2 ** 33 + 1);
		expect(readInt64(whole(0xfe, 255, 255, 255, 255, 255, 255, 255))).toBe(-2);
		expect(readInt64(whole(255, 255, 255, 255, 255, 255, 255, 0xfe), "big")).toBe(-2);
		// IEEE 754: 1.5 is 3FF8 0000 0000 0000.
		expect(readFloat64(whole(0, 0, 0, 0, 0, 0, 0xf8, 0x3f))).toBe(1.5);
		expect(readFloat64(whole(0x3f, 0xf8, 0, 0, 0, 0, 0, 0), "big")).toBe(1.5);
	});

	test("goes from front to back", () => {
		const reader = readerAt(file(9, 1, 2, 3, 4, 5, 9), 1, 5, "the header");
		expect([readUint8(reader), skip(reader, 1), readUint16(reader), reader.offset]).toEqual([
			...[1, 2, 0x0403, 5],
		]);
		expect([...readBytes(reader, 1)]).toEqual([5]);
	});

	test("never goes past its end, though the file goes on", () => {
		const reader = readerAt(file(1, 2, 3, 4, 5, 6), 1, 3, "the header");
		readUint8(reader);
		expect(() => readUint32(reader)).toThrow(
			broken(
				"file.bin: the header ends at offset 4 in the middle of what it says it holds (4 bytes at offset 2); it is damaged.",
			),
		);
		for (const length of [3, -1, Number.NaN, 2 ** 53])
			expect(() => readBytes(reader, length)).toThrow(/the header ends at offset 4/);
		// A read that failed has not moved.
		expect(readUint16(reader)).toBe(0x0403);
	});

	test("is not made where the file has not so many bytes", () => {
		expect(() => readerAt(file(1, 2, 3), 2, 2, "the header")).toThrow(
			broken(
				"file.bin: the header should take 2 bytes at offset 2, but the file has 3 bytes; it is cut short or damaged.",
			),
		);
		for (const [offset, length] of [
			[-1, 1],
			[0, -1],
			[Number.NaN, 1],
			[4, 0],
		] as const)
			expect(() => checkRange(file(1, 2, 3), offset, length, "it")).toThrow(/cut short or damaged/);
	});

	test("of a view reads that view", () => {
		const bytes = Uint8Array.of(9, 9, 1, 0, 9).subarray(2, 4);
		expect(readUint16(readerAt(binaryFile(bytes, "f"), 0, 2, "it"))).toBe(1);
	});
});

describe("a writer", () => {
	test("holds what was written, however it grew", () => {
		fc.assert(
			fc.property(
				fc.array(fc.uint8Array({ maxLength: 50 })),
				fc.integer({ min: 0, max: 9 }),
				(parts, room) => {
					const writer = byteWriter(room);
					for (const part of parts) writeBytes(writer, part);
					expect([...written(writer)]).toEqual(parts.flatMap((part) => [...part]));
				},
			),
		);
	});

	test("takes a length once it is known", () => {
		const writer = byteWriter(1);
		const length = reserve(writer, 4);
		writeUint8(writer, 7);
		writeUint64(writer, 2 ** 33 + 1);
		writer.view.setUint32(length, writer.length - 4, true);
		expect([...written(writer)]).toEqual([9, 0, 0, 0, 7, 1, 0, 0, 0, 2, 0, 0, 0]);
	});
});

test("a budget is spent once, and no size that is none is in it", () => {
	const budget = { left: 10 };
	expect([spend(budget, 10), spend(budget, 0), spend(budget, 1), spend(budget, 0)]).toEqual([
		...[true, true, false, false],
	]);
	expect(spend({ left: 10 }, Number.NaN)).toBe(false);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteReader, readerAt, readFloat32, readFloat64 } from "../base/byte-reader.ts";
import { binaryFile } from "../base/bytes.ts";
import { MobileNetError } from "../base/error.ts";
import { fieldsOf, type MessageWriter, message, packedVarints, text } from "./protobuf.ts";

const open = (bytes: Uint8Array | readonly number[]): ByteReader => {
	const all = Uint8Array.from(bytes);
	return readerAt(binaryFile(all, "model.onnx"), 0, all.length, "the model");
};
/** Fields with numbers as they are and bytes as lists. */
const fields = (bytes: Uint8Array | readonly number[]) =>
	[...fieldsOf(open(bytes))].map(({ number, value }) => [
		number,
		typeof value === "number" ? value : [...value.file.bytes.subarray(value.offset, value.end)],
	]);
const one = (bytes: readonly number[]) => [...fieldsOf(open(bytes))][0]!.value as ByteReader;

describe("messages of the format's own documentation", () => {
	// protobuf.dev/programming-guides/encoding: Test1 { a: 150 }, Test2 { b: "testing" }, Test3 { c: { a: 150 } },
	// and the packed Test5 { f: [3, 270, 86942] }.
	const test1 = [0x08, 0x96, 0x01];
	const test2 = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
	const test3 = [0x1a, 0x03, 0x08, 0x96, 0x01];
	const packed = [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05];
	// int32 −2 is as many bytes as a number can have.
	const minusTwo = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

	test("are read", () => {
		expect(fields(test1)).toEqual([[1, 150]]);
		expect(text(one(test2))).toBe("testing");
		expect([...fieldsOf(one(test3))]).toEqual([{ number: 1, value: 150 }]);
		expect([...packedVarints(one(packed))]).toEqual([3, 270, 86942]);
		expect(fields(minusTwo)).toEqual([[1, -2]]);
		expect(fields([...test1, ...minusTwo, ...test1])).toEqual([
			[1, 150],
			[1, -2],
			[1, 150],
		]);
		expect(fields([])).toEqual([]);
	});

	test("are written", () => {
		expect([...message(({ integer }) => integer(1, 150))]).toEqual(test1);
		expect([...message((inner) => inner.text(2, "testing"))]).toEqual(test2);
		expect([...message((inner) => inner.message(3, ({ integer }) => integer(1, 150)))]).toEqual(test3);
		expect([...message((inner) => inner.packed(6, [3, 270, 86942]))]).toEqual(packed);
		expect([...message(({ integer }) => integer(1, -2))]).toEqual(minusTwo);
	});

	test("of numbers of a fixed length", () => {
		// IEEE 754: 1.5 is 3FC0 0000, and 3FF8 0000 0000 0000.
		const float = [0x15, 0, 0, 0xc0, 0x3f];
		expect([...message((inner) => inner.float32(2, 1.5))]).toEqual(float);
		expect(readFloat32(one(float))).toBe(1.5);
		expect(readFloat64(one([0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]))).toBe(1.5);
	});
});

describe("what is written", () => {
	const whole = fc.oneof(
		fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
		fc.integer({ min: -300, max: 300 }),
		fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 49 - 1, 2 ** 49, -(2 ** 49)),
	);
	const number = fc.integer({ min: 1, max: 2 ** 29 - 1 });

	test("is read as it was, by any numbers of fields", () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(number, whole)), fc.array(whole), fc.string(), (integers, list, name) => {
				const bytes = message((inner) => {
					for (const [field, value] of integers) inner.integer(field, value);
					inner.packed(9, list);
					inner.text(10, name);
				});
				const all = [...fieldsOf(open(bytes))];
				expect(all.slice(0, -2)).toEqual(integers.map(([number, value]) => ({ number, value })));
				expect([...packedVarints(all.at(-2)!.value as ByteReader)]).toEqual(list);
				expect(text(all.at(-1)!.value as ByteReader)).toBe(Buffer.from(name).toString());
			}),
		);
	});

	test("has its length before it, whatever that takes, at every depth", () => {
		for (const length of [0, 1, 100, 127, 128, 129, 16_383, 16_384, 100_000]) {
			const nest = (depth: number, inner: MessageWriter): void =>
				depth === 0
					? inner.bytes(1, new Uint8Array(length).fill(7))
					: inner.message(1, (own) => nest(depth - 1, own));
			let value = open(message((inner) => nest(5, inner), 1));
			for (let depth = 0; depth < 6; depth++) {
				const all = [...fieldsOf(value)];
				expect(all).toHaveLength(1);
				value = all[0]!.value as ByteReader;
			}
			expect(value.end - value.offset).toBe(length);
			expect(value.file.bytes.subarray(value.offset, value.end).every((byte) => byte === 7)).toBe(true);
		}
	});
});

describe("what is no message is refused", () => {
	const refusal = (bytes: readonly number[]): string => {
		try {
			for (const { value } of fieldsOf(open(bytes))) if (typeof value !== "number") [...packedVarints(value)];
		} catch (error) {
			expect(error).toBeInstanceOf(MobileNetError);
			expect((error as MobileNetError).code).toBe("broken-file");
			return (error as MobileNetError).message;
		}
		throw new Error("it was read");
	};

	test("a message that ends within a field, or a field beyond it", () => {
		for (const bytes of [
			[0x08],
			[0x08, 0x96],
			[0x12, 0x03, 1, 2],
			[0x0d, 1, 2, 3],
			[0x09, 1, 2, 3, 4, 5, 6, 7],
		])
			expect(refusal(bytes)).toMatch(
				/^model\.onnx: the model ends at offset \d+ in the middle of what it says/,
			);
		// A length of 2⁶² and one of −1.
		expect(refusal([0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1])).toMatch(
			/ends at offset/,
		);
		expect(refusal([0x12, ...new Array<number>(9).fill(0xff), 0x01, 1])).toMatch(/ends at offset/);
	});

	test("numbers without an end, fields of no number, wire types that are none", () => {
		expect(refusal([0x08, ...new Array<number>(10).fill(0x80), 0])).toBe(
			"model.onnx: the model has a number of more than 64 bits at offset 1, which no message of Protocol Buffers has; it is damaged or of another format.",
		);
		expect(refusal([0x08, ...new Array<number>(9).fill(0xff), 0x02])).toMatch(/more than 64 bits/);
		expect(refusal([0x00, 0])).toMatch(/has the field 0 at offset 0/);
		expect(refusal([0xf8, 0xff, 0xff, 0xff, 0x1f, 0])).toMatch(/has the field 1073741823/);
		for (const type of [3, 4, 6, 7]) expect(refusal([8 + type, 0])).toContain(`of the wire type ${type} at`);
	});

	test("and noise never does anything else", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				try {
					for (const { value } of fieldsOf(open(bytes))) if (typeof value !== "number") [...fieldsOf(value)];
				} catch (error) {
					expect(error).toBeInstanceOf(MobileNetError);
				}
			}),
		);
	});
});

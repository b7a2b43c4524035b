import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { processorTime } from "../../../test/support/processor-time.ts";
import { pickled } from "../../../test/support/torch-builder.ts";
import { readerAt } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { MobileNetError } from "../../base/error.ts";
import { readPickle } from "./pickle.ts";
import type { PickleValue } from "./pickle-machine.ts";

const bytesOf = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
	Uint8Array.from(
		parts.flatMap((part) =>
			typeof part === "string" ? [...part].map((character) => character.charCodeAt(0)) : [...part],
		),
	);

function valueIn(bytes: Uint8Array): PickleValue {
	return readPickle(readerAt(binaryFile(bytes, "model.pth"), 0, bytes.length, "its pickle"), bytes.length)
		.value;
}

const read = (...parts: readonly (string | readonly number[])[]) => valueIn(bytesOf(...parts));

function refusal(bytes: Uint8Array): string {
	const spent = processorTime();
	try {
		valueIn(bytes);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.pth: \P{Cc}*\.$/u);
		expect(spent()).toBeLessThan(1000);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

describe("a pickle gives", () => {
	test("numbers, constants, texts, bytes", () => {
		expect(read("N.")).toBeNull();
		expect(read([0x88], ".")).toBe(true);
		expect(read([0x89], ".")).toBe(false);
		expect(read("K", [200], ".")).toBe(200);
		expect(read("M", [0xe9, 3], ".")).toBe(1001);
		expect(read("J", [0xfe, 0xff, 0xff, 0xff], ".")).toBe(-2);
		expect(read("G", [0x3f, 0xe0, 0, 0, 0, 0, 0, 0], ".")).toBe(0.5);
		expect(read([0x8a, 0], ".")).toBe(0);
		expect(read([0x8a, 1, 0xff], ".")).toBe(-1);
		expect(read([0x8a, 2, 0xff, 0], ".")).toBe(255);
		// torch.save's magic number; no longer one is exact.
		const magic = read([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19], ".") as number;
		expect(magic / Number(0x1950a86a20f9469cfc6cn)).toBeCloseTo(1, 12);
		expect(read([0x8b, 1, 0, 0, 0, 7], ".")).toBe(7);
		expect(read("X", [3, 0, 0, 0], "a\xc3\xa9", ".")).toBe("aé");
		expect(read([0x8c, 2], "hi.")).toBe("hi");
		expect(read([0x8d, 2, 0, 0, 0, 0, 0, 0, 0], "hi.")).toBe("hi");
		expect(read("U", [2], "hi.")).toBe("hi");
		expect(read("T", [2, 0, 0, 0], "hi.")).toBe("hi");
		expect(read("C", [2, 1, 2], ".")).toEqual(Uint8Array.of(1, 2));
		expect(read("B", [1, 0, 0, 0, 9], ".")).toEqual(Uint8Array.of(9));
	});

	test("lists, tuples, sets and dictionaries", () => {
		expect(read("].")).toEqual([]);
		expect(read("(K", [1], "K", [2], "t.")).toEqual([1, 2]);
		expect(read("(K", [1], "l.")).toEqual([1]);
		expect(read("K", [1], "K", [2], "K", [3], [0x87], ".")).toEqual([1, 2, 3]);
		expect(read("K", [1], [0x85], ".")).toEqual([1]);
		expect(read("]K", [1], "a(K", [2], "K", [3], "e.")).toEqual([1, 2, 3]);
		expect(read([0x8f], "(K", [1], [0x90], ".")).toEqual([1]);
		expect(read("(K", [1], [0x91], ".")).toEqual([1]);
		expect(read("}K", [1], "Ns(K", [2], "NK", [3], [0x88], "u.")).toEqual(
			new Map<PickleValue, PickleValue>([
				[1, null],
				[2, null],
				[3, true],
			]),
		);
		expect(read("(K", [1], "Nd.")).toEqual(new Map([[1, null]]));
	});

	test("what it kept before, by number", () => {
		expect(read("]q", [5], "K", [1], "a0h", [5], ".")).toEqual([1]);
		expect(read("]r", [0, 1, 0, 0], "0j", [0, 1, 0, 0], ".")).toEqual([]);
		expect(read([0x80, 4, 0x95, 5, 0, 0, 0, 0, 0, 0, 0], "]", [0x94], "0h", [0], ".")).toEqual([]);
		expect(read("K", [1], "2", [0x86], ".")).toEqual([1, 1]);
		expect(read("K", [1], "(K", [2], "1.")).toBe(1);
	});

	test("the names of classes and functions, and what they would be called with", () => {
		expect(read("ctorch\nFloatStorage\n.")).toEqual({ kind: "global", name: "torch.FloatStorage" });
		expect(read([0x8c, 1], "a", [0x8c, 1], "b", [0x93], ".")).toEqual({ kind: "global", name: "a.b" });
		const call = { kind: "call", of: "os.system", arguments: ["rm"], state: null };
		expect(read("cos\nsystem\n", [0x8c, 2], "rm", [0x85], "R.")).toEqual(call);
		expect(read("cos\nsystem\n", [0x8c, 2], "rm", [0x85, 0x81], ".")).toEqual(call);
		expect(read("cos\nsystem\n", [0x8c, 2], "rm", [0x85], "}", [0x92], ".")).toEqual(call);
		expect(read("ca\nB\n)", [0x81], "}b.")).toMatchObject({ of: "a.B", state: new Map() });
		expect(read("K", [7], "Q.")).toMatchObject({ of: "persistent id", arguments: [7] });
	});

	test("ordered dictionaries as dictionaries, with what they are made and filled with", () => {
		const ordered = "ccollections\nOrderedDict\n";
		expect(read(ordered, ")RK", [1], "Ns.")).toEqual(new Map([[1, null]]));
		expect(read(ordered, "](]K", [1], "aNae", [0x85], "R.")).toEqual(new Map([[1, null]]));
		// What PyTorch keeps beside a state dict is no entry of it.
		expect(read(ordered, ")R}", [0x8c, 1], "a", "Nsb.")).toEqual(new Map());
	});

	test("whatever was pickled", () => {
		const value = fc.letrec((tie) => ({
			value: fc.oneof(
				fc.constant(null),
				fc.boolean(),
				fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
				fc.double({ noNaN: true }).filter((x) => !Object.is(x, -0)),
				fc.string({ unit: "grapheme" }),
				fc.array(tie("value"), { maxLength: 4 }),
			),
		})).value as fc.Arbitrary<null>;
		fc.assert(
			fc.property(value, (given) => {
				expect(valueIn(pickled(given))).toEqual(given);
			}),
		);
	});
});

describe("a pickle is refused in one sentence that", () => {
	test("ends too soon, wherever", () => {
		const whole = pickled(new Map([["a", [1, 2.5, { global: "a.b" }]]]));
		for (let length = 0; length < whole.length; length++)
			expect(refusal(whole.slice(0, length))).toMatch(/^broken-file: /);
	});

	test("says lengths of gigabytes", () => {
		const long = [0xff, 0xff, 0xff, 0x7f];
		for (const opcode of ["X", "T", "B", "\x8b"])
			expect(refusal(bytesOf(opcode, long, "abc."))).toMatch(/^broken-file: /);
		for (const opcode of ["\x8d", "\x8e", "\x96"])
			expect(refusal(bytesOf(opcode, long, long, "abc."))).toMatch(/^broken-file: /);
	});

	test("has opcodes that write no data", () => {
		// Extension codes, text of protocol 0, persistent ids as text, buffers out of band.
		for (const opcode of ["\x82\x01", "I1\n", "S'a'\n", "P1\n", "i", "o", "\x97", "\xff"])
			expect(refusal(bytesOf(opcode, "."))).toMatch(
				/^unsupported: model\.pth: its pickle has the opcode 0x[0-9a-f]{2} at offset 0, which PyTorch does not write; .*torch\.save\(model\.state_dict\(\), …\)\.$/,
			);
	});

	test("takes what is not there", () => {
		for (const text of [".", "0.", "a.", "(0.", "R.", "b.", "u.", "t.", "h\x01.", "s.", "K\x012\x87."])
			expect(refusal(bytesOf(text))).toMatch(/^broken-file: /);
		expect(refusal(bytesOf("}(NNNu."))).toContain("a dictionary with a key and no value");
		expect(refusal(bytesOf("NN", [0x93], "."))).toContain("names a class by something that is no text");
		expect(refusal(bytesOf("c", "a".repeat(2000)))).toContain("whose name does not end within 1000 bytes");
	});

	test("would fill the memory", () => {
		const megabyte = 1_000_000;
		expect(refusal(bytesOf("(".repeat(megabyte)))).toContain("half read");
		expect(refusal(bytesOf("N".repeat(megabyte)))).toContain("half read");
		const tooMuch = "far more memory than the length of the file accounts for";
		expect(refusal(bytesOf("]0".repeat(megabyte)))).toContain(tooMuch);
		expect(refusal(bytesOf("N", "\x94".repeat(megabyte), "."))).toContain(tooMuch);
		expect(refusal(bytesOf("]", "Na".repeat(megabyte), "."))).toContain(tooMuch);
		const keys = Array.from({ length: 200_000 }, (_, i) => `M${String.fromCharCode(i & 255, i >> 8)}Ns`);
		expect(refusal(bytesOf("}", keys.join(""), "."))).toContain(tooMuch);
	});

	test("but lists that hold themselves, and each other over and over, are read as what they are", () => {
		const own = read("]q", [0], "h", [0], "a.") as PickleValue[];
		expect(own[0]).toBe(own);
		// Fifty times two of the one before: 2⁵⁰ entries if somebody went through them all.
		const doubled = read(
			"]q",
			[0],
			..."x"
				.repeat(50)
				.split("")
				.flatMap(() => ["h", [0], "h", [0], [0x86], "q", [0]]),
			".",
		);
		expect(doubled).toHaveLength(2);
	});
});

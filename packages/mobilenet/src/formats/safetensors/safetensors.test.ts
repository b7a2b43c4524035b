import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import type { DType, Tensor } from "../../weights/tensor.ts";
import { readSafetensors } from "./safetensors.ts";
import { writeSafetensors } from "./safetensors-writer.ts";

/** A file by hand: any header, any data. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array {
	const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
	const bytes = new Uint8Array(8 + text.length + data.length);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
	bytes.set(text, 8);
	bytes.set(data, 8 + text.length);
	return bytes;
}

const describedAs = (dtype: string, shape: unknown, data_offsets: unknown) => ({
	dtype,
	shape,
	data_offsets,
});

function refusal(read: () => unknown): MobileNetError {
	try {
		read();
	} catch (error) {
		if (error instanceof MobileNetError) return error;
		throw error;
	}
	throw new Error("nothing was refused");
}

const bytesOf = ({ data }: Tensor) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
const plain = (tensors: ReadonlyMap<string, Tensor>) =>
	new Map(
		[...tensors].map(([name, tensor]) => [
			name,
			{ dtype: tensor.dtype, shape: tensor.shape, bytes: bytesOf(tensor) },
		]),
	);

const makers: { readonly [D in DType]: (bytes: Uint8Array) => Tensor["data"] } = {
	F32: (bytes) => new Float32Array(bytes.slice().buffer),
	F16: (bytes) => new Uint16Array(bytes.slice().buffer),
	BF16: (bytes) => new Uint16Array(bytes.slice().buffer),
	I8: (bytes) => new Int8Array(bytes.slice().buffer),
	U8: (bytes) => bytes.slice(),
	I32: (bytes) => new Int32Array(bytes.slice().buffer),
};
const widths: { readonly [D in DType]: number } = { F32: 4, F16: 2, BF16: 2, I8: 1, U8: 1, I32: 4 };

const anyTensor: fc.Arbitrary<Tensor> = fc
	.record({
		dtype: fc.constantFrom(...(Object.keys(widths) as DType[])),
		shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
	})
	.chain(({ dtype, shape }) => {
		const length = shape.reduce((a, b) => a * b, 1) * widths[dtype];
		return fc
			.uint8Array({ minLength: length, maxLength: length })
			.map((bytes) => ({ dtype, shape, data: makers[dtype](bytes) }) as Tensor);
	});
const anyName = fc.oneof(
	{ weight: 4, arbitrary: fc.string({ unit: "binary" }) },
	fc.constantFrom("__proto__", "constructor", "toString", "0", ""),
);
const anyTensors = fc
	.array(fc.tuple(anyName, anyTensor), { maxLength: 8 })
	.map((pairs) => new Map(pairs.filter(([name]) => name !== "__metadata__")));
const anyMetadata = fc.dictionary(anyName, fc.string({ unit: "binary" }), { noNullPrototype: true });

describe("reading", () => {
	const bytes = file(
		{
			__metadata__: { format: "pt" },
			a: describedAs("F32", [2], [0, 8]),
			b: describedAs("I8", [1, 3], [8, 11]),
			"bn.num_batches_tracked": describedAs("I64", [], [11, 19]),
		},
		[0, 0, 128, 63, 0, 0, 0, 192, 1, 127, 128, 9, 9, 9, 9, 9, 9, 9, 9],
	);

	test("a file written by hand", () => {
		const { tensors, metadata } = readSafetensors(bytes, "hand.safetensors");
		expect([...tensors.keys()]).toEqual(["a", "b"]);
		expect(tensors.get("a")).toEqual({ dtype: "F32", shape: [2], data: Float32Array.of(1, -2) });
		expect(tensors.get("b")).toEqual({ dtype: "I8", shape: [1, 3], data: Int8Array.of(1, 127, -128) });
		expect({ ...metadata }).toEqual({ format: "pt" });
	});

	test("tensors are views of the file where it is aligned, and copies where not", () => {
		const aligned = writeSafetensors(
			new Map([["x", { dtype: "F32", shape: [1], data: Float32Array.of(3) }]]),
		);
		expect(readSafetensors(aligned, "x").tensors.get("x")!.data.buffer).toBe(aligned.buffer);
		const shifted = new Uint8Array(aligned.length + 1).subarray(1);
		shifted.set(aligned);
		const copy = readSafetensors(shifted, "x").tensors.get("x")!;
		expect(copy.data.buffer).not.toBe(shifted.buffer);
		expect(copy.data).toEqual(Float32Array.of(3));
	});

	test("metadata has no prototype to fall back to", () => {
		expect(readSafetensors(bytes, "x").metadata.constructor).toBeUndefined();
	});
});

describe("writing", () => {
	test("the widest type first, then by name, the data at a multiple of 8", () => {
		const one = (dtype: DType): Tensor =>
			({ dtype, shape: [1], data: makers[dtype](new Uint8Array(widths[dtype])) }) as Tensor;
		const bytes = writeSafetensors(
			new Map<string, Tensor>([
				["u8", one("U8")],
				["f16", one("F16")],
				["b", one("F32")],
				["i8", one("I8")],
				["bf16", one("BF16")],
				["i32", one("I32")],
				["a", one("F32")],
			]),
		);
		const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
		const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
		expect(length % 8).toBe(0);
		// The order of the types in safetensors' `Dtype`, from its end.
		expect(Object.keys(header)).toEqual(["a", "b", "i32", "bf16", "f16", "i8", "u8"]);
		expect(header.f16).toEqual({ dtype: "F16", shape: [1], data_offsets: [14, 16] });
		expect(bytes.length).toBe(8 + length + 18);
	});

	test("what is no tensor is refused", () => {
		const bad = (name: string, shape: number[]) =>
			refusal(() => writeSafetensors(new Map([[name, { dtype: "U8", shape, data: Uint8Array.of(1, 2) }]])))
				.message;
		expect(bad("x", [3])).toBe('tensor "x" of shape [3] must hold 3 numbers, not 2.');
		expect(bad("x", [-1, -2])).toContain("[-1,-2]");
		expect(bad("__metadata__", [2])).toContain("__metadata__");
	});

	test("anything written is read again", () => {
		fc.assert(
			fc.property(anyTensors, anyMetadata, (tensors, metadata) => {
				const read = readSafetensors(writeSafetensors(tensors, metadata), "any");
				expect(plain(read.tensors)).toEqual(plain(tensors));
				expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
			}),
		);
	});
});

describe("damaged files", () => {
	const cases: readonly [what: string, bytes: Uint8Array, code: string, message: string][] = [
		[
			"empty",
			new Uint8Array(),
			"broken-file",
			"x: the length of the safetensors header should take 8 bytes at offset 0, but the file has 0 bytes",
		],
		[
			"a header longer than the file",
			file("{}").fill(99, 0, 1),
			"broken-file",
			"should take 99 bytes at offset 8, but the file has 10 bytes",
		],
		[
			"a header of 2^63 bytes",
			new Uint8Array(8).fill(128, 7),
			"broken-file",
			"its header would take 9223372036854776000 bytes",
		],
		["no JSON", file("{oops}"), "broken-file", "is not the JSON it should be"],
		["no UTF-8", file("").fill(0), "broken-file", "is not the JSON it should be"],
		["brackets within brackets", file("[".repeat(1e6)), "broken-file", "nested deeper than 3 levels"],
		["a list", file([]), "broken-file", "its header must be a JSON object, not []"],
		["null", file("null"), "broken-file", "its header must be a JSON object, not null"],
		[
			"a tensor that is none",
			file({ a: 1 }),
			"broken-file",
			'tensor "a" must be described by an object, not 1',
		],
		[
			"no shape",
			file({ a: { dtype: "F32", data_offsets: [0, 4] } }),
			"broken-file",
			'tensor "a" must have a shape of whole numbers, not undefined',
		],
		[
			"a negative shape",
			file({ a: describedAs("U8", [-1, -4], [0, 4]) }, [1, 2, 3, 4]),
			"broken-file",
			"[-1,-4]",
		],
		[
			"a fractional shape",
			file({ a: describedAs("U8", [0.5, 8], [0, 4]) }, [1, 2, 3, 4]),
			"broken-file",
			"[0.5,8]",
		],
		[
			"a shape beyond all numbers",
			file({ a: describedAs("U8", Array(40).fill(2 ** 52), [0, 4]) }, [1, 2, 3, 4]),
			"broken-file",
			"should take Infinity bytes",
		],
		[
			"a shape that is text",
			file({ a: describedAs("U8", "4", [0, 4]) }, [1, 2, 3, 4]),
			"broken-file",
			'not "4"',
		],
		[
			"no offsets",
			file({ a: describedAs("U8", [4], undefined) }),
			"broken-file",
			"two whole numbers as data_offsets, not undefined",
		],
		["three offsets", file({ a: describedAs("U8", [4], [0, 4, 8]) }), "broken-file", "[0,4,8]"],
		["negative offsets", file({ a: describedAs("U8", [4], [-4, 0]) }), "broken-file", "[-4,0]"],
		[
			"offsets backwards",
			file({ a: describedAs("U8", [4], [4, 0]) }),
			"broken-file",
			"ends at offset 0 of the data, before its beginning at 4",
		],
		[
			"offsets beyond the file",
			file({ a: describedAs("U8", [4], [0, 4]) }, [1, 2, 3]),
			"broken-file",
			"should take 4 bytes at offset",
		],
		[
			"a size that is not the shape's",
			file({ a: describedAs("F32", [1], [0, 3]) }, [1, 2, 3]),
			"broken-file",
			'tensor "a" of type F32 and shape [1] should take 4 bytes, but its data_offsets [0,3] hold 3',
		],
		[
			"overlapping tensors",
			file({ a: describedAs("U8", [2], [0, 2]), b: describedAs("U8", [2], [1, 3]) }, [1, 2, 3]),
			"broken-file",
			'but tensor "a" ends at',
		],
		["a gap", file({ a: describedAs("U8", [1], [1, 2]) }, [1, 2]), "broken-file", "but the header ends at"],
		[
			"bytes of no tensor",
			file({ a: describedAs("U8", [1], [0, 1]) }, [1, 2]),
			"broken-file",
			'tensor "a" ends at',
		],
		[
			"a name that stands twice",
			file(
				'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
				[1, 2],
			),
			"broken-file",
			"without overlap or gap",
		],
		[
			"metadata that is no object",
			file({ __metadata__: "pt" }),
			"broken-file",
			'__metadata__ must be an object of texts, not "pt"',
		],
		["metadata that is no text", file({ __metadata__: { epoch: 3 } }), "broken-file", '"epoch" is 3'],
		[
			"a type that is not read",
			file({ a: describedAs("I64", [1], [0, 8]) }, new Uint8Array(8)),
			"unsupported",
			'tensor "a" is of type "I64"; this package reads F64, F32, I32, BF16, F16, I8, U8',
		],
		[
			"a type that objects have",
			file({ a: describedAs("constructor", [1], [0, 1]) }, [1]),
			"unsupported",
			"constructor",
		],
		[
			"a type that is none",
			file({ a: { dtype: 5, shape: [], data_offsets: [0, 1] } }, [1]),
			"unsupported",
			"is of type 5",
		],
	];

	test.each(cases)("%s", (_, bytes, code, message) => {
		const error = refusal(() => readSafetensors(bytes, "x"));
		expect(error.code).toBe(code);
		expect(error.message).toContain(message);
		expect(error.message).toMatch(/^x.*\.$/);
	});

	const sound = writeSafetensors(
		new Map<string, Tensor>([
			["a", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }],
			["b", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
		]),
		{ format: "pt" },
	);

	test("cut short anywhere", () => {
		for (let length = 0; length < sound.length; length++)
			expect(refusal(() => readSafetensors(sound.subarray(0, length), "x")).code).toBe("broken-file");
	});

	test("any byte changed gives tensors within the file, or one sentence", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat({ max: sound.length - 1 }), fc.nat({ max: 255 })), {
					minLength: 1,
					maxLength: 4,
				}),
				(changes) => {
					const bytes = sound.slice();
					for (const [offset, value] of changes) bytes[offset] = value;
					try {
						let total = 0;
						for (const { data } of readSafetensors(bytes, "x").tensors.values()) total += data.byteLength;
						expect(total).toBeLessThanOrEqual(bytes.length);
					} catch (error) {
						expect(error).toBeInstanceOf(MobileNetError);
					}
				},
			),
			{ numRuns: 2000 },
		);
	});

	test("noise is refused", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				expect(refusal(() => readSafetensors(bytes, "x")).code).toBe("broken-file");
			}),
		);
	});
});

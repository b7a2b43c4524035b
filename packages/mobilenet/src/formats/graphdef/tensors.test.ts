import { describe, expect, test } from "vitest";
import { readerAt } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { type MessageWriter, message } from "../protobuf.ts";
import { readTensor } from "./tensors.ts";

/** A TensorProto of a type and a shape, and what else is written of it. */
function tensorOf(
	type: number,
	shape: readonly number[],
	write: (writer: MessageWriter) => void,
	left = 1000,
): Tensor {
	const bytes = message((writer) => {
		writer.integer(1, type);
		writer.message(2, (inner) => {
			for (const length of shape) inner.message(2, (dimension) => dimension.integer(1, length));
		});
		write(writer);
	});
	const reader = readerAt(binaryFile(bytes, "x.pb"), 0, bytes.length, "the tensor");
	return readTensor({ name: "x.pb", budget: { left } }, reader, "weights");
}

const types = {
	float: 1,
	double: 2,
	int32: 3,
	string: 7,
	int64: 9,
	bool: 10,
	quint8: 12,
	bfloat16: 14,
	half: 19,
};
const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe("numbers as bytes", () => {
	test("of the types that a network has", () => {
		const content = (type: number, shape: readonly number[], bytes: Uint8Array): Tensor =>
			tensorOf(type, shape, (writer) => writer.bytes(4, bytes));
		expect(content(types.float, [1, 2], floats(1.5, -2))).toEqual({
			dtype: "F32",
			shape: [1, 2],
			data: Float32Array.of(1.5, -2),
		});
		expect(content(types.double, [1], new Uint8Array(Float64Array.of(0.1).buffer)).data).toEqual(
			Float32Array.of(0.1),
		);
		expect(content(types.half, [1], Uint8Array.of(0, 0x3c))).toMatchObject({
			dtype: "F16",
			data: Uint16Array.of(0x3c00),
		});
		expect(content(types.bfloat16, [1], Uint8Array.of(0x80, 0x3f))).toMatchObject({ dtype: "BF16" });
		expect(content(types.int32, [2], new Uint8Array(Int32Array.of(-1, 7).buffer)).data).toEqual(
			Int32Array.of(-1, 7),
		);
		expect(content(types.int64, [2], new Uint8Array(BigInt64Array.of(-3n, 2n ** 40n).buffer)).data).toEqual(
			Int32Array.of(-3, 2 ** 31 - 1),
		);
		expect(content(types.quint8, [2], Uint8Array.of(0, 255))).toMatchObject({
			dtype: "U8",
			data: Uint8Array.of(0, 255),
		});
	});

	test("fewer or more than the shape has are refused", () => {
		for (const length of [0, 1, 3].map((count) => 4 * count))
			expect(() => tensorOf(types.float, [2], (w) => w.bytes(4, new Uint8Array(length || 3)))).toThrow(
				`its constant weights should take 8 bytes, but there are ${length || 3}.`,
			);
	});
});

describe("numbers as fields", () => {
	test("packed, one by one, and half floats as their bits", () => {
		expect(tensorOf(types.float, [2], (w) => w.bytes(5, floats(1, 2))).data).toEqual(Float32Array.of(1, 2));
		const oneByOne = tensorOf(types.float, [2], (w) => {
			w.float32(5, 3);
			w.float32(5, 4);
		});
		expect(oneByOne.data).toEqual(Float32Array.of(3, 4));
		expect(tensorOf(types.int32, [3], (w) => w.packed(7, [0, -1, 2])).data).toEqual(Int32Array.of(0, -1, 2));
		expect(tensorOf(types.int64, [1], (w) => w.integer(10, -5)).data).toEqual(Int32Array.of(-5));
		expect(tensorOf(types.half, [1], (w) => w.packed(13, [0x3c00])).data).toEqual(Uint16Array.of(0x3c00));
		expect(tensorOf(types.bool, [], (w) => w.integer(11, 1)).data).toEqual(Uint8Array.of(1));
	});

	test("the last stands for all that follow, and none at all for zeros", () => {
		expect(tensorOf(types.float, [2, 2], (w) => w.bytes(5, floats(1, 7))).data).toEqual(
			Float32Array.of(1, 7, 7, 7),
		);
		expect(tensorOf(types.float, [3], () => {}).data).toEqual(new Float32Array(3));
	});

	test("more than the shape has are refused", () => {
		expect(() => tensorOf(types.float, [1], (w) => w.bytes(5, floats(1, 2)))).toThrow(
			"x.pb: its constant weights has more than the 1 numbers of its shape.",
		);
	});
});

describe("what is refused before anything is allocated", () => {
	test("shapes of no size, types of no numbers, more than the file explains", () => {
		expect(() => tensorOf(types.float, [-1], () => {})).toThrow("has the shape [-1]");
		expect(() => tensorOf(types.float, [2 ** 40, 2 ** 40], () => {})).toThrow("has the shape");
		expect(() => tensorOf(types.float, new Array<number>(17).fill(1), () => {})).toThrow("more than 16 axes");
		expect(() => tensorOf(types.string, [1], () => {})).toThrow("is of the type DT_STRING");
		expect(() => tensorOf(types.float, [2 ** 40], () => {})).toThrow("far more memory than its size");
	});
});

import { expect, test } from "vitest";
import { filled, float32, int32, sameShape, sizeOf } from "./tensor.ts";

test("a tensor's numbers are an array that is of their type already, or those of a list, rounded", () => {
	const [floats, integers] = [Float32Array.of(1, 2), Int32Array.of(3)];
	expect(float32(floats).data).toBe(floats);
	expect(int32(integers).data).toBe(integers);
	// 0.1 is no float32; the nearest one is 13421773 · 2^-27.
	expect(float32([0.1, 0.5], [2, 1])).toEqual({
		dtype: "F32",
		shape: [2, 1],
		data: Float32Array.of(13421773 * 2 ** -27, 0.5),
	});
	expect(int32(Int8Array.of(-128))).toEqual({ dtype: "I32", shape: [1], data: Int32Array.of(-128) });
	expect(filled([2, 3], 4)).toEqual({ dtype: "F32", shape: [2, 3], data: Float32Array.of(4, 4, 4, 4, 4, 4) });
});

test("shapes: a scalar is one number, and equal are those of equal axes", () => {
	expect([sizeOf([]), sizeOf([2, 3, 4]), sizeOf([5, 0])]).toEqual([1, 24, 0]);
	expect(sameShape([2, 3], [2, 3])).toBe(true);
	expect(sameShape([2, 3], [3, 2])).toBe(false);
	expect(sameShape([2], [2, 1])).toBe(false);
});

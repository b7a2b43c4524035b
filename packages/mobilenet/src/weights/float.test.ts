import { expect, test } from "vitest";
import { float32Of, isFloat } from "./float.ts";

const halves = (...bits: number[]) => [
	...float32Of({ dtype: "F16", shape: [bits.length], data: Uint16Array.from(bits) }),
];

test("half precision by IEEE 754's own examples", () => {
	expect(halves(0x3c00, 0xc000, 0x7bff, 0x3555)).toEqual([1, -2, 65504, 0.333251953125]);
	expect(halves(0x0001, 0x03ff, 0x0400)).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14]);
	expect(halves(0x0000, 0x8000)).toEqual([0, -0]);
	expect(halves(0x7c00, 0xfc00, 0x7e00)).toEqual([
		Number.POSITIVE_INFINITY,
		Number.NEGATIVE_INFINITY,
		Number.NaN,
	]);
});

test("every half is what the platform's own Float16Array makes of it", (context) => {
	const { Float16Array } = globalThis as { Float16Array?: new (buffer: ArrayBuffer) => ArrayLike<number> };
	if (!Float16Array) return context.skip("this runtime has no Float16Array");
	const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
	expect([...float32Of({ dtype: "F16", shape: [65536], data })]).toEqual(
		Array.from(new Float16Array(data.buffer)),
	);
});

test("bfloat16 is the upper half of a float32", () => {
	const data = Uint16Array.of(0x3f80, 0xbfc0, 0x4049, 0x0001, 0xff80, 0x8000);
	expect([...float32Of({ dtype: "BF16", shape: [6], data })]).toEqual([
		1,
		-1.5,
		3.140625,
		2 ** -133,
		Number.NEGATIVE_INFINITY,
		-0,
	]);
});

test("a float32 tensor's numbers are its own array", () => {
	const data = Float32Array.of(1, 2);
	expect(float32Of({ dtype: "F32", shape: [2], data })).toBe(data);
});

test("integers are no floats", () => {
	expect(isFloat({ dtype: "I8", shape: [1], data: Int8Array.of(1) })).toBe(false);
	expect(isFloat({ dtype: "BF16", shape: [1], data: Uint16Array.of(1) })).toBe(true);
});

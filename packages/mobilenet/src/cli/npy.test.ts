import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeNpy } from "./npy.ts";

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe("writeNpy", () => {
	test("writes what the format's page says: magic, version 1.0, header, numbers", () => {
		const bytes = writeNpy([Float32Array.of(1, -2, 0.5), Float32Array.of(0, 3, 4)], 3);
		// 10 bytes and the header are a multiple of 64, so that the numbers are aligned.
		const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
		expect(text(bytes.subarray(0, 10))).toBe("\x93NUMPY\x01\x00\x76\x00");
		expect(text(bytes.subarray(10, 128))).toBe(`${header.padEnd(117)}\n`);
		// IEEE 754, little-endian: 1, −2, 0.5, 0, 3, 4.
		expect([...bytes.subarray(128)]).toEqual(
			[
				[0, 0, 0x80, 0x3f],
				[0, 0, 0, 0xc0],
				[0, 0, 0, 0x3f],
				[0, 0, 0, 0],
				[0, 0, 0x40, 0x40],
				[0, 0, 0x80, 0x40],
			].flat(),
		);
	});

	test("no rows are a table too", () => {
		const bytes = writeNpy([], 1024);
		expect(text(bytes)).toContain("'shape': (0, 1024), ");
		expect(bytes.length).toBe(128);
	});

	test("the header says its length, and the numbers follow it, whatever the shape", () => {
		fc.assert(
			fc.property(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 200 }), (count, columns) => {
				const rows = Array.from({ length: count }, (_, n) => new Float32Array(columns).fill(n + 0.25));
				const bytes = writeNpy(rows, columns);
				const view = new DataView(bytes.buffer);
				const start = 10 + view.getUint16(8, true);
				expect(start % 64).toBe(0);
				expect(bytes[start - 1]).toBe(10);
				expect(bytes.length).toBe(start + count * columns * 4);
				for (let n = 0; n < count; n++)
					expect(view.getFloat32(start + ((n + 1) * columns - 1) * 4, true)).toBe(n + 0.25);
			}),
		);
	});
});

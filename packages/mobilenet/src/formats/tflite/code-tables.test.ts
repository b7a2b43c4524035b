/**
 * Tables of codes against LiteRT 2.3.0: each row is a file of one operator, run on all 256 codes. `by` says which of the
 * two ways the interpreter took. The first two are the operators of wild/preprocess_in_graph.
 */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { type Arithmetic, arithmeticTable, requantizedTable } from "./code-tables.ts";

interface Row {
	readonly operator: Arithmetic | "QUANTIZE";
	readonly types: readonly [from: string, to: string];
	/** Scale and zero point. */
	readonly input: readonly [number, number];
	readonly output: readonly [number, number];
	readonly constant: readonly [scale: number, zeroPoint: number, code: number];
	readonly isFirst: boolean;
	readonly by: string;
	/** The bytes that came out, in base64. */
	readonly codes: string;
}

const rows: readonly Row[] = [
	{
		operator: "MUL",
		types: ["int8", "int8"],
		input: [1.0, -128],
		output: [0.011764699593186378, -43],
		constant: [3.07574009639211e-5, -128, 127],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"1dbW19jY2dra29zc3d7e3+Dg4eLi4+Tk5ebm5+jo6erq6+zs7e7u7/Dw8fLy8/T09fb29/j4+fr6+/z8/f7+/wAAAQICAwQEBQYGBwgICQoKCwwMDQ4ODxAQERISExQUFRYWFxgYGRoaGxwcHR4eHyAgISIiIyQkJSYmJygoKSoqKywsLS4uLzAwMTIyMzQ0NTY2Nzg4OTo6Ozw8PT4+P0BAQUJCQ0RERUZGR0hISUpKS0xMTU5OT1BQUVJSU1RUVVZWV1hYWVpaW1xcXV5eX2BgYWJiY2RkZWZmZ2hoaWpqa2xsbW5ub3BwcXJyc3R0dXZ2d3h4eXp6e3x8fX5+fw==",
	},
	{
		operator: "SUB",
		types: ["int8", "int8"],
		input: [0.011764699593186378, -43],
		output: [0.007843139581382275, -1],
		constant: [0.003921569790691137, -128, 127],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICBgoSFh4iKi42OkJGTlJaXmZqcnZ+goqOlpqipq6yur7GytLW3uLq7vb7AwcPExsfJyszNz9DS09XW2Nnb3N7f4eLk5efo6uvt7vDx8/T29/n6/P3/AAIDBQYICQsMDg8REhQVFxgaGx0eICEjJCYnKSosLS8wMjM1Njg5Ozw+P0FCREVHSEpLTU5QUVNUVldZWlxdX2BiY2VmaGlrbG5vcXJ0dXd4ent9fg==",
	},
	{
		operator: "MUL",
		types: ["int8", "int8"],
		input: [0.005177533719688654, 21],
		output: [0.0010187341831624508, -43],
		constant: [0.012360221706330776, -118, -104],
		isFirst: true,
		by: "XNNPACK",
		codes:
			"gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICBgYKDhIWGh4iIiYqLjI2Oj5CQkZKTlJWWl5eYmZqbnJ2enp+goaKjpKWmpqeoqaqrrK2trq+wsbKztLS1tre4ubq7u7y9vr/AwcLDw8TFxsfIycrKy8zNzs/Q0dHS09TV1tfY2dna29zd3t/g4OHi4+Tl5ufn6Onq6+zt7u/v8PHy8/T19vb3+Pn6+/z9/f7/AAECAwQEBQYHCAkKCwwMDQ4PEBESExMUFRYXGBkaGhscHR4fICEiIiMkJSYnKCkpKissLS4vMDAxMg==",
	},
	{
		operator: "MUL",
		types: ["int8", "int8"],
		input: [0.06192278116941452, 60],
		output: [306.14727783203125, 73],
		constant: [0.037719856947660446, 65, 116],
		isFirst: false,
		by: "TensorFlow Lite",
		codes:
			"SUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSQ==",
	},
	{
		operator: "MUL",
		types: ["uint8", "uint8"],
		input: [0.13224157691001892, 240],
		output: [0.06323959678411484, 215],
		constant: [0.17399628460407257, 0, 19],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCA8VHCMqMTg/Rk1UW2Fob3Z9hIuSmaCnrrS7wsnQ197l7PP6/////////////w==",
	},
	{
		operator: "MUL",
		types: ["uint8", "uint8"],
		input: [0.0037658673245459795, 64],
		output: [91.36664581298828, 169],
		constant: [0.1851027011871338, 23, 155],
		isFirst: true,
		by: "TensorFlow Lite",
		codes:
			"qampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqQ==",
	},
	{
		operator: "ADD",
		types: ["int8", "int8"],
		input: [0.6739996075630188, 61],
		output: [1.1407403945922852, 39],
		constant: [1.2269872426986694, -54, 56],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"Li4vLzAxMTIyMzQ0NTU2Nzc4ODk5Ojs7PDw9Pj4/P0BBQUJCQ0RERUVGRkdISElJSktLTExNTk5PT1BRUVJSU1NUVVVWVldYWFlZWltbXFxdXl5fX2BgYWJiY2NkZWVmZmdoaGlpamtrbGxtbW5vb3BwcXJyc3N0dXV2dnd4eHl5enp7fHx9fX5/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/fw==",
	},
	{
		operator: "ADD",
		types: ["int8", "int8"],
		input: [0.4968215823173523, -6],
		output: [0.4968215823173523, -74],
		constant: [0.00012129433162044734, -30, -91],
		isFirst: true,
		by: "TensorFlow Lite",
		codes:
			"gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ow==",
	},
	{
		operator: "ADD",
		types: ["uint8", "uint8"],
		input: [0.01698034629225731, 101],
		output: [0.027263103052973747, 156],
		constant: [0.00603525061160326, 102, 33],
		isFirst: true,
		by: "XNNPACK",
		codes:
			"Tk5PUFBRUlJTU1RVVVZXV1hYWVpaW1xcXV1eX19gYWFiYmNkZGVlZmdnaGlpamprbGxtbm5vb3BxcXJzc3R0dXZ2d3h4eXl6e3t8fX1+fn+AgIGCgoODhIWFhoaHiIiJioqLi4yNjY6Pj5CQkZKSk5SUlZWWl5eYmZmampucnJ2enp+foKGhoqOjpKSlpqanqKipqaqrq6ysra6ur7CwsbGys7O0tbW2tre4uLm6uru7vL29vr+/wMDBwsLDxMTFxcbHx8jJycrKy8zMzc3Oz8/Q0dHS0tPU1NXW1tfX2NnZ2tvb3Nzd3t7f4ODh4eLj4+Tl5ebm5+jo6erq6+vs7Q==",
	},
	{
		operator: "ADD",
		types: ["uint8", "uint8"],
		input: [0.4238896369934082, 249],
		output: [0.4238896369934082, 215],
		constant: [0.0001034886809065938, 155, 128],
		isFirst: false,
		by: "TensorFlow Lite",
		codes:
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3Q==",
	},
	{
		operator: "SUB",
		types: ["int8", "int8"],
		input: [0.2934822142124176, -107],
		output: [0.3161836862564087, 55],
		constant: [0.03765037655830383, -60, -79],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"JicoKSkqKywtLi8wMTIzNDU2Njc4OTo7PD0+P0BBQkNDREVGR0hJSktMTU5PUFBRUlNUVVZXWFlaW1xdXV5fYGFiY2RlZmdoaWpqa2xtbm9wcXJzdHV2d3d4eXp7fH1+f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/fw==",
	},
	{
		operator: "SUB",
		types: ["int8", "int8"],
		input: [0.18636396527290344, -115],
		output: [0.18636396527290344, 34],
		constant: [4.549901495920494e-5, -53, 46],
		isFirst: true,
		by: "TensorFlow Lite",
		codes:
			"Ly4tLCsqKSgnJiUkIyIhIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eDf3t3c29rZ2NfW1dTT0tHQz87NzMvKycjHxsXEw8LBwL++vby7urm4t7a1tLOysbCvrq2sq6qpqKempaSjoqGgn56dnJuamZiXlpWUk5KRkI+OjYyLiomIh4aFhIOCgYCAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgA==",
	},
	{
		operator: "SUB",
		types: ["uint8", "uint8"],
		input: [0.09424334764480591, 77],
		output: [0.3042639493942261, 50],
		constant: [0.2053551971912384, 142, 174],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"BQUFBQYGBgcHBwgICAkJCQoKCgoLCwsMDAwNDQ0ODg4ODw8PEBAQEREREhISEhMTExQUFBUVFRYWFhcXFxcYGBgZGRkaGhobGxsbHBwcHR0dHh4eHx8fHyAgICEhISIiIiMjIyQkJCQlJSUmJiYnJycoKCgoKSkpKioqKysrLCwsLS0tLS4uLi8vLzAwMDExMTEyMjIzMzM0NDQ1NTU1NjY2Nzc3ODg4OTk5Ojo6Ojs7Ozw8PD09PT4+Pj4/Pz9AQEBBQUFCQkJDQ0NDRERERUVFRkZGR0dHR0hISElJSUpKSktLS0tMTExNTU1OTk5PT09QUFBQUVFRUlJSU1NTVA==",
	},
	{
		operator: "SUB",
		types: ["uint8", "uint8"],
		input: [0.06597431004047394, 244],
		output: [0.06597431004047394, 215],
		constant: [1.6107009287225083e-5, 97, 78],
		isFirst: false,
		by: "TensorFlow Lite",
		codes:
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e3+Dh4g==",
	},
	{
		operator: "QUANTIZE",
		types: ["int8", "int8"],
		input: [0.03036869317293167, -5],
		output: [0.03130717575550079, -52],
		constant: [0.02355748601257801, -113, -105],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/v8/f7/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk5Ojs8PT4/QEFCQ0RFRkdISUpLTA==",
	},
	{
		operator: "QUANTIZE",
		types: ["int8", "uint8"],
		input: [0.22909513115882874, -64],
		output: [0.6282622814178467, 215],
		constant: [0.34112170338630676, 13, -5],
		isFirst: true,
		by: "TensorFlow Lite",
		codes:
			"wMDBwcHCwsLDw8TExMXFxcbGxsfHyMjIycnJysrKy8vMzMzNzc3Ozs7Pz9DQ0NHR0dLS09PT1NTU1dXV1tbX19fY2NjZ2dna2tvb29zc3N3d3d7e39/f4ODg4eHh4uLj4+Pk5OTl5eXm5ufn5+jo6Onp6erq6+vr7Ozs7e3t7u7v7+/w8PDx8fLy8vPz8/T09PX19vb29/f3+Pj4+fn6+vr7+/v8/Pz9/f7+/v///////////////////////////////////////////////////////////////////////////////////////////////////////////////w==",
	},
	{
		operator: "QUANTIZE",
		types: ["uint8", "uint8"],
		input: [0.014267018996179104, 140],
		output: [0.013817534781992435, 149],
		constant: [0.08489438146352768, 158, 42],
		isFirst: false,
		by: "XNNPACK",
		codes:
			"BQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4WGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ujp6uvs7e7v8PHy8/T19vf4+fr7/P3+/////////////////w==",
	},
	{
		operator: "QUANTIZE",
		types: ["uint8", "int8"],
		input: [0.0604635514318943, 42],
		output: [0.12031108886003494, -78],
		constant: [0.03247015178203583, 85, 50],
		isFirst: false,
		by: "TensorFlow Lite",
		codes:
			"nZ2enp+foKChoaKio6OkpKWlpqanp6ioqamqqqurrKytra6ur6+wsLGxsrOztLS1tba2t7e4uLm5urq7u7y8vb2+vr+/wMDBwcLCw8PExMXFxsbHx8jIycnKysvLzMzNzc7Oz8/Q0NHR0tLT09TU1dXW1tfX2NjZ2dra29vc3N3d3t7f3+Dg4eHi4uPj5OTl5ebm5+fo6Onp6urr6+zs7e3u7u/v8PDx8fLy8/P09PX19vb39/j4+fn6+vv7/Pz9/f7+//8AAAEBAgIDAwQEBQUGBgcHCAgJCQoKCwsMDA0NDg4PDxAQERESEhMTFBUVFhYXFxgYGRkaGhsbHBwdHQ==",
	},
];

const leastOf = (type: string): number => (type === "int8" ? -128 : 0);
const range = ([scale, zeroPoint]: readonly [number, number], type: string) => ({
	scale,
	zeroPoint,
	least: leastOf(type),
});

describe("LiteRT's codes", () => {
	test.each(rows)("$operator of $types by $by", (row) => {
		const [from, to] = row.types;
		const bytes = Buffer.from(row.codes, "base64");
		const expected = to === "int8" ? [...new Int8Array(bytes)] : [...bytes];
		const [input, output] = [range(row.input, from), range(row.output, to)];
		const [scale, zeroPoint, code] = row.constant;
		const { isFirst } = row;
		const constant = { ...range([scale, zeroPoint], from), code, isFirst };
		expect(
			row.operator === "QUANTIZE"
				? requantizedTable(input, output)
				: arithmeticTable(row.operator, input, constant, output),
		).toEqual(expected);
	});
});

test("scales beyond any sense give codes all the same", () => {
	const scales = [1e-45, 1e-30, 1, 1e30, 3e38];
	for (const a of scales)
		for (const b of scales)
			for (const operator of ["ADD", "SUB", "MUL"] as const) {
				const input = range([a, -(2 ** 40)], "uint8");
				const constant = { ...range([b, 3], "uint8"), code: 200, isFirst: true };
				for (const table of [
					arithmeticTable(operator, input, constant, range([a, 5], "uint8")),
					requantizedTable(input, range([b, 2 ** 40], "int8")),
				]) {
					expect(table.length).toBe(256);
					expect(table.every(Number.isInteger)).toBe(true);
				}
			}
});

/** Codes of pixels against LiteRT 2.3.0: QUANTIZE of (pixel − mean) / std in float32, for all 256 values of a pixel. */
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { made } from "../../../test/support/models.ts";
import { configure } from "../../network/configuration.ts";
import { int32 } from "../../weights/tensor.ts";
import { pixelCodesOf } from "./pixel-codes.ts";

const rows = [
	{
		mean: 127.5,
		std: 127.5,
		scale: 0.007843137718737125,
		zeroPoint: -1,
		type: "int8",
		codes:
			"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+foaGjo6Wlp6epqaurra2vr7Gxs7O1tbe3ubm7u729v8DBwsPExcbHyMnKy8zNzs/P0dHT09XV19fZ2dvb3d3f4OHi4+Tl5ufn6enr6+3t7/Dx8vPz9fX3+Pn5+/z9/v//AAECAwUFBgcJCQsLDA0ODxERExMVFRcXGBkaGxwdHh8hISMjJSUnJykpKystLS8vMDEyMzQ1Njc4OTo7PD0+P0FBQ0NFRUdHSUlLS01NT09RUVNTVVVXV1lZW1tdXV9fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fg==",
	},
	{
		mean: 127.5,
		std: 127.5,
		scale: 0.007843137718737125,
		zeroPoint: 127,
		type: "uint8",
		codes:
			"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8fISEjIyUlJycpKSsrLS0vLzExMzM1NTc3OTk7Oz09P0BBQkNERUZHSElKS0xNTk9PUVFTU1VVV1dZWVtbXV1fYGFiY2RlZmdnaWlra21tb3BxcnNzdXV3eHl5e3x9fn9/gIGCg4WFhoeJiYuLjI2Oj5GRk5OVlZeXmJmam5ydnp+hoaOjpaWnp6mpq6utra+vsLGys7S1tre4ubq7vL2+v8HBw8PFxcfHycnLy83Nz8/R0dPT1dXX19nZ29vd3d/f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/g==",
	},
	{
		mean: 123.675,
		std: 58.395,
		scale: 0.018657999113202095,
		zeroPoint: -14,
		type: "int8",
		codes:
			"gIGCg4SFhoeIiYqLjIyNjo+QkZKTlJWWl5eYmZqbnJ2en6ChoqKjpKWmp6ipqqusra2ur7CxsrO0tba3uLi5uru8vb6/wMHCw8PExcbHyMnKy8zNzs/P0NHS09TV1tfY2dra29zd3t/g4eLj5OXl5ufo6err7O3u7/Dw8fLz9PX29/j5+vv7/P3+/wABAgMEBQYGBwgJCgsMDQ4PEBESEhMUFRYXGBkaGxwdHR4fICEiIyQlJicoKCkqKywtLi8wMTIzMzQ1Njc4OTo7PD0+Pj9AQUJDREVGR0hJSUpLTE1OT1BRUlNUVVVWV1hZWltcXV5fYGBhYmNkZWZnaGlqaw==",
	},
	{
		mean: 0,
		std: 255,
		scale: 0.003921568859368563,
		zeroPoint: -128,
		type: "int8",
		codes:
			"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+fw==",
	},
	{
		mean: 127.5,
		std: 127.5,
		scale: 0.007799999788403511,
		zeroPoint: -2,
		type: "int8",
		codes:
			"gICAgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fg==",
	},
] as const;

const model = made(configure({ alpha: 0.01, size: 32, classes: 2 }), "int8");

/** What is made of every pixel, code by code. */
function codesOf(given: (typeof rows)[number]): number[][] {
	const { mean, std, scale, zeroPoint, type } = given;
	const least = type === "int8" ? -128 : 0;
	const { tables, zeroPoint: zero } = pixelCodesOf(
		{ ...model, preprocessing: { ...model.preprocessing, mean: [mean, mean, mean], std: [std, std, std] } },
		{ scale, zeroPoint, low: least - zeroPoint, high: least + 255 - zeroPoint },
	);
	const pixels = Array.from({ length: 256 }, (_, pixel) => pixel);
	return [0, 1, 2].map((channel) =>
		pixels.map((pixel) => (tables ? tables[channel]![pixel]! : pixel) - zero + zeroPoint),
	);
}

test.each(rows)("of mean $mean, std $std and scale $scale in $type", (given) => {
	const bytes = Buffer.from(given.codes, "base64");
	const expected = given.type === "int8" ? [...new Int8Array(bytes)] : [...bytes];
	expect(codesOf(given)).toEqual([expected, expected, expected]);
});

test("that are the pixels themselves need no table", () => {
	const preprocessing = { ...model.preprocessing, mean: [127, 127, 127], std: [127.5, 127.5, 127.5] };
	const input = { scale: Math.fround(1 / 127.5), zeroPoint: -1, low: -127, high: 128 };
	expect(pixelCodesOf({ ...model, preprocessing }, input)).toEqual({ zeroPoint: 127 });
});

test("of a file's own table are those, in the order of the picture's channels", () => {
	const table = {
		...int32(Array.from({ length: 768 }, (_, i) => Math.floor(i / 256) - 128)),
		dtype: "I8",
		shape: [3, 256],
	} as const;
	const tensors = new Map(model.tensors).set("input.table", { ...table, data: Int8Array.from(table.data) });
	const preprocessing = { ...model.preprocessing, channelOrder: "bgr" as const };
	const { tables, zeroPoint } = pixelCodesOf(
		{ ...model, tensors, preprocessing },
		{ scale: 1, zeroPoint: 0, low: -128, high: 127 },
	);
	expect(zeroPoint).toBe(128);
	expect(tables!.map((channel) => channel[7])).toEqual([2, 1, 0]);
});

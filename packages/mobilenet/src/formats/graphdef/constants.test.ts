/** Numbers in these tests are computed by hand, by the formulas of TensorFlow's documentation of each operator. */
import { describe, expect, test } from "vitest";
import { type BuiltNode, constant, graphDef, node } from "../../../test/support/graph-builder.ts";
import { filled, float32, int32, type Tensor } from "../../weights/tensor.ts";
import { fileOf } from "../file.ts";
import { type Constants, constantsOf } from "./constants.ts";
import { type Graph, sourceAt } from "./graph.ts";
import { openGraphDef } from "./graph-def.ts";

function open(nodes: readonly BuiltNode[]): readonly [Graph, Constants] {
	// Room for what is computed, as the weights of a whole file are.
	const room = constant("room", filled([1000], 0));
	const graph = openGraphDef(fileOf(graphDef([...nodes, room]), "x.pb"), "TensorFlow GraphDef");
	return [graph, constantsOf(graph)];
}

/** What the last node computes. */
function value(...nodes: readonly BuiltNode[]): Tensor {
	const [graph, constants] = open(nodes);
	return constants.valueOf(sourceAt(graph, nodes.at(-1)!.name));
}

const a = constant("a", float32([1, 2, 3, 4, 5, 6], [2, 3]));
const b = constant("b", float32([10, 20, 30]));
const codes: BuiltNode = constant("codes", { dtype: "U8", shape: [3], data: Uint8Array.of(0, 51, 255) });
const range = (low: number, high: number): readonly BuiltNode[] => [
	constant("low", float32([low], [])),
	constant("high", float32([high], [])),
];

describe("what is computed of constants", () => {
	test("numbers by numbers, shapes aligned at their last axes", () => {
		expect(value(a, b, node("AddV2", "sum", ["a", "b"]))).toEqual(float32([11, 22, 33, 14, 25, 36], [2, 3]));
		expect(value(a, b, node("Sub", "difference", ["b", "a"])).data).toEqual(
			Float32Array.of(9, 18, 27, 6, 15, 24),
		);
		const column = constant("column", float32([2, 3], [2, 1]));
		expect(value(column, b, node("Mul", "outer", ["column", "b"]))).toEqual(
			float32([20, 40, 60, 30, 60, 90], [2, 3]),
		);
		expect(() => value(a, column, constant("c", float32([1, 2])), node("Mul", "bad", ["a", "c"]))).toThrow(
			"its operator Mul (bad) takes constants of the shapes [2,3] and [2].",
		);
	});

	test("whole numbers stay whole", () => {
		const whole = [constant("m", int32([3, 4])), constant("n", int32([2], []))];
		expect(value(...whole, node("Mul", "product", ["m", "n"]))).toEqual(int32([6, 8]));
	});

	test("roots, and other shapes of the same numbers", () => {
		const four = constant("four", float32([4, 16]));
		expect(value(four, node("Rsqrt", "root", ["four"])).data).toEqual(Float32Array.of(0.5, 0.25));
		const [shape, three] = [constant("shape", int32([3, -1])), constant("three", float32([3], []))];
		expect(value(a, three, node("Maximum", "most", ["a", "three"])).data).toEqual(
			Float32Array.of(3, 3, 3, 4, 5, 6),
		);
		expect(value(a, shape, node("Reshape", "turned", ["a", "shape"])).shape).toEqual([3, 2]);
		const half: Tensor = { dtype: "F16", shape: [1], data: Uint16Array.of(0x3c00) };
		const widened = node("Cast", "wide", ["half"], { DstT: { type: "DT_FLOAT" } });
		expect(value(constant("half", half), widened)).toEqual(half);
	});

	test("codes of weights: the least is the low end of the range, the greatest the high end", () => {
		const dequantized = (mode: string, low: number, high: number): Tensor =>
			value(
				codes,
				...range(low, high),
				node("Dequantize", "weights", ["codes", "low", "high"], { mode: { s: mode } }),
			);
		expect([...dequantized("MIN_COMBINED", -1, 4.1).data].map((x) => Number(x.toFixed(5)))).toEqual([
			-1, 0.02, 4.1,
		]);
		// The step is 0.02; MIN_FIRST moves −1.005 to a multiple of it, so that 0 has a code.
		expect([...dequantized("MIN_FIRST", -1.005, 4.095).data].map((x) => Number(x.toFixed(5)))).toEqual([
			-1, 0.02, 4.1,
		]);
		expect(() => dequantized("SCALED", 0, 1)).toThrow('quantizes U8 in the mode "SCALED"');
	});

	test("weights trained for integers: the nearest of 2ⁿ codes, one of which is 0", () => {
		const given = constant("given", float32([-5, -0.9, 0.1, 0.6, 1.4, 9]));
		const rounded = (attributes: BuiltNode["attributes"]): readonly number[] => [
			...value(
				given,
				...range(-1, 2),
				node("FakeQuantWithMinMaxVars", "weights", ["given", "low", "high"], attributes),
			).data,
		];
		expect(rounded({ num_bits: { i: 2 } })).toEqual([-1, -1, 0, 1, 1, 2]);
		// Codes 1 … 3, steps of 1.5; zero lies at code 1 + 2/3, which is 2.
		expect(rounded({ num_bits: { i: 2 }, narrow_range: { b: true } })).toEqual([-1.5, -1.5, 0, 0, 1.5, 1.5]);
	});
});

describe("what is no constant", () => {
	test("a picture, what is computed of it, and constants in circles", () => {
		const nodes = [
			...[a, b, node("Placeholder", "picture"), node("AddV2", "moved", ["picture", "b"])],
			...[node("Mul", "x", ["b", "y"]), node("Mul", "y", ["x", "b"]), node("AddV2", "sum", ["b", "b"])],
		];
		const [graph, constants] = open(nodes);
		const names = ["a", "picture", "moved", "x", "y", "sum"];
		expect(names.filter((name) => constants.has(sourceAt(graph, name)))).toEqual(["a", "sum"]);
		expect(() => constants.valueOf(sourceAt(graph, "moved"))).toThrow(
			"its operator AddV2 (moved) is computed where constant numbers were expected",
		);
	});

	test("a constant that doubles again and again is computed once a node, and refused beyond the file's size", () => {
		const doubled = Array.from({ length: 60 }, (_, i) => node("AddV2", `n${i + 1}`, [`n${i}`, `n${i}`]));
		const sum = value(constant("n0", float32([1], [])), ...doubled);
		expect(sum.data[0]).toBe(2 ** 60);
		const [row, column] = [constant("row", filled([1, 3000], 1)), constant("column", filled([3000, 1], 1))];
		expect(() => value(row, column, node("Mul", "outer", ["row", "column"]))).toThrow(
			"far more memory than its size accounts for",
		);
	});

	test("operators that lack inputs", () => {
		expect(() => value(b, node("Mul", "half", ["b"]))).toThrow("has 1 inputs where more were expected");
	});
});

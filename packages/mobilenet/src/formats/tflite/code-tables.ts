/**
 * What TensorFlow Lite's operators of integers make of each of the 256 codes that they can be given: sums, differences and
 * products with a constant, and codes of another scale. It computes each in one of two ways. XNNPACK takes those whose
 * scales are no further apart than its arithmetic can hold, and TensorFlow Lite's own kernels take the rest.
 *
 * Source: XNNPACK `src/microparams-init.c` and `qs8-vadd`, `qs8-vmul`, `qs8-vcvt`; TensorFlow Lite
 * `delegates/xnnpack/xnnpack_delegate.cc` (what it takes), `kernels/internal/reference/integer_ops`, `kernels/quantize.cc`
 * and `kernels/internal/quantization_util.cc`.
 */
import type { Codes } from "../../weights/parts.ts";
import { nearestEven } from "../chain/units.ts";

/** The codes of a tensor: of int8 from −128 on, of uint8 from 0 on. */
export interface CodeRange extends Codes {
	readonly least: number;
}

export type Arithmetic = "ADD" | "SUB" | "MUL";

/** A constant that an operator is given beside the codes. */
export interface ConstantCode extends CodeRange {
	readonly code: number;
	/** Whether it is the first operand. */
	readonly isFirst: boolean;
}

/** The codes of a type are so many. */
const codeCount = 256;
/** Quotients of scales that XNNPACK takes, from the first number on and below the second. */
const xnnpackTakes = {
	ADD: [2 ** -10, 2 ** 8],
	SUB: [2 ** -10, 2 ** 8],
	MUL: [2 ** -16, 2 ** 8],
	QUANTIZE: [2 ** -8, 2 ** 7],
} as const;
/** Bits by which TensorFlow Lite's own sums are finer than codes. */
const sumBits = 20;

/**
 * The output's code for each code of the input, from the least on.
 *
 * @example
 * // The code of x / 255 for every x
 * arithmeticTable("MUL", input, { ...constant, code: 127, isFirst: false }, output)
 */
export function arithmeticTable(
	operation: Arithmetic,
	input: CodeRange,
	constant: ConstantCode,
	output: CodeRange,
): number[] {
	const other = constant.code - constant.zeroPoint;
	const [first, second] = constant.isFirst ? [constant, input] : [input, constant];
	const compute = (operation === "MUL" ? product : sum)(operation, first.scale, second.scale, output.scale);
	return tableOf(input, output, (word) => (constant.isFirst ? compute(other, word) : compute(word, other)));
}

/** The output's code of the same number for each code of the input, from the least on. */
export function requantizedTable(input: CodeRange, output: CodeRange): number[] {
	const ratio = Math.fround(input.scale / output.scale);
	const [low, high] = xnnpackTakes.QUANTIZE;
	if (input.least === output.least && ratio >= low && ratio <= high) {
		const multiplier = nearestEven(256 * ratio);
		return tableOf(input, output, (word) => Math.floor((word * multiplier + 128) / 256));
	}
	const multiplier = fixedPoint(input.scale / output.scale);
	return tableOf(input, output, (word) => Number(multiplied(BigInt(word), multiplier, halvesUp)));
}

/** A word is a code minus its zero point. */
type Compute = (first: number, second: number) => number;

function tableOf(input: CodeRange, output: CodeRange, wordOf: (word: number) => number): number[] {
	return Array.from({ length: codeCount }, (_, i) => {
		const code = wordOf(input.least + i - input.zeroPoint) + output.zeroPoint;
		return Math.min(output.least + codeCount - 1, Math.max(output.least, code));
	});
}

function product(_: Arithmetic, first: number, second: number, output: number): Compute {
	const factor = Math.fround(Math.fround(first * second) / output);
	const [low, high] = xnnpackTakes.MUL;
	if (factor >= low && factor < high) return (a, b) => nearestEven(Math.fround(a * b * factor));
	const multiplier = fixedPoint(factor);
	return (a, b) => Number(multiplied(BigInt(a * b), multiplier));
}

function sum(operation: Arithmetic, first: number, second: number, output: number): Compute {
	const sign = operation === "SUB" ? -1 : 1;
	const ratios = [Math.fround(first / output), Math.fround(second / output)] as const;
	const [low, high] = xnnpackTakes.ADD;
	if (ratios.every((ratio) => ratio >= low && ratio < high)) {
		const unit = 2 ** (sumBits - Math.floor(Math.log2(Math.max(...ratios))));
		const [a, b] = [nearestEven(ratios[0] * unit), sign * nearestEven(ratios[1] * unit)];
		return (x, y) => Math.floor((unit / 2 + x * a + y * b) / unit);
	}
	const most = 2 * Math.max(first, second);
	const [a, b] = [fixedPoint(first / most), fixedPoint(second / most)];
	const whole = fixedPoint(most / (2 ** sumBits * output));
	const fine = (word: number): bigint => BigInt(word) << BigInt(sumBits);
	return (x, y) => Number(multiplied(multiplied(fine(x), a) + BigInt(sign) * multiplied(fine(y), b), whole));
}

/** A number as a mantissa of 31 bits and an exponent. */
interface FixedPoint {
	readonly mantissa: bigint;
	readonly exponent: number;
}

function fixedPoint(value: number): FixedPoint {
	const exponent = value > 0 ? Math.floor(Math.log2(value)) + 1 : 0;
	const mantissa = Math.round((value / 2 ** exponent) * 2 ** 31);
	// A number this small is none for TensorFlow Lite.
	if (!(exponent >= -31 && exponent < 31)) return { mantissa: 0n, exponent: 0 };
	return mantissa === 2 ** 31
		? { mantissa: 2n ** 30n, exponent: exponent + 1 }
		: { mantissa: BigInt(mantissa), exponent };
}

/** A product with a mantissa, rounded (halves away from zero), then shifted and rounded again as `shifted` does. */
function multiplied(x: bigint, { mantissa, exponent }: FixedPoint, shifted = halvesAway): bigint {
	const doubled = halvesAway((x << BigInt(Math.max(0, exponent))) * mantissa, 31);
	return shifted(doubled, Math.max(0, -exponent));
}

function halvesUp(x: bigint, bits: number): bigint {
	return bits === 0 ? x : (x + (1n << BigInt(bits - 1))) >> BigInt(bits);
}

function halvesAway(x: bigint, bits: number): bigint {
	return x < 0n ? -halvesUp(-x, bits) : halvesUp(x, bits);
}

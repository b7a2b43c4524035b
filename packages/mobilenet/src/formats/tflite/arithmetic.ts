/**
 * Operators of TensorFlow Lite that scale and shift what they are given: ADD, SUB, MUL and DIV with a constant, and codes
 * that get another scale. They are how preprocessing inside a network is written, and batch norm that was not folded.
 */
import { shown } from "../../base/error.ts";
import type { Quantization } from "../../weights/parts.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { type Arithmetic, arithmeticTable, type CodeRange, requantizedTable } from "./code-tables.ts";
import { childTable, int8 } from "./flatbuffer.ts";
import { broken, dataPlace, described, foreign, type GraphTensor, isComputed, unsupported } from "./graph.ts";
import { type BareLayer, type Context, codesOf, fusedActivation } from "./operator.ts";
import { fields } from "./schema.ts";
import { type Numbers, numbersAt } from "./weights.ts";

type Affine = Extract<ChainLayer, { kind: "affine" }>;
export type ArithmeticOperator = Arithmetic | "DIV";

/** Scales so close are one and the same, but for its last bits. */
const sameScale = 1e-3;

/** y = factor · x + offset, with one number for all channels or one a channel. */
export function arithmetic(context: Context): readonly BareLayer[] {
	const { graph, operator, from, to } = context;
	const name = operator.name as ArithmeticOperator;
	const isFirst = dataPlace(graph, operator) === 1;
	const constant = constantOf(context, operator.inputs[isFirst ? 0 : 1] ?? -1);
	const numbers = constant.real;
	if (name === "DIV" && isFirst)
		throw foreign(graph.name, `the file is sound, but its DIV ${to.name} divides a constant by its input`);
	const factor = {
		ADD: [1],
		SUB: [isFirst ? -1 : 1],
		MUL: numbers,
		DIV: numbers.map((number) => 1 / number),
	}[name];
	const offset = {
		ADD: numbers,
		SUB: numbers.map((number) => (isFirst ? number : -number)),
		MUL: [0],
		DIV: [0],
	}[name];
	if (![...factor, ...offset].every(Number.isFinite))
		throw broken(graph.name, `its ${name} ${to.name} has a constant of ${shown(numbers)}`);
	const options = childTable(operator.table, fields.operator.options);
	const activation = fusedActivation(context, options ? int8(options, fields.arithmetic.activation) : 0);
	const input = rangeOf(context, from);
	const output = rangeOf(context, to);
	if ((input === undefined) !== (output === undefined))
		throw broken(graph.name, `its ${name} ${to.name} makes ${described(to)} of ${described(from)}`);
	if (!input || !output) return [{ kind: "affine", factor, offset }, ...activation];
	const { codes, quantization } = constant;
	if (!codes || !quantization || name === "DIV")
		throw unsupported(
			graph.name,
			`its ${name} ${to.name} is one of integers with ${codes ? "a constant that divides" : "a constant of floats"}, which is not read`,
		);
	const [scale = 0] = quantization.scale;
	const [zeroPoint = 0] = quantization.zeroPoint;
	const table = codes.flatMap((code) =>
		arithmeticTable(name, input, { scale, zeroPoint, least: input.least, code, isFirst }, output),
	);
	return [{ kind: "affine", factor, offset, table }, ...activation];
}

/** From floats to codes, or from uint8 to int8 and back, which no layer sees; or codes of another scale. */
export function requantize(context: Context): readonly BareLayer[] {
	const [input, output] = [rangeOf(context, context.from), rangeOf(context, context.to)];
	if (!input || !output) return [{ kind: "shape" }];
	const isSame =
		Math.abs(input.scale / output.scale - 1) < sameScale &&
		input.zeroPoint - input.least === output.zeroPoint - output.least;
	if (isSame) return [{ kind: "shape" }];
	const affine: Omit<Affine, "name"> = {
		kind: "affine",
		factor: [1],
		offset: [0],
		table: requantizedTable(input, output),
	};
	return [affine];
}

/** The constant beside the data: one number, or one a channel. */
function constantOf({ graph, operator, from, to }: Context, index: number): Numbers {
	if (isComputed(graph, index))
		throw foreign(
			graph.name,
			`the file is sound, but its ${operator.name} ${to.name} joins two branches where a chain was expected${operator.name === "ADD" ? "; it looks like MobileNet v2" : ""}`,
		);
	const constant = numbersAt(graph, index);
	const channels = from.shape.at(-1);
	const { length } = constant.real;
	const isPerChannel = constant.shape.at(-1) === length && (channels === -1 || channels === length);
	if (length !== 1 && !isPerChannel)
		throw foreign(
			graph.name,
			`the file is sound, but its ${operator.name} ${to.name} takes ${described(from)} and constants of the shape ${shown(constant.shape)} where one number or one a channel was expected`,
		);
	if (constant.quantization && constant.quantization.scale.length !== 1)
		throw unsupported(graph.name, `the constant of its ${operator.name} ${to.name} has several scales`);
	return constant;
}

/** What the codes of a tensor stand for; undefined where it holds floats. */
function rangeOf({ graph }: Context, tensor: GraphTensor): CodeRange | undefined {
	const quantization: Quantization | undefined = codesOf(graph, tensor);
	if (!quantization) return undefined;
	const [scale = 0] = quantization.scale;
	const [zeroPoint = 0] = quantization.zeroPoint;
	if (!(scale > 0)) throw broken(graph.name, `its ${described(tensor)} has the scale ${scale}`);
	return { scale, zeroPoint, least: tensor.type === "int8" ? -128 : 0 };
}

/**
 * Additions and multiplications of constants, which are a bias, a batch norm that is written out, or preprocessing; and
 * least and greatest values, which are an activation.
 */
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { biased } from "./convolutions.ts";
import { described, type Graph, type GraphNode, inputOf, type Source } from "./graph.ts";
import { type BareLayer, type Context, floatsAt, rowAt } from "./operator.ts";

/** y = x ∘ c, or c ∘ x. */
export function arithmetic(context: Context): readonly BareLayer[] {
	const { node } = context;
	const norm = node.op === "Mul" && writtenOut(context);
	if (norm) return [norm];
	const constant = constantNumber(context);
	const tensor = floatsAt(context, constant);
	if ((node.op === "Add" || node.op === "AddV2") && biased(context, tensor)) return [];
	return [affine(context, numbersOf(context, tensor), constant === 0)];
}

export function biasAdd(context: Context): readonly BareLayer[] {
	const bias = rowAt(context, 1);
	if (biased(context, bias)) return [];
	return [{ kind: "affine", factor: [1], offset: numbersOf(context, bias) }];
}

function affine({ graph, node }: Context, numbers: readonly number[], isFirst: boolean): BareLayer {
	const negative = (): readonly number[] => numbers.map((x) => -x);
	switch (node.op) {
		case "Mul":
			return { kind: "affine", factor: numbers, offset: [0] };
		case "Sub":
			return isFirst
				? { kind: "affine", factor: [-1], offset: numbers }
				: { kind: "affine", factor: [1], offset: negative() };
		case "RealDiv":
		case "Div":
			if (isFirst)
				refuse(graph, `${described(node)} divides by what is computed`, "not-mobilenet", node.name);
			return { kind: "affine", factor: numbers.map((x) => 1 / x), offset: [0] };
		default:
			return { kind: "affine", factor: [1], offset: numbers };
	}
}

/** Least and greatest values, one of which may be open. */
export function bounds(context: Context): readonly BareLayer[] {
	const { node } = context;
	const at = (number: number): number => onlyNumber(context, floatsAt(context, number));
	if (node.op === "ClipByValue") return [clip(at(1), at(2))];
	const bound = at(constantNumber(context));
	return [
		node.op === "Maximum" ? clip(bound, Number.POSITIVE_INFINITY) : clip(Number.NEGATIVE_INFINITY, bound),
	];
}

function clip(low: number, high: number): BareLayer {
	return { kind: "activation", activation: "clip", bounds: { low, high } };
}

/**
 * A batch norm that is written out: x · s + (β − μ · s), where s = γ / √(σ² + ε), or the same without γ. The addition is
 * read with it.
 */
function writtenOut(context: Context): BareLayer | undefined {
	const { graph, constants, node, following, done } = context;
	const [addition] = following;
	if (!addition || !/^Add(V2)?$/.test(addition.op)) return undefined;
	const scale = through(graph, inputOf(graph, node, constantNumber(context)));
	const shift = through(graph, inputOf(graph, addition, constantNumber({ ...context, node: addition })));
	const scaled = inputsOf(graph, scale);
	const [root, gamma] =
		scale.op === "Rsqrt"
			? [scale]
			: scale.op === "Mul"
				? scaled[0]?.op === "Rsqrt"
					? scaled
					: [scaled[1], scaled[0]]
				: [];
	const [deviation] = root?.op === "Rsqrt" ? inputsOf(graph, root) : [];
	const [beta, moved] = shift.op === "Sub" ? inputsOf(graph, shift) : [];
	const factors = moved?.op === "Mul" ? inputsOf(graph, moved) : [];
	const mean = factors[0] === scale ? factors[1] : factors[1] === scale ? factors[0] : undefined;
	if (!deviation || !/^Add(V2)?$/.test(deviation.op) || !beta || !mean) return undefined;
	const row = (of: GraphNode): Tensor | undefined => {
		const tensor = constants.valueOf({ node: of, port: 0 });
		return isFloat(tensor) && tensor.shape.length === 1 ? tensor : undefined;
	};
	const summands = inputsOf(graph, deviation).map((of) => constants.valueOf({ node: of, port: 0 }));
	const epsilon = summands.find(({ shape }) => shape.length === 0);
	const variance = summands.find(({ shape }) => shape.length === 1);
	const [mu, offset, factor] = [row(mean), row(beta), gamma && row(gamma)];
	if (!epsilon || !variance || !mu || !offset || (gamma && !factor)) return undefined;
	done.add(addition);
	return {
		kind: "batchNorm",
		...(factor && { weight: factor }),
		bias: offset,
		mean: mu,
		variance,
		epsilon: epsilon.data[0]!,
	};
}

function inputsOf(graph: Graph, node: GraphNode): readonly GraphNode[] {
	return node.inputs.slice(0, 2).map((_, i) => through(graph, inputOf(graph, node, i)));
}

/** The node that a value is of, behind those that only hand it on. */
function through(graph: Graph, { node }: Source): GraphNode {
	let from = node;
	for (let i = 0; i < 8 && (from.op === "Identity" || from.op === "ReadVariableOp"); i++)
		from = inputOf(graph, from, 0).node;
	return from;
}

/** Which of two inputs is the constant. */
function constantNumber({ graph, constants, node }: Context): number {
	return constants.has(inputOf(graph, node, 0)) ? 0 : 1;
}

/** One number for all channels or one for each, the last axis. */
function numbersOf({ graph, node }: Context, tensor: Tensor): readonly number[] {
	const { shape } = tensor;
	const size = sizeOf(shape);
	if (!isFloat(tensor) || (size !== 1 && size !== shape.at(-1)))
		return refuse(
			graph,
			`${described(node)} has constants of the shape ${shown(shape)} where one number was expected, or one a channel`,
			"unsupported",
			node.name,
		);
	return [...float32Of(tensor)];
}

function onlyNumber(context: Context, tensor: Tensor): number {
	const [number = 0, ...others] = numbersOf(context, tensor);
	if (others.length > 0)
		refuse(
			context.graph,
			`${described(context.node)} has ${others.length + 1} bounds where one was expected`,
			"unsupported",
			context.node.name,
		);
	return number;
}

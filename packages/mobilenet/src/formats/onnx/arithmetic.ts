/**
 * Additions and multiplications of constants, which are a bias or preprocessing; least and greatest values, which are an
 * activation.
 */
import { biased } from "./convolutions.ts";
import {
	type BareLayer,
	type Context,
	constantIn,
	foreignNode,
	hasInput,
	numberIn,
	rowIn,
} from "./operator.ts";

/** y = x ∘ c, or c ∘ x. */
export function arithmetic(context: Context): readonly BareLayer[] {
	const { node } = context;
	const number = constantNumber(context);
	const numbers = rowIn(context, number);
	if (node.operator === "Add" && biased(context, constantIn(context, number).tensor)) return [];
	const inverse = (): readonly number[] => numbers.map((x) => 1 / x);
	switch (node.operator) {
		case "Mul":
			return [{ kind: "affine", factor: numbers, offset: [0] }];
		case "Div":
			if (number === 0) foreignNode(context, "divides by what is computed");
			return [{ kind: "affine", factor: inverse(), offset: [0] }];
		case "Sub":
			return number === 0
				? [{ kind: "affine", factor: [-1], offset: numbers }]
				: [{ kind: "affine", factor: [1], offset: numbers.map((x) => -x) }];
		default:
			return [{ kind: "affine", factor: [1], offset: numbers }];
	}
}

export function clip(context: Context): readonly BareLayer[] {
	const { node } = context;
	const end = (number: number, name: string, usual: number): number => {
		if (hasInput(context, number)) return numberIn(context, number);
		return node.attributes.get(name)?.number ?? usual;
	};
	return [clipOf(end(1, "min", Number.NEGATIVE_INFINITY), end(2, "max", Number.POSITIVE_INFINITY))];
}

/** The greatest float stands for none in old files. */
const open = 3.4e38;

function clipOf(low: number, high: number): BareLayer {
	return {
		kind: "activation",
		activation: "clip",
		bounds: {
			low: low <= -open ? Number.NEGATIVE_INFINITY : low,
			high: high >= open ? Number.POSITIVE_INFINITY : high,
		},
	};
}

/** The least of the picture and a number. */
export function least(context: Context): readonly BareLayer[] {
	return [clipOf(Number.NEGATIVE_INFINITY, numberIn(context, constantNumber(context)))];
}

/** The greatest of the picture and a number. */
export function greatest(context: Context): readonly BareLayer[] {
	return [clipOf(numberIn(context, constantNumber(context)), Number.POSITIVE_INFINITY)];
}

/** Which of two inputs is the constant. */
function constantNumber({ constants, node }: Context): number {
	return constants.has(node.inputs[0] ?? "") ? 0 : 1;
}

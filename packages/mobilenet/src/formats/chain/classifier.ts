/**
 * Several dense layers with nothing between them made one: W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂). Networks
 * that put a new classifier on top of the old one's logits have them.
 */
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { float32, sameShape, sizeOf, type Tensor } from "../../weights/tensor.ts";
import type { Chain } from "./chain.ts";
import { type Dense, refuse } from "./units.ts";

/** Beyond this a file is asking for seconds of work, not describing a classifier. */
const most = { multiplications: 1e10, timesItsSize: 4 } as const;

/** One classifier of the same results, and a note where there were several; computed in float64. */
export function mergedClassifier(
	chain: Chain,
	classifiers: readonly Dense[],
): { readonly classifier: Dense | undefined; readonly notes: readonly string[] } {
	const [first, ...others] = classifiers;
	if (!first || others.length === 0) return { classifier: first, notes: [] };
	let merged = first;
	for (const next of others) merged = product(chain, merged, next);
	return {
		classifier: merged,
		notes: [
			`It ends with ${classifiers.length} dense layers with nothing between them (${classifiers.map(({ name }) => name).join(", ")}); they are multiplied into one classifier.`,
		],
	};
}

function product(chain: Chain, first: Dense, second: Dense): Dense {
	const [middle = 0, inputs = 0] = first.weight.tensor.shape;
	const [outputs = 0] = second.weight.tensor.shape;
	const w1 = floats(chain, first, "weights", first.weight.tensor, [middle, inputs]);
	const w2 = floats(chain, second, "weights", second.weight.tensor, [outputs, middle]);
	const b1 = first.bias && floats(chain, first, "bias", first.bias.tensor, [middle]);
	const b2 = second.bias && floats(chain, second, "bias", second.bias.tensor, [outputs]);
	if (
		outputs * middle * inputs > most.multiplications ||
		outputs * inputs > most.timesItsSize * (w1.length + w2.length)
	)
		refuse(
			chain,
			`the dense layers ${first.name} and ${second.name} cannot be made one: their product of ${outputs} × ${inputs} numbers is far larger than they are`,
			"unsupported",
		);
	const weight = new Float32Array(outputs * inputs);
	const bias = new Float32Array(outputs);
	const row = new Float64Array(inputs);
	for (let o = 0; o < outputs; o++) {
		row.fill(0);
		let sum = b2?.[o] ?? 0;
		for (let m = 0; m < middle; m++) {
			const factor = w2[o * middle + m]!;
			for (let i = 0; i < inputs; i++) row[i]! += factor * w1[m * inputs + i]!;
			sum += factor * (b1?.[m] ?? 0);
		}
		weight.set(row, o * inputs);
		bias[o] = sum;
	}
	return {
		kind: "dense",
		name: `${first.name}, ${second.name}`,
		weight: { tensor: float32(weight, [outputs, inputs]) },
		bias: { tensor: float32(bias) },
	};
}

function floats(
	chain: Chain,
	{ name }: Dense,
	what: string,
	tensor: Tensor,
	shape: readonly number[],
): Float32Array {
	if (!isFloat(tensor))
		return refuse(
			chain,
			`the dense layer ${name} follows or is followed by another with nothing between them, which can be made one only of floats, and its ${what} ${what === "weights" ? "are" : "is"} ${tensor.dtype}`,
			"unsupported",
			name,
		);
	if (!sameShape(tensor.shape, shape) || tensor.data.length !== sizeOf(shape))
		return refuse(
			chain,
			`the ${what} of the dense layer ${name} should have the shape ${shown(shape)}, but ${tensor.data.length} numbers have the shape ${shown(tensor.shape)}`,
			"broken-file",
			name,
		);
	return float32Of(tensor);
}

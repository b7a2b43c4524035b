/**
 * A network between two others: weights on the straight line from one to the other. Between a network and one that was
 * fine-tuned from it, the middle is often better than both ends.
 *
 * Source: Wortsman and others 2022, "Robust fine-tuning of zero-shot models".
 */
import type { Model } from "../../weights/model.ts";
import { float32 } from "../../weights/tensor.ts";

/**
 * @param from a network in float32, without quantization
 * @param to the same network with other weights
 * @param share 0 is `from`, 1 is `to`
 */
export function blend(from: Model, to: Model, share: number): Model {
	if (share === 1) return to;
	const tensors = new Map(
		[...to.tensors].map(([name, tensor]) => {
			const other = from.tensors.get(name);
			if (tensor.dtype !== "F32" || other?.dtype !== "F32") return [name, tensor];
			const start = other.data;
			return [
				name,
				float32(
					tensor.data.map((x, i) => start[i]! + share * (x - start[i]!)),
					tensor.shape,
				),
			];
		}),
	);
	return { ...to, tensors };
}

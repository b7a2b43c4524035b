/**
 * A trained network in half the bytes, for the repository to keep: weights in IEEE half precision. What is one number a
 * channel stays in float32: biases and batch norm's statistics are a fiftieth of the bytes, and a variance may be larger
 * or smaller than half precision goes.
 */
import { MobileNetError } from "../../packages/mobilenet/src/base/error.ts";
import type { Model } from "../../packages/mobilenet/src/weights/model.ts";
import type { Tensor } from "../../packages/mobilenet/src/weights/tensor.ts";

/** From here on a number rounds to infinity. */
const tooLarge = 65520;

/** @throws MobileNetError `broken-file` for a weight beyond half precision, or not finite */
export function halved(model: Model): Model {
	const tensors = [...model.tensors].map(([name, tensor]): readonly [string, Tensor] => {
		if (tensor.dtype !== "F32" || tensor.shape.length < 2) return [name, tensor];
		const wrong = tensor.data.find((x) => !(Math.abs(x) < tooLarge));
		if (wrong !== undefined)
			throw new MobileNetError(
				"broken-file",
				`${name} holds ${wrong}, which is no number in half precision.`,
			);
		return [
			name,
			{ dtype: "F16", shape: tensor.shape, data: new Uint16Array(Float16Array.from(tensor.data).buffer) },
		];
	});
	return { ...model, tensors: new Map(tensors) };
}

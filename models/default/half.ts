/**
 * A trained network in half the bytes, for the repository to keep: weights in IEEE half precision. What is one number a
 * channel stays in float32: biases and batch norm's statistics are a fiftieth of the bytes, and a variance may be larger
 * or smaller than half precision goes.
 */
import { MobileNetError } from "../../packages/mobilenet/src/base/error.ts";
import type { Model, Tensor } from "../../packages/mobilenet/src/weights/record.ts";

/** The least exponent of numbers with a full fraction. */
const leastExponent = -14;
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
		return [name, { dtype: "F16", shape: tensor.shape, data: Uint16Array.from(tensor.data, halfOf) }];
	});
	return { ...model, tensors: new Map(tensors) };
}

/** The bits of the nearest half, of two equally near ones the even one: sign, five of exponent, ten of fraction. */
function halfOf(x: number): number {
	const magnitude = Math.abs(x);
	const exponent = Math.max(exponentOf(magnitude), leastExponent);
	// In steps of the last bit: 1024 to 2047, fewer for subnormals, or 2048 and thereby the next exponent's first.
	const steps = evenRound(magnitude / 2 ** (exponent - 10));
	return (x < 0 ? 0x8000 : 0) | (((exponent - leastExponent) << 10) + steps);
}

function exponentOf(magnitude: number): number {
	return (new Uint32Array(Float32Array.of(magnitude).buffer)[0]! >>> 23) - 127;
}

function evenRound(x: number): number {
	const floor = Math.floor(x);
	return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}

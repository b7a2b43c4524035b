/** Keras's layers that take the picture together: pools over the whole of it, and reshaping it to a row of numbers. */
import { shown } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { type Context, convolved, type Reader } from "./context.ts";
import { nameOf, pair } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";

type Pooling = "average" | "max";

export function globalPool(pooling: Pooling): Reader {
	return (layer, context) => {
		context.pooled = true;
		return [pool(layer, pooling)];
	};
}

/** A pool whose window takes in the whole picture is global. */
export function windowPool(pooling: Pooling): Reader {
	return (layer, context) => {
		const window = pair(layer, context, "pool_size", layer.config.pool_size ?? 2);
		const { picture } = context;
		const said = picture ? `${picture[1]}×${picture[0]}` : "not known";
		const stride = pair(layer, context, "strides", layer.config.strides ?? window);
		const output = convolved(picture, window, stride, layer.config.padding === "same" ? "same" : "valid");
		if (picture?.join() !== window.join() || output?.join() !== "1,1")
			refuse(
				context,
				`the layer ${nameOf(layer)} takes the ${pooling} of ${window[1]}×${window[0]} pixels where the whole picture (${said}) was expected`,
			);
		context.pooled = true;
		return [pool(layer, pooling)];
	};
}

function pool(layer: KerasLayer, pooling: Pooling): ChainLayer {
	return { kind: "pool", name: nameOf(layer), ...(pooling === "max" && { pooling }) };
}

/** The picture as one row of numbers; after a pool it is one. */
export function flatten(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const name = nameOf(layer);
	if (context.pooled) return [{ kind: "shape", name }];
	context.pooled = true;
	return [{ kind: "flatten", name, order: "hwc" }];
}

/** To one row of numbers, or to the shape that the picture has; after a pool to any. */
export function reshape(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { target_shape: shape } = layer.config;
	if (context.pooled || (Array.isArray(shape) && shape.length === 1)) return flatten(layer, context);
	const [height, width] = context.picture ?? [];
	if (!(Array.isArray(shape) && shape.length === 3 && shape[0] === height && shape[1] === width))
		refuse(
			context,
			`the layer ${nameOf(layer)} reshapes the picture to ${shown(shape)} where a pool or one row of numbers was expected`,
		);
	return [{ kind: "shape", name: nameOf(layer) }];
}

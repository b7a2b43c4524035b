/**
 * What takes the picture together in TensorFlow Lite: pools over the whole of it, and reshaping it to a row of numbers.
 * A MobileNet v1 has no other pools.
 */
import { shown } from "../../base/error.ts";
import { int8, int32 } from "./flatbuffer.ts";
import { described, foreign } from "./graph.ts";
import { type BareLayer, type Context, fusedActivation, optionsOf } from "./operator.ts";
import { fields, optionTypes } from "./schema.ts";
import { integersAt } from "./weights.ts";

type Pooling = "average" | "max";

/** A pool whose window is the whole picture. */
export function pool(pooling: Pooling): (context: Context) => readonly BareLayer[] {
	return (context) => {
		const { graph, from, to } = context;
		const options = optionsOf(context, optionTypes.AVERAGE_POOL_2D);
		const f = fields.pool;
		const filter = [int32(options, f.filterHeight), int32(options, f.filterWidth)];
		const [, height, width] = from.shape;
		const [, outputHeight, outputWidth] = to.shape;
		const global = filter[0] === height && filter[1] === width && outputHeight === 1 && outputWidth === 1;
		if (from.shape.length !== 4 || !global)
			throw foreign(
				graph.name,
				`the file is sound, but its ${pooling} pool ${to.name} of ${filter.join("×")} pixels does not take in the whole of ${described(from)}`,
			);
		return [poolLayer(pooling), ...fusedActivation(context, int8(options, f.activation))];
	};
}

/** A mean or a maximum over height and width. */
export function reduction(pooling: Pooling): (context: Context) => readonly BareLayer[] {
	const what = pooling === "average" ? "mean" : "maximum";
	return ({ graph, operator, from, to }) => {
		const axes = integersAt(graph, operator.inputs[1], "the axes").map((axis) =>
			axis < 0 ? axis + 4 : axis,
		);
		if (from.shape.length !== 4 || axes.toSorted((a, b) => a - b).join() !== "1,2")
			throw foreign(
				graph.name,
				`the file is sound, but its ${what} ${to.name} is over the axes ${shown(axes)} of ${described(from)} where 1 and 2, height and width, were expected`,
			);
		return [poolLayer(pooling)];
	};
}

function poolLayer(pooling: Pooling): BareLayer {
	return pooling === "average" ? { kind: "pool" } : { kind: "pool", pooling };
}

/** Nothing, after a pool or where the picture stays as it is; else the picture as one row of numbers. */
export function reshape({ graph, from, to, pooled }: Context): readonly BareLayer[] {
	const isSame =
		to.shape.length === from.shape.length &&
		to.shape.every((length, axis) => axis === 0 || length === from.shape[axis]);
	if (pooled || isSame) return [{ kind: "shape" }];
	if (to.shape.length !== 2)
		throw foreign(
			graph.name,
			`the file is sound, but ${described(from)} is reshaped to ${described(to)} where a pool or one row of numbers was expected`,
		);
	return [row];
}

/** Before a dense layer, which takes a picture as one row of numbers without an operator that makes it so. */
export function rowOf({ from, pooled }: Context): readonly BareLayer[] {
	return pooled || from.shape.length <= 2 ? [] : [row];
}

const row: BareLayer = { kind: "flatten", order: "hwc" };

/** What makes a row of numbers of a picture: pools that take in the whole of it, means and greatest values, flattening. */
import { shown } from "../../base/error.ts";
import { outputCodes, outputOf, paddingOf } from "./convolutions.ts";
import {
	type BareLayer,
	type Context,
	foreignNode,
	hasInput,
	integersAttribute,
	integersIn,
} from "./operator.ts";

export function pooled({ form }: Context, pooling: "average" | "max"): readonly BareLayer[] {
	form.isRow = true;
	return [{ kind: "pool", pooling }];
}

export function integerPool(context: Context): readonly BareLayer[] {
	const output = outputCodes(context, 3, 4);
	return pooled(context, "average").map((layer) => ({ ...layer, output }));
}

/** Global, or refused: the only pool of a MobileNet v1 takes in the whole picture. */
export function windowed(context: Context, pooling: "average" | "max"): readonly BareLayer[] {
	const { form } = context;
	const [height = 0, width = 0] = integersAttribute(context, "kernel_shape") ?? [];
	const stride = integersAttribute(context, "strides") ?? [1, 1];
	const [rows, columns] = form.picture ?? [height, width];
	const padding = paddingOf(context, [height, width]);
	const result = outputOf([rows, columns], [height, width], [stride[0] ?? 1, stride[1] ?? 1], padding);
	if (rows !== height || columns !== width || result.join() !== "1,1")
		foreignNode(
			context,
			`pools ${height}×${width} pixels where the whole picture (${rows}×${columns}) was expected`,
		);
	return pooled(context, pooling);
}

export function reduced(context: Context, pooling: "average" | "max"): readonly BareLayer[] {
	const { form } = context;
	const given = integersAttribute(context, "axes") ?? (hasInput(context, 1) ? integersIn(context, 1) : []);
	const axes = given.map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b);
	const expected = form.layout === "nhwc" ? "1,2" : "2,3";
	if (axes.join() !== expected)
		foreignNode(
			context,
			`reduces the axes ${shown(given)} where ${expected}, height and width, were expected`,
		);
	return pooled(context, pooling);
}

/** Before the pool, all numbers of the picture as one row; after it nothing happens to them. */
export function flattened({ form }: Context): readonly BareLayer[] {
	if (form.isRow) return [{ kind: "shape" }];
	form.isRow = true;
	return [{ kind: "flatten", order: form.layout === "nhwc" ? "hwc" : "chw" }];
}

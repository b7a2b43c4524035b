/** What a model is computed in, and the executor for that: float32, or integers where the model is of integers. */
import { MobileNetError, shown } from "../base/error.ts";
import type { Arithmetic, KernelSet } from "../kernels/operations.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import { dequantize } from "../weights/dequantize.ts";
import { fold } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { createExecutor, type Executor } from "./executor.ts";
import { integers, runsInIntegers } from "./integers.ts";
import { type InferenceOptions, inferencePlan } from "./plans/inference.ts";
import { int8Plan } from "./plans/int8.ts";

/**
 * What a model is computed in: what is asked for if that can be, else integers where they can be.
 *
 * @throws MobileNetError `usage` where integers are asked for and the model is not of integers throughout
 */
export function arithmeticOf(model: Model, asked: Arithmetic | undefined): Arithmetic {
	if (asked !== undefined && asked !== "float" && asked !== "integer")
		throw new MobileNetError("usage", `arithmetic must be "float" or "integer", not ${shown(asked)}.`);
	const can = runsInIntegers(model);
	if (asked === "integer" && !can)
		throw new MobileNetError(
			"usage",
			"the model cannot run in integers, for its weights and activations are not all quantized: quantize it first, or leave arithmetic to the model.",
		);
	return asked ?? (can ? "integer" : "float");
}

/** The kernels for a model: how integers round is a module's own. */
export function kernelSetFor(model: Model, arithmetic: Arithmetic): KernelSet {
	return arithmetic === "integer" && model.rounding === "reference" ? "fixedPoint" : arithmetic;
}

/** Plans a model in an arithmetic and lays it in memory; `loaded` holds the kernels that `kernelSetFor` names. */
export function executorFor(
	model: Model,
	arithmetic: Arithmetic,
	options: InferenceOptions,
	loaded: LoadedBuild,
): Executor {
	const plan =
		arithmetic === "integer"
			? int8Plan(model, { ...options, bytes: "int8ByteSeparable" in loaded.kernels })
			: inferencePlan(model, options);
	return createExecutor(plan, preparedFor(model, arithmetic), loaded);
}

/** A model as executors of an arithmetic take it. */
export function preparedFor(model: Model, arithmetic: Arithmetic): Model {
	return arithmetic === "integer" ? integers(model) : fold(dequantize(model));
}

/** What a model is computed in, float32 or integers, and an executor for it. */
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
 * The arithmetic for a model: what is requested, by default integers if the model is fully quantized, else float.
 *
 * @throws MobileNetError `usage` if integers are requested and the model is not fully quantized
 */
export function arithmeticOf(model: Model, asked: Arithmetic | undefined): Arithmetic {
	if (asked !== undefined && asked !== "float" && asked !== "integer")
		throw new MobileNetError("usage", `arithmetic must be "float" or "integer", not ${shown(asked)}.`);
	const can = runsInIntegers(model);
	if (asked === "integer" && !can)
		throw new MobileNetError(
			"usage",
			"the model cannot run in integers, because its weights and activations are not all quantized: quantize it first, or omit arithmetic.",
		);
	return asked ?? (can ? "integer" : "float");
}

/** The kernel set for a model; modules for integers differ in how they round. */
export function kernelSetFor(model: Model, arithmetic: Arithmetic): KernelSet {
	return arithmetic === "integer" && model.rounding === "reference" ? "fixedPoint" : arithmetic;
}

/** Plans a model in an arithmetic and places it in memory; `loaded` must hold the kernel set of `kernelSetFor`. */
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

/** Converts a model to what executors of an arithmetic take. */
export function preparedFor(model: Model, arithmetic: Arithmetic): Model {
	return arithmetic === "integer" ? integers(model) : fold(dequantize(model));
}

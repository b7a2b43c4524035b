/** What a model is computed in, float32 or integers, and an executor for it. */
import { MobileNetError, shown } from "../base/error.ts";
import type { Arithmetic, KernelSet } from "../kernels/operations.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Configuration } from "../network/configuration.ts";
import { headActivationOf, isConvolution, type Layer } from "../network/layers.ts";
import { dequantize } from "../weights/dequantize.ts";
import { fold } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { inputNames } from "../weights/names.ts";
import { type Codes, partsOf } from "../weights/parts.ts";
import { createExecutor, type Executor } from "./executor.ts";
import type { Planner } from "./planner.ts";
import { type InferenceOptions, inferencePlan } from "./plans/inference.ts";

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

/** Float32, without batch norm. */
export const floatPlanner: Planner = {
	plan: inferencePlan,
	prepare: (model) => fold(dequantize(model)),
};

/** The planner of an arithmetic. That of integers is imported only here, so that floats do without it. */
export async function plannerFor(arithmetic: Arithmetic): Promise<Planner> {
	return arithmetic === "float" ? floatPlanner : (await import("./integer-planner.ts")).integerPlanner;
}

/** Plans a model and places it in memory. */
export function executorFor(
	model: Model,
	planner: Planner,
	options: InferenceOptions,
	loaded: LoadedBuild,
): Executor {
	return createExecutor(planner.plan(model, options, loaded), planner.prepare(model), loaded);
}

/** Whether a model is fully quantized: integer weights and activations in every layer. */
export function runsInIntegers(model: Model): boolean {
	const { configuration, tensors } = model;
	if (!tensors.has(inputNames.scale)) return false;
	return partsOf(model).layers.every((own, i, all) =>
		own.weight
			? (own.weight.dtype === "I8" || own.weight.dtype === "U8") &&
				(own.bias === undefined || own.bias.dtype === "I32") &&
				own.output !== undefined &&
				own.norm === undefined &&
				(own.linear !== undefined || !isTable(own.layer, configuration))
			: own.layer.kind === "pool" || !own.output || sameCodes(own.output, all[i - 1]!.output),
	);
}

/** Whether bounds cannot express a layer's activation, so that its words go through a table. */
function isTable(layer: Layer, configuration: Configuration): boolean {
	if (isConvolution(layer)) return configuration.activation === "leakyRelu";
	const activation = headActivationOf(layer, configuration);
	return activation === "tanh" || activation === "sigmoid";
}

/** Only a mean can give out other codes than it takes. */
function sameCodes(one: Codes, other: Codes | undefined): boolean {
	return one.scale === other?.scale && one.zeroPoint === other.zeroPoint;
}

import type { LoadedBuild } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import type { Plan } from "./plan.ts";
import type { InferenceOptions } from "./plans/inference.ts";

/** How an arithmetic is planned, and what its plans compute with. */
export interface Planner {
	/** @param loaded holds the kernel set of `kernelSetFor` */
	readonly plan: (model: Model, options: InferenceOptions, loaded: LoadedBuild) => Plan;
	/** The model as executors of such plans take it. */
	readonly prepare: (model: Model) => Model;
}

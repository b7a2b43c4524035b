/** A model made ready to run: its options applied, the arithmetic, the threads and the build of the kernels chosen. */
import { MobileNetError } from "../base/error.ts";
import { arithmeticOf, kernelSetFor, plannerFor } from "../engine/arithmetic.ts";
import type { Planner } from "../engine/planner.ts";
import { threadsFor } from "../engine/threads.ts";
import { type ChosenBuild, loadBuild } from "../kernels/load.ts";
import type { Arithmetic } from "../kernels/operations.ts";
import { checkTensors } from "../weights/check.ts";
import type { Model } from "../weights/model.ts";
import { changedModel } from "./changed-model.ts";
import type { RunOptions } from "./options.ts";

export interface ReadyModel extends ChosenBuild {
	/** As the options changed it. */
	readonly model: Model;
	readonly arithmetic: Arithmetic;
	readonly planner: Planner;
	/** The most threads that run it. */
	readonly threads: number;
}

/**
 * Makes a model ready.
 *
 * @throws MobileNetError `configuration` or `usage` if an option is not valid, `broken-file` if the model lacks tensors,
 *   `unsupported` if its answers are always the same, `engine` if no build runs here
 */
export async function readyModel(given: Model, options: RunOptions): Promise<ReadyModel> {
	const model = changedModel(given, options);
	checkTensors(model);
	checkAnswers(model);
	const threads = threadsFor(model.configuration, options.threads);
	const arithmetic = arithmeticOf(model, options.arithmetic);
	const kernelSet = kernelSetFor(model, arithmetic);
	const [planner, { loaded, skippedBuilds }] = await Promise.all([
		plannerFor(arithmetic),
		loadBuild({ build: options.build, shared: threads > 1, kernelSet }),
	]);
	return { model, arithmetic, planner, threads, loaded, skippedBuilds };
}

/** A softmax over one class is 1 whatever the picture. */
function checkAnswers({ configuration: { head, output, classes } }: Model): void {
	if (head && output === "softmax" && classes === 1)
		throw new MobileNetError(
			"unsupported",
			"the model has a softmax over a single class, which is 1 for every picture: a network of one output takes a sigmoid.",
		);
}

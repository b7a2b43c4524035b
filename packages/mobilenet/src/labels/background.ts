/**
 * The background class: an output for nothing in particular, the first one in Google's checkpoints. Answers leave it out,
 * and class numbers do not count it.
 */
import type { Label } from "../weights/model.ts";

/** The name by which the background class is recognized. */
export const backgroundName = "background";

/**
 * Outputs before class 0: 1 if the first output is a background class, otherwise 0. Answers leave it out; `run` and
 * `probabilitiesEach` do not.
 *
 * @example
 * const classes = model.configuration.classes - backgroundOutputs(model.labels);
 */
export function backgroundOutputs(labels: readonly Label[] | undefined): 0 | 1 {
	return labels?.[0]?.name === backgroundName ? 1 : 0;
}

/**
 * The background class: an output that stands for nothing in particular, which Google's checkpoints have first. People
 * never mean it: answers leave it out, and class numbers do not count it.
 */
import type { Label } from "../weights/model.ts";

/** The name by which the background class is recognized. */
export const backgroundName = "background";

/**
 * Outputs before that of class 0: 1 where the first output is a background class, else 0. Answers leave it out; `run` and
 * `probabilitiesEach` do not.
 *
 * @example
 * const classes = model.configuration.classes - backgroundOutputs(model.labels);
 */
export function backgroundOutputs(labels: readonly Label[] | undefined): 0 | 1 {
	return labels?.[0]?.name === backgroundName ? 1 : 0;
}

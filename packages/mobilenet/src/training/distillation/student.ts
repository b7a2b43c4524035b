/** Gives a student the outputs that it should learn. */
import { checkTrainable } from "../../engine/trainable.ts";
import { type Configuration, configure } from "../../network/configuration.ts";
import { initialize, randomFormat } from "../../weights/initialize.ts";
import type { Label, Model } from "../../weights/model.ts";
import { linearHead, withHead } from "../head.ts";

/** The outputs of a student. */
export interface Outputs {
	readonly kind: "probabilities" | "embedding";
	readonly count: number;
	/** Undefined for an embedding, and for classes without names. */
	readonly labels: readonly Label[] | undefined;
	/** The initial bias of the classifier. Default: 0. */
	readonly bias?: Float32Array | undefined;
}

/** Whether training has changed a network's weights. */
export function isTrained({ source }: Model): boolean {
	return source.format !== randomFormat;
}

/**
 * The student with these outputs. A trained classifier that has them stays; any other is replaced.
 *
 * @param seed for the random weights of a new classifier
 * @throws MobileNetError `unsupported` for a student that cannot be trained yet
 */
export function studentWith(student: Model, outputs: Outputs, seed: number): Model {
	const { kind, count, labels, bias } = outputs;
	// An embedding does not consist of probabilities.
	const shaped = (configuration: Configuration): Configuration =>
		kind === "embedding" ? configure({ ...configuration, output: "logits" }) : configuration;
	// Whoever makes a new student with another head wants to keep it.
	const isKept = !isTrained(student) || hasOutputs(student, outputs);
	checkTrainable({ ...student.configuration, ...(!isKept && { ...linearHead, output: "softmax" }) });
	if (isTrained(student) && hasOutputs(student, outputs))
		return { ...student, configuration: shaped(student.configuration) };
	const { tensors } = initialize(
		configure({ ...student.configuration, ...linearHead, classes: count, output: "logits" }),
		{ seed },
	);
	const weight = tensors.get("classifier.weight")!;
	const classifier = {
		weights: weight.data as Float32Array,
		bias: bias ?? new Float32Array(count),
		classes: count,
		features: weight.shape[1]!,
	};
	const { labels: _, ...model } = withHead(student, classifier, labels ?? numbered(count));
	return { ...model, configuration: shaped(model.configuration), ...(labels && { labels }) };
}

function hasOutputs({ configuration, labels: own }: Model, { count, labels }: Outputs): boolean {
	if (!configuration.head || configuration.classes !== count) return false;
	if (!own || !labels) return !own && !labels;
	return own.every(({ name }, i) => name === labels[i]!.name);
}

/** Classes named by their numbers. */
export function numbered(count: number): readonly Label[] {
	return Array.from({ length: count }, (_, number) => ({ name: `${number}` }));
}

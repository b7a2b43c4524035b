/** The network that is to learn from a teacher: random weights or a trained one's, with the outputs that it is to have. */
import { changedModel } from "../model/changed-model.ts";
import { loadModel } from "../model/source.ts";
import { type Configuration, configure } from "../network/configuration.ts";
import { withHead } from "../training/head.ts";
import { initialize } from "../training/index.ts";
import type { Label, Model } from "../weights/model.ts";
import type { DistillOptions } from "./options/distill.ts";
import { configurationOf } from "./options/network.ts";

/** What a student is to say. */
export interface Outputs {
	readonly count: number;
	/** None for an embedding, and for classes that have no names. */
	readonly labels: readonly Label[] | undefined;
	/** Where its classifier's bias begins; at 0 if not given. */
	readonly bias?: Float32Array | undefined;
}

export async function studentOf(options: DistillOptions, outputs: Outputs, seed: number): Promise<Model> {
	const { from, size, embedding } = options;
	const { count, labels, bias } = outputs;
	// An embedding is no probability.
	const shaped = (configuration: Configuration): Configuration =>
		embedding ? configure({ ...configuration, output: "logits" }) : configuration;
	const named = (model: Model): Model => {
		const { labels: _, ...rest } = model;
		return { ...rest, configuration: shaped(model.configuration), ...(labels && { labels }) };
	};
	if (from === undefined) {
		const { tensors, ...random } = initialize(configurationOf(options, count), { seed });
		return named({
			...random,
			tensors: bias
				? new Map(tensors).set("classifier.bias", { dtype: "F32", shape: [count], data: bias })
				: tensors,
		});
	}
	const trained = changedModel(await loadModel(from), { size });
	if (hasOutputs(trained, outputs)) return trained;
	const { tensors } = initialize(configure({ ...trained.configuration, classes: count, head: true }), {
		seed,
	});
	const weight = tensors.get("classifier.weight")!;
	const classifier = {
		weights: weight.data as Float32Array,
		bias: bias ?? new Float32Array(count),
		classes: count,
		features: weight.shape[1]!,
	};
	return named(withHead(trained, classifier, labels ?? numbered(count)));
}

/** Whether a trained network's classifier may stay. */
function hasOutputs({ configuration, labels: own }: Model, { count, labels }: Outputs): boolean {
	if (!configuration.head || configuration.classes !== count) return false;
	if (!own || !labels) return !own && !labels;
	return own.every(({ name }, i) => name === labels[i]!.name);
}

/** Classes that are called by their numbers. */
export function numbered(count: number): readonly Label[] {
	return Array.from({ length: count }, (_, number) => ({ name: `${number}` }));
}

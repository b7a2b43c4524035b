/** The new classifier of a transfer, and its place in the network. */
import type { Dataset } from "../../data/dataset.ts";
import type { Model } from "../../weights/model.ts";
import { trainedFrom } from "../../weights/origin.ts";
import type { Embeddings } from "../embeddings.ts";
import { type Classifier, type Head, trainHead, withHead } from "../head.ts";
import { nearestMean } from "../neighbors.ts";
import type { TransferOptions } from "./options.ts";

export interface NewClassifier {
	readonly model: Model;
	/** Undefined for the nearest class mean. */
	readonly head: Head | undefined;
	/** In words. */
	readonly summary: string;
}

/**
 * A network with a new classifier of these features.
 *
 * @param like the penalty and temperature to use, of another classifier. Default: by cross-validation
 */
export async function newClassifier(
	model: Model,
	{ classes }: Pick<Dataset, "classes">,
	{ vectors, labels, indices }: Embeddings,
	{ head: kind, balance, seed, signal, onProgress }: TransferOptions,
	like?: Pick<Head, "strength" | "temperature"> | undefined,
): Promise<NewClassifier> {
	const pictures = new Set(indices).size;
	const many = `${pictures} pictures of ${classes.length} classes`;
	const made = (classifier: Classifier): Model => {
		const network = withHead(model, classifier, classes);
		const note = `A new classifier was trained on ${many}.`;
		return { ...network, source: { ...trainedFrom(network.source), notes: [...network.source.notes, note] } };
	};
	if (kind === "nearest")
		return {
			model: made(nearestMean(vectors, labels, classes.length)),
			head: undefined,
			summary: `${many}, by the nearest class mean`,
		};
	const head = await trainHead(vectors, labels, classes.length, {
		seed,
		groups: indices,
		balanced: balance !== undefined && balance !== "none",
		like,
		onProgress,
		signal,
	});
	const { strength, outOfFold: tested } = head;
	const penalty = `penalty ${Number(strength.toPrecision(3))}`;
	return {
		model: made(head),
		head,
		summary: `${many}, ${penalty}${tested ? `, accuracy in cross-validation ${(100 * tested.accuracy).toFixed(1)} %, loss ${tested.loss.toFixed(3)}` : ""}`,
	};
}

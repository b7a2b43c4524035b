/** A new head on a published network, and how well it does on pictures that it was not trained on. */
import { openDataset } from "#datasets";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { embeddingsOf } from "../../src/training/embeddings.ts";
import { type Head, trainHead, withHead } from "../../src/training/head.ts";
import { shared } from "../support/shared-paths.ts";

/**
 * Percent of the `val` pictures that scikit-learn's logistic regression classifies rightly on TensorFlow's features of
 * the same pictures, with the best of seven strengths.
 */
export const references = [
	{ data: "flowers", weights: "mobilenet_v1_1.0_224_tfjs", percent: 88.5 },
	{ data: "hymenoptera", weights: "mobilenet_v1_1.0_224_tfjs", percent: 94.1 },
	{ data: "flowers", weights: "mobilenet_v1_0.25_224_tfjs", percent: 81.0 },
	{ data: "hymenoptera", weights: "mobilenet_v1_0.25_224_tfjs", percent: 84.3 },
] as const;

export interface Transfer {
	readonly head: Head;
	/** Percent of the pictures of `val` that the saved network classifies rightly. */
	readonly percent: number;
	/** Seconds: to embed `train`, to train the head, to classify `val`. */
	readonly seconds: { readonly embedding: number; readonly training: number; readonly classifying: number };
}

/** Trains a head on `train`, puts it on the network and classifies `val` as a user does. */
export async function transfer(data: string, weights: string, seed = 0): Promise<Transfer> {
	const clock = stopwatch();
	const model = await MobileNet.load(shared(`weights/${weights}`));
	const training = await openDataset(shared(`data/${data}/train`));
	const { vectors, labels } = await embeddingsOf(model, training);
	const embedding = clock();
	const head = await trainHead(vectors, labels, training.classes.length, { seed });
	const trained = clock();

	const changed = await MobileNet.from(withHead(model.model, head, training.classes));
	const validation = await openDataset(shared(`data/${data}/val`));
	const pictures = function* () {
		for (const key of validation.labels.keys()) yield { key, source: () => validation.read(key) };
	};
	let right = 0;
	for await (const row of changed.classifyEach(pictures(), { top: 1 })) {
		if ("error" in row) throw row.error;
		const label = validation.classes[validation.labels[row.key]!]!;
		if (row.predictions[0]!.label === label.name) right++;
	}
	for (const closing of [model, changed]) closing.dispose();
	for (const closing of [training, validation]) await closing.close();
	return {
		head,
		percent: (100 * right) / validation.labels.length,
		seconds: { embedding, training: trained, classifying: clock() },
	};
}

/** Seconds since the last call. */
function stopwatch(): () => number {
	let last = performance.now();
	return () => {
		const now = performance.now();
		const seconds = (now - last) / 1000;
		last = now;
		return seconds;
	};
}

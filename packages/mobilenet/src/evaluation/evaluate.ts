/**
 * A network measured on pictures whose classes are known: all of a data set, or those of some numbers. Pictures are
 * read and prepared as in `classify`: the figures are what a user of the network gets.
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { matchClasses } from "../labels/match.ts";
import type { MobileNet } from "../model/mobilenet.ts";
import { type Prediction, ranking } from "../model/predictions.ts";
import { type ClassMetrics, createTally, type Metrics } from "./metrics.ts";

export interface EvaluateOptions {
	/** Pictures that go through the network at a time. Default: 8. */
	readonly batch?: number | undefined;
	/** Also the share of pictures whose class is among so many answers. */
	readonly topK?: number | undefined;
	/** Numbers of the pictures to take; all that have a class if not given. */
	readonly indices?: Int32Array | undefined;
	/** Called with each picture's name, once it has been through the network or could not be read. */
	readonly onProgress?: OnProgress | undefined;
	/** Called with each picture that cannot be read; the others continue, and all of those are in `unreadable`. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Classes are numbered as in answers: from 0, a background class not counted. */
export interface Evaluation extends Omit<Metrics, "classes"> {
	readonly classes: readonly EvaluatedClass[];
	/** The most confident wrong answers, worst first; at most 24. */
	readonly mistakes: readonly Mistake[];
	readonly unreadable: readonly Unreadable[];
	/** What the user should know about how classes were matched, one sentence each. */
	readonly notes: readonly string[];
	/** From the first picture to the last, reading and decoding included. */
	readonly seconds: number;
	readonly picturesPerSecond: number;
}

export interface EvaluatedClass extends ClassMetrics {
	readonly label: string;
}

export interface Mistake {
	/** Number of the picture in the data set. */
	readonly picture: number;
	readonly name: string;
	/** Its class. */
	readonly truth: Omit<Prediction, "sure">;
	/** The best answers, at most five. */
	readonly predictions: readonly Prediction[];
}

export interface Unreadable {
	/** Number of the picture in the data set. */
	readonly picture: number;
	readonly name: string;
	readonly error: string;
}

const usualBatch = 8;
const mostMistakes = 24;

/**
 * Measures a network on a data set.
 *
 * @param dataset pictures with labels; its classes are matched to the network's by `matchClasses`
 * @returns shares from 0 to 1, and what they come from
 * @throws MobileNetError `usage` where classes do not match, no picture has a class or the network has no classifier; the
 *   first picture's error where none can be read
 * @example
 * const mobilenet = await MobileNet.load("model.safetensors");
 * const { top1, top5 } = await evaluate(mobilenet, await openDataset("photos/val"));
 */
export async function evaluate(
	mobilenet: MobileNet,
	dataset: Dataset,
	options: EvaluateOptions = {},
): Promise<Evaluation> {
	const { batch = usualBatch, topK, onProgress, onUnreadable, signal } = options;
	const { labels, configuration } = mobilenet;
	const indices = options.indices ?? withClass(dataset.labels);
	checkIndices(indices, dataset);
	const match = matchClasses({
		name: dataset.name,
		classes: dataset.classes,
		labels,
		outputs: configuration.classes,
		wanted: new Set(Array.from(indices, (picture) => dataset.labels[picture]!)),
	});
	const { background } = match;

	const tally = createTally(configuration.classes - background, { topK, sureFrom: mobilenet.sureFrom });
	const rank = await ranking(mobilenet.model, { top: 5 });
	const labelOf = (index: number): string => labels?.[index + background]?.name ?? `class ${index}`;
	const mistakes: Mistake[] = [];
	const unreadable: Unreadable[] = [];
	const failed = (picture: number, error: unknown): void => {
		signal?.throwIfAborted();
		const name = dataset.nameOf(picture);
		unreadable.push({ picture, name, error: messageOf(error) });
		onUnreadable?.(name, error);
		if (unreadable.length === indices.length) throw nothingReadable(dataset.name, indices.length, error);
	};

	const pictures = function* () {
		for (const key of indices) yield { key, source: () => dataset.read(key) };
	};
	let done = 0;
	const start = performance.now();
	for await (const row of mobilenet.probabilitiesEach(pictures(), { batch, signal })) {
		const picture = row.key;
		if ("error" in row) failed(picture, row.error);
		else {
			const probabilities = row.probabilities.subarray(background);
			const truth = match.outputs[dataset.labels[picture]!]! - background;
			const answer = tally.add(truth, probabilities);
			if (answer !== truth)
				keepWorst(mistakes, {
					picture,
					name: dataset.nameOf(picture),
					truth: { label: labelOf(truth), index: truth, probability: probabilities[truth]! },
					predictions: rank(row.probabilities),
				});
		}
		onProgress?.({
			loaded: ++done,
			total: indices.length,
			source: dataset.nameOf(picture),
		});
	}
	const seconds = (performance.now() - start) / 1000;

	const metrics = tally.metrics();
	return {
		...metrics,
		classes: metrics.classes.map((one) => ({ ...one, label: labelOf(one.index) })),
		mistakes,
		unreadable,
		notes: match.notes,
		seconds,
		picturesPerSecond: metrics.pictures / seconds,
	};
}

function withClass(labels: Int32Array): Int32Array {
	return Int32Array.from(labels.keys()).filter((picture) => labels[picture]! >= 0);
}

function checkIndices(indices: Int32Array, { name, labels }: Dataset): void {
	if (indices.length === 0)
		throw new MobileNetError("usage", `${name} has no pictures with a class: there is nothing to evaluate.`);
	for (const picture of indices) {
		const label = labels[picture];
		if (label === undefined || label < 0)
			throw new MobileNetError(
				"usage",
				label === undefined
					? `there is no picture ${picture} in ${name}: it has ${labels.length}, counted from 0.`
					: `picture ${picture} of ${name} has no class and cannot be evaluated: leave it out of the indices.`,
			);
	}
}

/** Most confident first; of equals, the first seen. */
function keepWorst(mistakes: Mistake[], mistake: Mistake): void {
	const confidence = ({ predictions }: Mistake): number => predictions[0]!.probability;
	const at = mistakes.findIndex((other) => confidence(other) < confidence(mistake));
	mistakes.splice(at < 0 ? mistakes.length : at, 0, mistake);
	if (mistakes.length > mostMistakes) mistakes.pop();
}

function nothingReadable(name: string, pictures: number, error: unknown): MobileNetError {
	const why = messageOf(error).replace(/\.$/, "");
	const code = error instanceof MobileNetError ? error.code : "picture";
	return new MobileNetError(
		code,
		pictures === 1
			? `the one picture of ${name} cannot be read: ${why}.`
			: `none of the ${pictures} pictures of ${name} can be read; of the last one: ${why}.`,
		{ cause: error },
	);
}

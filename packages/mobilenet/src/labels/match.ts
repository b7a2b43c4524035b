/**
 * Which output of a network stands for which class of a data set, by the rule in find.ts: folders may be called `n02099601`,
 * `golden retriever`, `golden_retriever` or `207`. A background class, which some networks have first, is never a class of
 * the data.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Label } from "../weights/model.ts";
import { backgroundOutputs } from "./background.ts";
import { classFinder } from "./find.ts";

export interface Match {
	/** The output of the network for each class of the data set. */
	readonly outputs: Int32Array;
	/** Outputs before class 0: 1 if the first is a background class. */
	readonly background: 0 | 1;
	/** What the user should know, one sentence each. */
	readonly notes: readonly string[];
}

export interface MatchOptions {
	/** The data set's name in errors. */
	readonly name: string;
	/** The data set's, in the order of its labels. */
	readonly classes: readonly Label[];
	/** The network's, one per output. */
	readonly labels: readonly Label[] | undefined;
	/** The number of outputs of the network, including a background class. */
	readonly outputs: number;
	/** Numbers of the classes to match, such as those that have pictures; default: all. The output of the others is −1. */
	readonly wanted?: ReadonlySet<number> | undefined;
}

/** The most names that an error shows. */
const shownNames = 5;

/**
 * The network's output for each class of a data set.
 *
 * If several outputs have a name, the one with the class's own number is used: a list of ImageNet pictures has two classes
 * `crane`, and numbers. If the network has no labels and as many outputs as the data set has classes, or one more, the
 * classes are matched in the order of the outputs, and a note says so.
 *
 * @throws MobileNetError `usage` if the network does not know a class, if a class could be several outputs, or if two
 *   classes are the same output
 * @example
 * matchClasses({ name: "photos", classes: [{ name: "golden_retriever" }], labels: model.labels, outputs: 1001 })
 */
export function matchClasses({ name, classes, labels, outputs, wanted }: MatchOptions): Match {
	const numbers = [...classes.keys()].filter((number) => wanted?.has(number) ?? true);
	if (numbers.length === 0)
		throw new MobileNetError(
			"usage",
			`${name} has no classes: a network is evaluated on pictures with labels.`,
		);
	const background = labels ? backgroundOutputs(labels) : outputs === classes.length + 1 ? 1 : 0;
	const find = classFinder(labels?.slice(background), outputs - background);
	const found = numbers.map((number) => ({
		number,
		label: classes[number]!,
		candidates: find(classes[number]!).map((candidate) => candidate + background),
	}));
	if (!labels && found.some(({ candidates }) => candidates.length === 0))
		return inOrder(name, classes, outputs);

	const unknown = found.filter(({ candidates }) => candidates.length === 0).map(({ label }) => label.name);
	if (unknown.length > 0) throw notKnown(name, unknown, numbers.length, labels?.slice(background), outputs);
	const of = (output: number): string => described(labels?.[output], output - background);
	const matched = new Int32Array(classes.length).fill(-1);
	/** The class matched to each output. */
	const taken = new Map<number, string>();
	for (const { number, label, candidates } of found) {
		const output = candidates.length === 1 ? candidates[0]! : number + background;
		if (!candidates.includes(output))
			throw new MobileNetError(
				"usage",
				`the class ${shown(label.name)} of ${name} could be several of the model's: ${candidates.map(of).join(" or ")}; call it by its WordNet id or its number.`,
			);
		const other = taken.get(output);
		if (other !== undefined)
			throw new MobileNetError(
				"usage",
				`the classes ${shown(other)} and ${shown(label.name)} of ${name} are one class of the model, ${of(output)}: put their pictures together.`,
			);
		taken.set(output, label.name);
		matched[number] = output;
	}
	const note =
		"the model has no labels and one output more than there are classes: the first is taken for a background class.";
	return { outputs: matched, background, notes: labels || background === 0 ? [] : [note] };
}

function inOrder(name: string, classes: readonly Label[], outputs: number): Match {
	const background = outputs - classes.length;
	if (background !== 0 && background !== 1)
		throw new MobileNetError(
			"usage",
			`${name} has ${classes.length} classes and the model ${outputs} outputs without labels, so the classes cannot be matched: give its labels with --labels, or call the classes by their numbers.`,
		);
	return {
		outputs: Int32Array.from(classes, (_, i) => i + background),
		background,
		notes: [
			`the model has no labels: class ${background} of its outputs is taken for ${shown(classes[0]!.name)}, and so on in order.`,
		],
	};
}

function notKnown(
	name: string,
	unknown: readonly string[],
	classes: number,
	labels: readonly Label[] | undefined,
	outputs: number,
): MobileNetError {
	const known = labels
		? `it knows ${labels.length}, such as ${listed(labels.map((label) => label.name))}`
		: `it has no labels, and numbers from 0 to ${outputs - 1}`;
	return new MobileNetError(
		"usage",
		`the model does not know ${unknown.length} of the ${classes} classes of ${name}: ${listed(unknown)}; ${known}: call classes by label, synonym, WordNet id or number, or train the model on them.`,
	);
}

function listed(names: readonly string[]): string {
	const first = names.slice(0, shownNames).map((text) => shown(text));
	return `${first.join(", ")}${names.length > first.length ? ", …" : ""}`;
}

function described(label: Label | undefined, index: number): string {
	const id = label?.id === undefined ? "" : `${label.id}, `;
	return label ? `${shown(label.name)} (${id}number ${index})` : `number ${index}`;
}

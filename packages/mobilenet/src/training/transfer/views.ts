/**
 * How the network looks at pictures: its size, and how pictures are made square. Photographs are seldom square, and a
 * stretched one is unlike what the network has learned; a larger size shows more, for more time. A few views are tried by
 * cross-validation.
 *
 * The usual view is 8/7 of the network's size with a crop of the middle, since things appear smaller in whole pictures than
 * in the random crops that networks are trained on. Another one is taken only if it is better by more than the error of
 * the difference.
 *
 * Source: Touvron, Vedaldi, Douze and Jégou 2019, "Fixing the train-test resolution discrepancy".
 */
import { changedModel } from "../../model/changed-model.ts";
import { cost } from "../../network/cost.ts";
import type { Fit, Model } from "../../weights/model.ts";
import type { TransferOptions, TriedView, View } from "./options.ts";

/** 224 pixels become 256; every size a multiple of 16, so that few layers have an odd pixel. */
function larger(size: number): number {
	return Math.max(size, 16 * Math.round((8 * size) / (7 * 16)));
}

/** The views to try, the usual one first; one if all is given. */
export function viewsToTry(model: Model, { size = "auto", fit = "auto" }: TransferOptions): readonly View[] {
	const { configuration, preprocessing } = model;
	const own = configuration.size;
	const isFree = configuration.pooling !== "none";
	const sizes = size !== "auto" ? [size] : isFree ? [...new Set([larger(own), own])] : [own];
	const largest = larger(size === "auto" ? own : size);
	const views = sizes.flatMap((one): View[] =>
		fit !== "auto"
			? [{ size: one, fit }]
			: [
					{ size: one, fit: { shorterSide: largest } },
					...(one === sizes.at(-1) ? [{ size: one, fit: "stretch" } as const] : []),
				],
	);
	// A file that says how its pictures are made square is asked, too.
	const said = preprocessing.fit;
	const isSaid = fit === "auto" && !model.source.assumed.includes("fit");
	if (isSaid && !views.some((view) => view.size === sizes.at(-1) && sameFit(view.fit, said)))
		views.push({ size: sizes.at(-1)!, fit: said });
	return views;
}

function sameFit(a: Fit, b: Fit): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}

/** The model as it looks at pictures with a view. */
export function viewedBy(model: Model, { size, fit }: View): Model {
	return changedModel(model, { size, preprocessing: { fit } });
}

/** What the classifier's answers with a view were worth. */
export interface JudgedView {
	readonly view: View;
	/** −log of the right class's probability, by picture; pictures that were not tested are absent. */
	readonly losses: ReadonlyMap<number, number>;
}

/** The view that is best beyond doubt, else the usual one, which is the first. */
export function chosenView(
	model: Model,
	judged: readonly JudgedView[],
): { readonly chosen: number; readonly tried: readonly TriedView[] } {
	const differences = (one: JudgedView, other: JudgedView) => {
		const both = [...one.losses].flatMap(([picture, loss]) => {
			const another = other.losses.get(picture);
			return another === undefined ? [] : [loss - another];
		});
		const mean = both.reduce((sum, x) => sum + x, 0) / both.length;
		const variance = both.reduce((sum, x) => sum + (x - mean) ** 2, 0) / both.length;
		return { mean, error: Math.sqrt(variance / both.length) };
	};
	const [usual] = judged;
	let chosen = 0;
	for (const [i, one] of judged.entries()) {
		const { mean, error } = differences(one, usual!);
		if (mean < -error && mean < differences(judged[chosen]!, usual!).mean) chosen = i;
	}
	const own = cost(model.configuration).multAdds;
	const tried = judged.map((one): TriedView => {
		const { size, fit } = one.view;
		const losses = [...one.losses.values()];
		return {
			size,
			fit,
			loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
			standardError: differences(one, judged[chosen]!).error,
			cost: cost({ ...model.configuration, size }).multAdds / own,
		};
	});
	return { chosen, tried };
}

/** In words: `256 pixels, cropped`. */
export function viewText({ size, fit }: View): string {
	const how =
		fit === "stretch"
			? "stretched"
			: "shorterSide" in fit
				? fit.shorterSide === size
					? "cropped"
					: `cropped from a shorter side of ${fit.shorterSide}`
				: `cropped to ${fit.centralFraction} of each side`;
	return `${size} pixels, ${how}`;
}

/** Why this view, in a sentence. */
export function viewSentence(chosen: number, tried: readonly TriedView[]): string {
	const view = tried[chosen]!;
	const cost = Math.abs(view.cost - 1) < 0.05 ? "" : `, ${view.cost.toFixed(1)} × the time of its own size`;
	const others = tried
		.filter((_, i) => i !== chosen)
		.map((other) => `${viewText(other)} ${other.loss.toFixed(3)}`)
		.join("; ");
	return `pictures are seen at ${viewText(view)}${cost}: loss ${view.loss.toFixed(3)} in cross-validation (${others}).`;
}

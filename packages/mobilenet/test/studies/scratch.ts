/**
 * From random weights: what our training reaches on Tiny ImageNet's twenty classes, and PyTorch with the same recipe.
 * PyTorch's numbers are those of packages/benchmarks/src/training/scratch.py, read from what it printed.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/studies/scratch.ts [pytorch.log] [folder for curves]
 *
 * Prints Markdown for docs/training.md. `SEEDS` and `EPOCHS` make it shorter.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type CurvePoint, curvesSvg } from "../../src/evaluation/curves.ts";
import type { EpochReport } from "../../src/training/events.ts";
import { lastTop1, learn, madeWith, meanOf, recipe, seedsTo, spread, tinyImageNet } from "./tiny-imagenet.ts";

const [log, folder] = process.argv.slice(2);
const { SEEDS = "3", EPOCHS = `${recipe.epochs}` } = process.env;
const epochs = Number(EPOCHS);
/** Epochs between rows of the table. */
const every = 5;

const { training, validation } = await tinyImageNet();
const runs: (readonly EpochReport[])[] = [];
for (const seed of seedsTo(Number(SEEDS))) {
	const history = await learn({
		training: { dataset: training },
		validation: { dataset: validation },
		seed,
		epochs,
	});
	runs.push(history);
	const speed = meanOf(history.map(({ imagesPerSecond }) => imagesPerSecond));
	console.error(`seed ${seed}: top-1 ${lastTop1(history).toFixed(1)} %, ${speed.toFixed(0)} images/s`);
}
const ours = meanCurve(
	runs.map((history) =>
		history.map(({ epoch, loss, validation }) => ({
			...{ epoch, loss },
			validationLoss: validation!.loss,
			top1: validation!.top1,
		})),
	),
);
const theirs = log === undefined ? [] : pytorchRuns(readFileSync(log, "utf8"));
const pytorch = meanCurve(theirs);

console.log(madeWith("node --conditions=mobilenet-source packages/mobilenet/test/studies/scratch.ts"));
console.log(`| validation top-1 after epoch ${epochs}, % | mean ± deviation (seeds) |\n|---|---|`);
console.log(`| mobilenet | ${spread(runs.map(lastTop1))} |`);
if (theirs.length > 0)
	console.log(`| PyTorch | ${spread(theirs.map((points) => 100 * points.at(-1)!.top1!))} |`);
console.log("\n| epoch | loss | PyTorch | top-1, % | PyTorch |\n|---|---|---|---|---|");
for (const [i, { epoch, loss, top1 }] of ours.entries()) {
	if (epoch > 1 && epoch % every > 0) continue;
	const other = pytorch[i];
	const cells = [loss.toFixed(3), other?.loss.toFixed(3), percent(top1), other && percent(other.top1)];
	console.log(`| ${epoch} | ${cells.map((cell) => cell ?? "–").join(" | ")} |`);
}
if (folder !== undefined) {
	writeFileSync(join(folder, "scratch.svg"), curvesSvg(ours));
	if (pytorch.length > 0) writeFileSync(join(folder, "scratch-pytorch.svg"), curvesSvg(pytorch));
}
for (const dataset of [training, validation]) await dataset.close();

/** The mean of several runs, epoch by epoch. */
function meanCurve(runs: readonly (readonly CurvePoint[])[]): readonly CurvePoint[] {
	const [first = []] = runs;
	return first.map(({ epoch, validationLoss }, i) => {
		const of = (field: "loss" | "validationLoss" | "top1") =>
			meanOf(runs.map((points) => points[i]![field]!));
		return {
			epoch,
			loss: of("loss"),
			...(validationLoss !== undefined && { validationLoss: of("validationLoss") }),
			top1: of("top1"),
		};
	});
}

/** The lines `seed 1 epoch 2 loss 2.9 top-1 0.12 …` of PyTorch's program, a run a seed. */
function pytorchRuns(text: string): readonly (readonly CurvePoint[])[] {
	const bySeed = new Map<string, CurvePoint[]>();
	for (const [, seed, epoch, loss, top1] of text.matchAll(
		/^seed (\d+) epoch (\d+) loss ([\d.]+) top-1 ([\d.]+)/gm,
	)) {
		const points = bySeed.get(seed!) ?? [];
		bySeed.set(seed!, points);
		points.push({ epoch: Number(epoch), loss: Number(loss), top1: Number(top1) });
	}
	// A run that is still going on counts for nothing yet.
	return [...bySeed.values()].filter((points) => points.length === epochs);
}

function percent(share: number | undefined): string {
	return share === undefined ? "–" : (100 * share).toFixed(1);
}

/**
 * From the trained network in float to what the package carries, in int8. The size, the temperature and from which
 * probability on an answer is sure are chosen by the shard that training never saw, the filter by few photographs.
 *
 *   node --conditions=mobilenet-source models/default/finish.ts models/default/work/larger.safetensors
 *   node --conditions=mobilenet-source models/default/finish.ts models/default/work/large.safetensors --stage
 *
 * Writes stages/NAME.safetensors, the network in half precision for the repository to keep, and mobilenet.safetensors;
 * with `--stage` the first alone. A network kept in stages/ will do as the argument too. Prints its tables as Markdown.
 * `--shared` is the folder that holds `data`, ../shared unless told; `PICTURES` takes the first pictures only.
 */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { metricsOf } from "../../packages/mobilenet/src/evaluation/index.ts";
import {
	dequantize,
	readModel,
	writeLocation,
	writeModel,
} from "../../packages/mobilenet/src/formats/index.ts";
import { changedModel, type Model } from "../../packages/mobilenet/src/index.ts";
import { cost } from "../../packages/mobilenet/src/network/index.ts";
import { quantize } from "../../packages/mobilenet/src/quantization/index.ts";
import type { Float32Tensor } from "../../packages/mobilenet/src/weights/tensor.ts";
import {
	answersOf,
	type Best,
	bestOf,
	heading,
	percent,
	photographsOf,
	picturesOf,
	row,
	trust,
} from "./answers.ts";
import { halved } from "./half.ts";

/**
 * Sizes to run at: pictures may be enlarged more than they were in training, whose crops showed things larger. Multiples
 * of 32 alone: at others a layer of stride 2 meets an odd side, whose padding is another than it learned with, and a tenth
 * of the answers go wrong.
 */
const sizes = [96, 128, 160, 192];
/** A larger size must be better than that: the cost of a picture grows with the square. */
const worthwhile = 0.0025;
/**
 * How photographs are brought down to the network's size, which is how its 64-pixel pictures were brought down before it
 * saw them, and nobody wrote down how. It is chosen by few photographs, so that it is by their loss, which chance moves
 * less than how many are right.
 */
const filters = ["pillow-bilinear", "pillow-bicubic", "tf-bilinear", "nearest"] as const;
const choosing = "imagenet_samples";
/** Pictures that the ranges of int8 are learned from. */
const calibrating = 500;
const temperatures = Array.from({ length: 101 }, (_, i) => 0.5 + i / 50);
const thresholds = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Share of pictures that int8 may answer worse. */
const mostLoss = 0.01;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { stage: { type: "boolean" }, shared: { type: "string", default: "../shared" } },
});
const [file] = positionals;
if (file === undefined) {
	console.error("give the trained network: finish.ts models/default/work/larger.safetensors");
	process.exit(2);
}
const { PICTURES = "Infinity" } = process.env;
const here = fileURLToPath(new URL(".", import.meta.url));
const data = join(values.shared, "data", "tiny-imagenet");

const trained: Model = {
	...dequantize(await readModel(file)),
	source: {
		format: "trained from random weights",
		assumed: [],
		license:
			"Apache-2.0 as far as its authors have rights in it; trained on pictures for non-commercial research and education.",
		origin:
			"Trained for the package mobilenet on Tiny ImageNet, with the answers of Google's 1.0-224 (Apache-2.0).",
		notes: ["Trained on Tiny ImageNet, for research use: models/default/README.md is its card."],
	},
};
mkdirSync(join(here, "stages"), { recursive: true });
await writeLocation(join(here, "stages", basename(file)), writeModel(halved(trained)));
if (!values.stage) await finish();

async function finish(): Promise<void> {
	const heldBack = await picturesOf(join(data, "train-0011.tar.gz"), Number(PICTURES));
	const metrics = (rows: readonly Float32Array[]) => metricsOf(heldBack.truths, rows);
	console.log(`On the first ${heldBack.truths.length} pictures of the shard that was held back:\n`);

	heading("size", "multiply-adds, M", "top-1, %", "top-5, %");
	const tried: { readonly model: Model; readonly rows: readonly Float32Array[]; readonly top1: number }[] =
		[];
	for (const size of sizes) {
		const model = changedModel(
			{ ...trained, labels: heldBack.classes },
			{ size, preprocessing: { fit: "stretch" } },
		);
		const rows = await answersOf(model, heldBack);
		const { top1, top5 } = metrics(rows);
		tried.push({ model, rows, top1 });
		row(size, (cost(model.configuration).multAdds / 1e6).toFixed(1), percent(top1), percent(top5));
	}
	const most = Math.max(...tried.map(({ top1 }) => top1));
	const chosen = tried.find(({ top1 }) => top1 >= most - worthwhile)!;

	const temperature = temperatureOf(chosen.rows, heldBack.truths);
	const float = await withFilter(withTemperature(chosen.model, temperature));
	const calibration = await picturesOf(join(data, "train-0000.tar.gz"), calibrating);
	const { model: int8 } = await quantize(float, calibration.sources);

	console.log(`\nAt ${float.configuration.size} pixels, logits divided by ${temperature.toFixed(2)}:\n`);
	heading("network", "top-1, %", "top-5, %", "loss", "calibration error, %");
	const integers = await answersOf(int8, heldBack);
	const measured = [
		["float32, logits as they were", chosen.rows],
		["float32", await answersOf(float, heldBack)],
		["float16", await answersOf(halved(float), heldBack)],
		["int8", integers],
	] as const;
	for (const [name, rows] of measured) {
		const { top1, top5, loss, ece } = metrics(rows);
		row(name, percent(top1), percent(top5), loss.toFixed(3), percent(ece));
	}
	const lost = metrics(chosen.rows).top1 - metrics(integers).top1;

	const answers = bestOf(integers, heldBack);
	const sureFrom = sureFromOf(answers);
	console.log(`\nAn answer is sure from a probability of ${sureFrom} on:\n`);
	heading("threshold", "sure, %", "right of the sure, %", "right of the unsure, %");
	for (const threshold of [...thresholds.filter((other) => other !== sureFrom), sureFrom].sort(
		(a, b) => a - b,
	)) {
		const { sure, unsure } = trust(answers, threshold);
		row(
			threshold === sureFrom ? `**${threshold}**` : threshold,
			...[sure.share, sure.right, unsure.right].map(percent),
		);
	}
	if (lost > mostLoss) {
		console.error(`int8 loses ${percent(lost)} points of top-1: nothing is written.`);
		process.exit(1);
	}
	await writeLocation(join(here, "mobilenet.safetensors"), writeModel({ ...int8, sureFrom }));
}

/** The same network with the filter that suits photographs best. */
async function withFilter(model: Model): Promise<Model> {
	const { known } = await photographsOf(join(values.shared, "data"), choosing);
	console.log(`\nOn ${known.truths.length} photographs of the classes, ${choosing}:\n`);
	heading("filter", "top-1, %", "loss");
	let best = { model, loss: Number.POSITIVE_INFINITY };
	for (const filter of filters) {
		const changed = changedModel(model, { preprocessing: { filter } });
		const { top1, loss } = metricsOf(known.truths, await answersOf(changed, known));
		row(filter, percent(top1), loss.toFixed(3));
		if (loss < best.loss) best = { model: changed, loss };
	}
	return best.model;
}

/**
 * From which probability on the best answer is sure: where it is as often right as wrong, so that a person who believes
 * sure answers and no others is right about each more often than not. It is the threshold at which sure answers have the
 * most right ones over wrong ones (Chow 1970, "On Optimum Recognition Error and Reject Tradeoff", with an error as dear
 * as a refusal), which needs no bins.
 *
 * There are no pictures of other things among those held back, so nothing can be calibrated to how often people show
 * them. A rule that keeps a share of the known pictures sure, such as 95 %, would be easy on these, and believe answers
 * of which nine in ten are wrong; this one asks of an answer what a person asks.
 */
function sureFromOf(answers: readonly Best[]): number {
	const sorted = answers.toSorted((a, b) => b.probability - a.probability);
	let [balance, most, threshold] = [0, 0, 1];
	for (const { probability, isRight } of sorted) {
		balance += isRight ? 1 : -1;
		if (balance > most) [most, threshold] = [balance, probability];
	}
	return Math.round(100 * threshold) / 100;
}

/**
 * What logits must be divided by for the least loss, so that probabilities are as high as answers are often right. The
 * best answers stay what they are.
 * Source: Guo and others 2017, "On Calibration of Modern Neural Networks", section 4.2.
 */
function temperatureOf(rows: readonly Float32Array[], truths: Int32Array): number {
	const logits = rows.map((row) => row.map((p) => Math.log(Math.max(p, 1e-37))));
	const lossAt = (temperature: number): number =>
		logits.reduce((loss, row, picture) => {
			const sum = row.reduce((total, logit) => total + Math.exp(logit / temperature), 0);
			return loss + Math.log(sum) - row[truths[picture]!]! / temperature;
		}, 0);
	const losses = temperatures.map(lossAt);
	return temperatures[losses.indexOf(Math.min(...losses))]!;
}

/** The same network with its logits divided by a temperature. */
function withTemperature(model: Model, temperature: number): Model {
	const tensors = new Map(model.tensors);
	for (const name of ["classifier.weight", "classifier.bias"]) {
		const tensor = tensors.get(name) as Float32Tensor;
		tensors.set(name, { ...tensor, data: tensor.data.map((x) => x / temperature) });
	}
	return { ...model, tensors };
}

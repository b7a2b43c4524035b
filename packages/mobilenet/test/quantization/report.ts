/** Prints the tables of docs/quantization.md; fails where a network loses more than it may. */
import { rangeMethods } from "../../src/quantization/ranges.ts";
import type { QuantizationReport } from "../../src/quantization/report.ts";
import { missing } from "../support/shared-paths.ts";
import {
	calibration,
	evaluation,
	networks,
	type StudyOptions,
	study,
	studyUnbounded,
	unbounded,
} from "./quantization.ts";

const absent = missing([calibration, evaluation, "weights"]);
if (absent !== undefined) {
	console.error(`../shared/${absent} is not beside the project: there is nothing to measure on.`);
	process.exit(2);
}
const percent = (share: number): string => (share * 100).toFixed(1);
const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);
const heading = (cells: readonly string[]): void => {
	row(cells);
	row(cells.map(() => "---"));
};
const decibels = ({ layers }: QuantizationReport, name: string): string =>
	layers.find(({ layer }) => layer === name)!.signalToNoise.toFixed(1);

heading(["network", "ranges", "bias", "top-1", "int8", "loss", "top-5", "int8", "pool dB", "logits dB"]);
const variants: readonly StudyOptions[] = [
	{},
	...rangeMethods.filter((range) => range !== "mse").map((range) => ({ range })),
	{ biasCorrection: false },
	{ calibrating: 50 },
];
for (const { file, points } of networks)
	for (const options of variants) {
		const { report } = await study(file, options);
		const { accuracy, range, biasCorrection, pictures } = report;
		const { float, integer } = accuracy!;
		const loss = float.top1 - integer.top1;
		row([
			file,
			pictures === 200 ? range : `${range}, ${pictures} pictures`,
			biasCorrection ? "corrected" : "as it was",
			...[float.top1, integer.top1, loss, float.top5, integer.top5].map(percent),
			...[decibels(report, "pool"), decibels(report, "classifier")],
		]);
		if (options === variants[0] && loss * 100 > points) {
			console.error(`${file} loses more than ${points} points.`);
			process.exitCode = 1;
		}
	}

console.log();
heading(["network", "ranges", "same answer", "pool dB", "logits dB"]);
for (const range of rangeMethods) {
	const { report } = await studyUnbounded(range);
	row([
		unbounded,
		range,
		percent(report.agreement!),
		...[decibels(report, "pool"), decibels(report, "classifier")],
	]);
}

/** `mobilenet evaluate`: how good a model is on pictures whose classes are known. */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { buildCommand } from "@stricli/core";
import type { CurvePoint, Evaluation } from "../../evaluation/index.ts";
import type { Context } from "../context.ts";
import { usageError } from "../errors.ts";
import { filesOf } from "../locations.ts";
import { loadOptions, type ModelOptions, modelFlags } from "../options/model.ts";
import { wholeNumber } from "../options/numbers.ts";
import { checkEnding, jsonLine } from "../output.ts";
import { pictureError } from "../pictures.ts";
import { grouped, percent, table } from "../table.ts";
import { terminalOf } from "../terminal.ts";

interface Options extends ModelOptions {
	readonly batch: number;
	readonly report?: string | undefined;
	readonly json: boolean;
}

/** Classes listed in the text output; if there are more, the worst. */
const mostClasses = 20;

export const evaluateCommand = buildCommand<Options, [string], Context>({
	async func(options, location) {
		const { stdout, stderr } = this.process;
		const terminal = terminalOf(stderr);
		const { batch, report, json } = options;
		if (report !== undefined) await checkReport(report);
		const { MobileNet } = await import("../../index.ts");
		const { evaluate, reportHtml, thumbnailsOf } = await import("../../evaluation/index.ts");
		const { openDataset } = await import("../../data/index.ts");
		const dataset = await openDataset(location, {
			oneClass: true,
			onNote: terminal.line,
		});
		try {
			const model = await MobileNet.load(options.model, loadOptions(options, this.process.stderr));
			const evaluation = await evaluate(model, dataset, {
				batch,
				onProgress: (progress) => terminal.count({ ...progress, source: "pictures" }),
				onUnreadable: (name, error) => {
					this.process.exitCode = 1;
					terminal.line(pictureError(name, error));
				},
			});
			model.dispose();
			stdout.write(
				json
					? jsonLine({ model: options.model, data: location, ...evaluation })
					: readable(location, evaluation),
			);
			if (report === undefined) return;
			const images = await thumbnailsOf(
				dataset,
				evaluation.mistakes.map(({ picture }) => picture),
			);
			const curves = await curvesOf(options.model);
			const html = reportHtml(evaluation, { model: options.model, data: location, curves, images });
			const { writeLocation } = await import("../../formats/index.ts");
			await writeLocation(report, new TextEncoder().encode(html));
		} finally {
			await dataset.close();
		}
	},
	parameters: {
		flags: {
			...modelFlags,
			batch: {
				kind: "parsed",
				parse: wholeNumber,
				default: "8",
				placeholder: "count",
				brief: "pictures to run at a time",
			},
			report: {
				kind: "parsed",
				parse: (input: string) => input,
				optional: true,
				placeholder: "file.html",
				brief: "also write a report (one HTML file): curves, mistakes as pictures, confusion, calibration",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "print one line of JSON" },
		},
		positional: {
			kind: "tuple",
			parameters: [
				{
					brief:
						"a folder that has one folder of pictures for each class, a list (.csv, .tsv), or shards (.tar, .tar.gz)",
					parse: (input: string) => input,
					placeholder: "data",
				},
			],
		},
	},
	docs: {
		brief: "Measure a model on pictures whose classes are known",
		fullDescription: [
			"Measures a model on pictures whose classes are known: top-1 and top-5, precision and recall of each class, which",
			"classes are confused, and whether the model is right as often as it is sure. The data's classes are matched to the",
			"model's by WordNet id, label, synonym or number: n02099601, golden_retriever and 207 are the same ImageNet class.",
			"",
			"EXAMPLE",
			"  mobilenet evaluate photos/val --model model.safetensors --report report.html",
		].join("\n"),
	},
});

/** Checked before minutes of work. The ending keeps a typo from overwriting a model or a list. */
async function checkReport(report: string): Promise<void> {
	checkEnding("--report", report, "report");
	const folder = dirname(report);
	if (!(await stat(folder).catch(() => undefined))?.isDirectory())
		throw usageError(`--report cannot be written: there is no folder ${folder}.`);
}

/** The learning curves of the run that wrote the model, if its log is still beside it. */
async function curvesOf(model: string): Promise<readonly CurvePoint[]> {
	const { parseCurves } = await import("../../evaluation/index.ts");
	if ((await filesOf(model)) === undefined) return [];
	const log = model.replace(/\.safetensors$/i, "").concat(".log.jsonl");
	return parseCurves(await readFile(log, "utf8").catch(() => ""));
}

function readable(data: string, evaluation: Evaluation): string {
	const { pictures, top1, top5, sure, loss, ece, mean, classes, unreadable, notes, picturesPerSecond } =
		evaluation;
	const share = (value: number | null): string => (value === null ? "–" : percent(value, 1));
	const ofData = classes.filter(({ support }) => support > 0);
	const facts: readonly (readonly [string, string])[] = [
		[
			"pictures",
			`${grouped(pictures)} of ${ofData.length === 1 ? "one class" : `${grouped(ofData.length)} classes`}`,
		],
		...(unreadable.length > 0 ? [["unreadable", grouped(unreadable.length)] as const] : []),
		["top-1", percent(top1, 1)],
		["top-5", percent(top5, 1)],
		...(sure
			? ([
					["sure", percent(sure.share, 1)],
					["top-1 where sure", share(sure.top1)],
				] as const)
			: []),
		["mean precision", percent(mean.precision, 1)],
		["mean recall", percent(mean.recall, 1)],
		["loss", loss.toFixed(3)],
		["calibration error", percent(ece, 1)],
		["pictures per second", picturesPerSecond.toFixed(1)],
	];
	const width = Math.max(...facts.map(([name]) => name.length));
	const listed = [...ofData].sort((a, b) => a.f1 - b.f1).slice(0, mostClasses);
	return [
		`${data}\n`,
		...facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`),
		...notes.map((note) => `note: ${note}\n`),
		"\n",
		table(
			[
				{ title: listed.length < ofData.length ? `worst ${listed.length} classes` : "class" },
				...["pictures", "precision", "recall", "F1"].map((title) => ({ title, align: "right" }) as const),
			],
			listed.map(({ label, support, precision, recall, f1 }) => [
				label,
				grouped(support),
				share(precision),
				share(recall),
				percent(f1, 1),
			]),
		),
	].join("");
}

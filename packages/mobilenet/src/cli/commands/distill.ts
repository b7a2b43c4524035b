/** `mobilenet distill`: trains a small network to imitate a large one. */
import { buildCommand } from "@stricli/core";
import type { Views } from "../../training/index.ts";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";
import { modelBrief } from "../options/model.ts";
import { configurationOf, networkFlags } from "../options/network.ts";
import { wholeNumber } from "../options/numbers.ts";
import {
	checkRunOptions,
	dataArgument,
	number,
	parsed,
	pathsOf,
	type RunOptions,
	text,
	trainingFlags,
} from "../options/training.ts";
import { downloading } from "../terminal.ts";
import type { RunPictures, Tools } from "../training-run.ts";

interface Options extends RunOptions {
	readonly teacher: string;
	readonly teacherHead: boolean;
	readonly teacherSize?: number | undefined;
	readonly size?: number | undefined;
	readonly embedding: boolean;
	readonly temperature?: number | undefined;
	readonly weight?: number | undefined;
	/** The folder for the teacher's answers. */
	readonly answers?: string | undefined;
	readonly batchNorm?: "frozen" | "batch" | undefined;
	readonly views?: Views | undefined;
	readonly unlabeled: boolean;
}

export const distillCommand = buildCommand<Options, [string], Context>({
	async func(options, data) {
		checkRunOptions(options);
		checkOptions(options);
		const { teacher: teacherName, teacherSize, teacherHead, from, size, answers, batchNorm } = options;
		const { embedding, unlabeled, temperature, weight, views, output } = options;
		const { changedModel, loadModel } = await import("../../index.ts");
		const { distill, initialize, runFolder } = await import("../../training/index.ts");
		const { labeledPictures, runInTerminal } = await import("../training-run.ts");
		const teacher = changedModel(
			await loadModel(teacherName, { onProgress: downloading(this.process.stderr) }),
			{ size: teacherSize },
		);
		const finished = await runInTerminal(options, data, this.process, {
			models: [teacherName, ...(from === undefined ? [] : [from])],
			pictures: (tools) =>
				isTeacherAlone(options)
					? picturesAlone(options, data, tools)
					: labeledPictures(options, data, true, tools),
			begin: async (settings) => {
				const student =
					from === undefined
						? initialize(configurationOf(options), { seed: settings.seed })
						: changedModel(await loadModel(from, { onProgress: downloading(this.process.stderr) }), { size });
				return distill({
					...settings,
					...{ teacher, student, teacherHead, unlabeled, temperature, weight, views },
					learns: embedding ? "embedding" : "probabilities",
					answers: runFolder(answers ?? pathsOf(output).answers),
					frozenNorm: batchNorm === undefined ? undefined : batchNorm === "frozen",
				});
			},
			report: ({ lesson }) => ({
				facts: { teacher: teacherName, ...lesson },
				lines: embedding
					? [
							"its outputs imitate the teacher's pooled features; the loss is the squared error as a share of their squares",
						]
					: [],
			}),
		});
		if (!finished) this.process.exitCode = 1;
	},
	parameters: {
		flags: {
			teacher: {
				kind: "parsed",
				parse: text,
				placeholder: "model",
				brief: `the model to learn from: ${modelBrief}`,
			},
			output: {
				kind: "parsed",
				parse: text,
				placeholder: "file",
				brief:
					"the safetensors file to write; log, curves, checkpoints and the teacher's answers are put beside it",
			},
			teacherHead: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief:
					"first train a new classifier for the teacher on DATA; use this if its classes are not those of DATA",
			},
			teacherSize: parsed("pixels", wholeNumber, "the teacher's width and height (default: its own)"),
			embedding: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief:
					"learn the teacher's pooled features instead of its answers: they become the classifier's outputs",
			},
			temperature: parsed(
				"number",
				number,
				"what the logits of both are divided by: the higher it is, the more the classes count that the teacher did not choose (default: 2)",
			),
			weight: parsed(
				"share",
				number,
				"weight of the teacher in the loss; the labels have the rest (default: 0.9; 1 is the teacher alone)",
			),
			answers: parsed(
				"folder",
				text,
				"folder for the teacher's answers, which several runs can share (default: OUT.teacher)",
			),
			views: parsed(
				"what",
				views,
				"what the teacher is shown: whole (each picture once, the default), live (all that the student sees), or a number of crops",
			),
			unlabeled: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "DATA is pictures without classes: the student learns the teacher's classes",
			},
			from: parsed("model", text, "start the student from this trained model instead of random weights"),
			batchNorm: {
				kind: "enum",
				values: ["frozen", "batch"],
				optional: true,
				brief:
					"with --from: keep its batch norm's statistics (default), or follow those of the batches, as from random weights",
			},
			...trainingFlags,
			size: networkFlags.size,
			validation: parsed(
				"data",
				text,
				"pictures to validate on (default: a tenth of DATA; none with --unlabeled and --embedding)",
			),
		},
		aliases: { o: "output" },
		positional: { kind: "tuple", parameters: [dataArgument] },
	},
	docs: {
		brief: "Train a small network to answer like a large one",
		fullDescription: [
			"Trains a network, the student, on the answers of another, the teacher, as well as on the labels: it learns what else",
			"a picture could be, and becomes better than from labels alone. The classes of DATA are found among the teacher's by",
			"WordNet id, label, synonym or number. If the teacher has other classes, use --teacher-head: it learns them first. With",
			"--unlabeled no labels are needed, and the student learns the teacher's own classes.",
			"The teacher sees each picture once, whole and mirrored, and its answers are kept in OUT.teacher/ for the next run; the",
			"student sees crops. Answers take 4 bytes per picture and class. If that is more than 256 MiB, the teacher sees",
			"everything that the student sees, every time, as with --views live. With --views 8 both see the same 8 crops of each",
			"picture.",
			"The student has the options of mobilenet train, and its log, curves, checkpoints, Ctrl-C and --resume.",
			"",
			"EXAMPLE",
			"  mobilenet distill photos/ --teacher mobilenet_v1_1.0_224.tflite --teacher-head -o small.safetensors \\",
			"    --alpha 0.25 --size 128",
			"  mobilenet distill imagenet/train --teacher mobilenet_v1_1.0_224.tflite -o small.safetensors --alpha 0.5 \\",
			"    --views live --epochs 100",
			"  mobilenet distill pictures/ --unlabeled --teacher mobilenet_v1_1.0_224.tflite -o small.safetensors --alpha 0.25",
			"  mobilenet distill faces/ --unlabeled --embedding --teacher faces.safetensors -o small.safetensors --alpha 0.25",
		].join("\n"),
	},
});

/** `whole`, `live`, `8`. */
function views(input: string): Views {
	if (input === "whole" || input === "live") return input;
	try {
		return wholeNumber(input);
	} catch {
		throw usageError(`--views must be whole, live or a number of crops, not ${quoted(input)}.`);
	}
}

/** The pictures when labels are ignored; validation pictures keep theirs. */
async function picturesAlone(
	{ unlabeled, validation }: Options,
	data: string,
	{ open }: Tools,
): Promise<RunPictures> {
	const dataset = await open(data, unlabeled ? { unlabeled } : { oneClass: true });
	if (validation === undefined) return { training: { dataset } };
	return { training: { dataset }, validation: { dataset: await open(validation, { oneClass: true }) } };
}

/** Whether the student learns from the teacher alone: there are no labels, or the embedding does not use them. */
function isTeacherAlone({ embedding, unlabeled }: Options): boolean {
	return embedding || unlabeled;
}

/** Fails if options contradict each other. */
function checkOptions(options: Options): void {
	const { embedding, unlabeled, temperature, weight, views, validation } = options;
	const refuse = (sentence: string): never => {
		throw usageError(sentence);
	};
	if (temperature !== undefined && !(temperature > 0)) refuse("--temperature must be above 0, not 0.");
	if (weight !== undefined && !(weight > 0 && weight <= 1))
		refuse(`--weight must be above 0 (0 is labels alone) and at most 1 (the teacher alone), not ${weight}.`);
	if (options.batchNorm !== undefined && options.from === undefined)
		refuse("--batch-norm needs --from: random weights have no statistics to keep.");
	if (views === "live" && options.answers !== undefined)
		refuse("--answers cannot be given with --views live: no answers are kept then.");
	if (views === 0) refuse("--views must be whole, live or a number of crops of at least 1, not 0.");
	if (typeof views === "number" && options.augment === "none")
		refuse("--views counts crops, but --augment none makes none: leave out one of the two.");
	if (embedding && temperature !== undefined)
		refuse("--temperature cannot be given with --embedding: it applies only to a classifier's answers.");
	for (const [name, given] of [
		["embedding", embedding],
		["unlabeled", unlabeled],
	] as const) {
		if (!given) continue;
		const because = name === "embedding" ? "the teacher's features have no classes" : "there are no labels";
		if (options.teacherHead)
			refuse(`--teacher-head cannot be given with --${name}: ${because} to train a classifier on.`);
		for (const [other, value] of [
			["weight", weight],
			["label-smoothing", options.labelSmoothing],
			["balance", options.balance],
		] as const)
			if (value !== undefined)
				refuse(`--${other} cannot be given with --${name}: the student learns from the teacher alone.`);
	}
	if (embedding && validation !== undefined)
		refuse(
			"--validation cannot be given with --embedding: a network without classes cannot be validated by class.",
		);
	if (validation !== undefined || options.patience === undefined) return;
	if (embedding) refuse("--patience cannot be given with --embedding: there is no validation to wait for.");
	if (unlabeled) refuse("--patience needs --validation with --unlabeled: there is nothing else to wait for.");
}

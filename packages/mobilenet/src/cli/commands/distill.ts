/** `mobilenet distill`: a small network learns from a large one. */
import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";
import type { DistillOptions, Views } from "../options/distill.ts";
import { modelBrief } from "../options/model.ts";
import { wholeNumber } from "../options/numbers.ts";
import { dataArgument, number, parsed, text, trainingFlags } from "../options/training.ts";

type Flags = Omit<DistillOptions, "fineTune" | "head">;

export const distillCommand = buildCommand<Flags, [string], Context>({
	async func(options, data) {
		const { runDistillation } = await import("../distill-run.ts");
		const finished = await runDistillation(options, data, this.process);
		if (!finished) this.process.exitCode = 1;
	},
	parameters: {
		flags: {
			teacher: {
				kind: "parsed",
				parse: text,
				placeholder: "model",
				brief: `the network to learn from: ${modelBrief}`,
			},
			output: {
				kind: "parsed",
				parse: text,
				placeholder: "file",
				brief:
					"the safetensors file to write; log, curves, checkpoints and the teacher's answers lie beside it",
			},
			teacherHead: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief:
					"first give the teacher a classifier trained on DATA, for when its classes are not those of DATA",
			},
			teacherSize: parsed("pixels", wholeNumber, "the teacher's width and height; its own unless told"),
			embedding: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief:
					"learn the teacher's pooled features in the place of its answers: the classifier's outputs are them",
			},
			temperature: parsed(
				"number",
				number,
				"what logits of both are divided by: the higher, the more counts what the teacher did not choose; 2 unless told",
			),
			weight: parsed(
				"share",
				number,
				"of the teacher in the loss, the labels have the rest; 0.9 unless told, 1 is the teacher alone",
			),
			answers: parsed(
				"folder",
				text,
				"where the teacher's answers are kept, to be shared by several runs; OUT.teacher unless told",
			),
			views: parsed(
				"what",
				views,
				"shown to the teacher: whole (each picture once, unless told), live (all that the student sees), or so many crops",
			),
			unlabeled: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "DATA is pictures without classes: the student learns the teacher's own",
			},
			from: parsed("model", text, "the student begins with this trained model, not with random weights"),
			batchNorm: {
				kind: "enum",
				values: ["frozen", "batch"],
				optional: true,
				brief:
					"with --from: keep the statistics of its batch norm (unless told), or follow those of the batches, as from random weights",
			},
			...trainingFlags,
			validation: parsed(
				"data",
				text,
				"pictures to judge by; unless told, a tenth of DATA, or none with --unlabeled and --embedding",
			),
		},
		aliases: { o: "output" },
		positional: { kind: "tuple", parameters: [dataArgument] },
	},
	docs: {
		brief: "Train a small network to answer as a large one does",
		fullDescription: [
			"Trains a network, the student, on what another one, the teacher, says of the pictures, beside their labels: the",
			"student learns what else a picture could nearly be, and is better than by labels alone. Classes of the data are found",
			"among the teacher's by WordNet id, label, synonym or number; with --teacher-head the teacher first learns them itself,",
			"which is the better way where its own are others. Without labels at all (--unlabeled) it learns the teacher's classes.",
			"The teacher is shown each picture once, whole and mirrored, and its answers are kept in OUT.teacher/ for the next run;",
			"the student sees crops. Answers take 4 bytes for every picture and class: where that is more than 256 MiB, the teacher is",
			"shown all that the student sees instead, every time, as with --views live. With --views 8 both see the same 8 crops of",
			"each picture in turn.",
			"The student's options are those of mobilenet train; so are log, curves, checkpoints, Ctrl-C and --resume.",
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

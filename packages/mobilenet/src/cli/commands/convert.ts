/** `mobilenet convert`: writes a model of any supported format as safetensors. */
import { stat } from "node:fs/promises";
import { buildCommand } from "@stricli/core";
import type { ComparedOutputs, OutputDifference } from "../../evaluation/index.ts";
import type { Model } from "../../index.ts";
import type { Context } from "../context.ts";
import { errorLine, messageOf, quoted, usageError } from "../errors.ts";
import { filesOf } from "../locations.ts";
import { changeFlags, loadOptions, type ModelChanges, modelBrief } from "../options/model.ts";
import { checkEnding, checkOverwriting, jsonLine } from "../output.ts";
import { pictureError, picturesOf } from "../pictures.ts";
import { grouped } from "../table.ts";

interface Options extends ModelChanges {
	readonly output: string;
	readonly verify: boolean;
	readonly json: boolean;
}

export const convertCommand = buildCommand<Options, string[], Context>({
	async func(options, ...[model = "", ...pictures]) {
		const { stdout, stderr, stdin } = this.process;
		const { output, verify, json } = options;
		checkUsage(options, pictures);
		await checkOverwriting(model, output);
		const { changedModel, loadModel, MobileNet } = await import("../../index.ts");
		const { writeLocation, writeModel } = await import("../../formats/index.ts");
		const changes = loadOptions(options, this.process.stderr);
		const original = changedModel(await loadModel(model, changes), { size: changes.size });
		const before = await sizeOf(await filesOf(model));
		const bytes = writeModel(original);
		await writeLocation(output, bytes);
		const sizes = { before, after: bytes.length };
		if (!json) stdout.write(`${converted(output, original, sizes)}\n`);

		let verification: object | undefined;
		if (verify) {
			const { compareOutputs, outputTolerance, randomInput, sameOutputs } = await import(
				"../../evaluation/index.ts"
			);
			const [read, written] = [await MobileNet.from(original), await MobileNet.load(output)];
			const inputs: ComparedOutputs[] = [];
			for await (const one of compareOutputs(read, written, picturesOf(pictures, stdin, undefined))) {
				inputs.push(one);
				const isSame = sameOutputs(one);
				if (!isSame) this.process.exitCode = 1;
				if (json) continue;
				if ("error" in one) stderr.write(`${pictureError(one.input, one.error)}\n`);
				else (isSame ? stdout : stderr).write(`${readable(one, randomInput)}\n`);
			}
			read.dispose();
			written.dispose();
			if (inputs.some((one) => !("error" in one) && !sameOutputs(one)))
				stderr.write(
					`${errorLine(`${output} does not give the same outputs as ${model}: they must not differ by more than ${outputTolerance}.`)}\n`,
				);
			verification = { tolerance: outputTolerance, seed: randomInput.seed, inputs: inputs.map(row) };
		}
		if (json) {
			const { configuration } = original;
			const { format } = original.source;
			stdout.write(jsonLine({ file: model, output, format, configuration, bytes: sizes, verification }));
		}
	},
	parameters: {
		flags: {
			output: {
				kind: "parsed",
				parse: (input: string) => input,
				placeholder: "file",
				brief: "the safetensors file to write; an existing one is overwritten",
			},
			...changeFlags,
			verify: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "compare the outputs of both files on random input and on the pictures",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "print one line of JSON" },
		},
		aliases: { o: "output" },
		positional: {
			kind: "array",
			minimum: 1,
			parameter: {
				brief: `the model (${modelBrief}), then pictures for --verify`,
				parse: (input: string) => input,
				placeholder: "model",
			},
		},
	},
	docs: {
		brief: "Write a model of any format as safetensors",
		customUsage: ["<model> -o <file>", "<model> -o <file> --verify [<picture>...]"],
		fullDescription: [
			"Writes a model of any supported format as safetensors: the weights unchanged, with configuration, preprocessing and",
			"labels. Changes made by options are written into the file.",
			"With --verify both files are run on random input and on the pictures. The exit code is 1 if an output differs by more",
			"than 0.00001 or the best class differs.",
			"",
			"EXAMPLE",
			"  mobilenet convert mobilenet_v1_0.25_224.tflite -o model.safetensors",
			"  mobilenet convert vww.tflite -o vww.safetensors --mean 0 --std 255 --verify photo.jpg",
		].join("\n"),
	},
});

function checkUsage({ output, verify }: Options, pictures: readonly string[]): void {
	checkEnding("--output", output, "model");
	if (pictures.length > 0 && !verify)
		throw usageError(
			`${quoted(pictures[0])} is one argument too many: give one model, and pictures only with --verify.`,
		);
}

async function sizeOf(files: readonly string[] | undefined): Promise<number | undefined> {
	if (!files) return undefined;
	const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
	return sizes.reduce((sum, size) => sum + size, 0);
}

interface Sizes {
	readonly before: number | undefined;
	readonly after: number;
}

function converted(output: string, { source, configuration }: Model, { before, after }: Sizes): string {
	const { alpha, size, inputChannels, head, classes, depth } = configuration;
	const network = [
		`α ${alpha}`,
		`${size}×${size}×${inputChannels}`,
		head ? `${classes} classes` : "no classifier",
		...(depth === "shallow" ? ["shallow"] : []),
	];
	const bytes = [before === undefined ? [] : [`${grouped(before)} bytes`], `${grouped(after)} bytes`].flat();
	return `${output}: MobileNet v1, ${network.join(", ")}, from ${source.format}, ${bytes.join(" → ")}`;
}

function readable(
	{ input, difference, sameTop1 }: OutputDifference,
	random: { readonly pictures: number; readonly seed: number },
): string {
	const what = input === "random" ? `random input (${random.pictures} pictures, seed ${random.seed})` : input;
	const top = sameTop1 === undefined ? "" : sameTop1 ? ", same top-1" : ", different top-1";
	return `${what}: largest difference ${difference === 0 ? 0 : difference.toExponential(1)}${top}`;
}

function row(compared: ComparedOutputs) {
	if ("error" in compared) return { input: compared.input, error: messageOf(compared.error) };
	const { input, difference, sameTop1 } = compared;
	return { input, difference, sameTop1: sameTop1 ?? null };
}

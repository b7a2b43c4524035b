/** `mobilenet quantize`: turns a float network into one of 8-bit integers, calibrated with some pictures. */
import { buildCommand } from "@stricli/core";
import type { NamedPicture } from "../../evaluation/index.ts";
import type {
	LayerReport,
	QuantizationReport,
	QuantizationStage,
	RangeMethod,
} from "../../quantization/index.ts";
import type { Context } from "../context.ts";
import { usageError } from "../errors.ts";
import { changeFlags, loadOptions, type ModelChanges, modelBrief } from "../options/model.ts";
import { wholeNumber } from "../options/numbers.ts";
import { checkEnding, checkOverwriting, jsonLine } from "../output.ts";
import { pictureError, picturesOf } from "../pictures.ts";
import { grouped, percent, table } from "../table.ts";
import { terminalOf } from "../terminal.ts";

interface Options extends ModelChanges {
	readonly calibrate: string;
	readonly output: string;
	readonly pictures: number;
	readonly range: RangeMethod;
	readonly biasCorrection: boolean;
	readonly json: boolean;
}

export const quantizeCommand = buildCommand<Options, [string], Context>({
	async func(options, input) {
		const { stdout, stderr, stdin } = this.process;
		const terminal = terminalOf(stderr);
		const { calibrate, output, range, biasCorrection, json } = options;
		checkUsage(options);
		await checkOverwriting(input, output);
		const named: NamedPicture[] = [];
		for await (const picture of picturesOf([calibrate], stdin, undefined)) named.push(picture);
		const { changedModel, loadModel } = await import("../../index.ts");
		const { sample } = await import("../../data/index.ts");
		const { writeLocation, writeModel } = await import("../../formats/index.ts");
		const { quantize } = await import("../../quantization/index.ts");
		// Always the same pictures.
		const chosen = sample(named, options.pictures);
		const changes = loadOptions(options, this.process.stderr);
		const model = changedModel(await loadModel(input, changes), { size: changes.size });
		const { model: quantized, report } = await quantize(model, chosen, {
			range,
			biasCorrection,
			onProgress: ({ source, ...progress }) => terminal.count({ ...progress, source: stages[source] }),
			onUnreadable: (file, error) => {
				this.process.exitCode = 1;
				terminal.line(pictureError(file, error));
			},
		});
		// Written whole or not at all: an interrupted run leaves no file.
		const bytes = writeModel(quantized);
		await writeLocation(output, bytes);
		stdout.write(
			json
				? jsonLine({ file: input, output, bytes: bytes.length, ...report })
				: readable(output, bytes.length, report),
		);
	},
	parameters: {
		flags: {
			calibrate: {
				kind: "parsed",
				parse: (input: string) => input,
				placeholder: "pictures",
				brief: "pictures like those that the network will see: a folder, a glob, or a file",
			},
			output: {
				kind: "parsed",
				parse: (input: string) => input,
				placeholder: "file",
				brief: "the safetensors file to write; an existing one is overwritten",
			},
			pictures: {
				kind: "parsed",
				parse: wholeNumber,
				default: "200",
				placeholder: "count",
				brief: "how many of the pictures to use, chosen at random but always the same",
			},
			range: {
				kind: "enum",
				values: ["minmax", "percentile", "mse"],
				default: "mse",
				brief:
					"how activation ranges are chosen: all values seen (minmax), all but 1 in 10,000 (percentile), or least squared error (mse)",
			},
			biasCorrection: {
				kind: "boolean",
				default: true,
				brief: "adjust biases for the average change caused by rounding",
			},
			...changeFlags,
			json: { kind: "boolean", default: false, withNegated: false, brief: "print one line of JSON" },
		},
		aliases: { o: "output" },
		positional: {
			kind: "tuple",
			parameters: [{ brief: modelBrief, parse: (input: string) => input, placeholder: "model" }],
		},
	},
	docs: {
		brief: "Turn a model into 8-bit integers: a quarter of the bytes, and faster",
		fullDescription: [
			"Converts a model to 8-bit integers, a quarter of the size and faster, and shows how far each layer and the answers are",
			"from the float model. One or two hundred pictures are enough; they need no labels. Changes that the options make to",
			"preprocessing and labels are written into the file.",
			"",
			"EXAMPLE",
			"  mobilenet quantize model.tflite --calibrate photos/ -o model-int8.safetensors",
		].join("\n"),
	},
});

function checkUsage({ output, pictures }: Options): void {
	checkEnding("--output", output, "model");
	if (pictures === 0) throw usageError("--pictures must be at least 1, not 0.");
}

const stages: Readonly<Record<QuantizationStage, string>> = {
	calibrate: "pictures seen in float",
	quantize: "layers quantized",
	compare: "pictures compared",
	evaluate: "pictures evaluated",
};

function readable(output: string, bytes: number, report: QuantizationReport): string {
	const { pictures, layers, compared, agreement } = report;
	const range = ([low, high]: LayerReport["seen"]): string => `${low.toFixed(2)} … ${high.toFixed(2)}`;
	const decibels = (value: number | undefined): string => value?.toFixed(1) ?? "";
	const titles = ["seen", "covered", "weights dB", "output dB"];
	return [
		`${output}: ${grouped(bytes)} bytes, quantized with ${grouped(pictures)} ${pictures === 1 ? "picture" : "pictures"}\n`,
		...(agreement === undefined
			? []
			: [`same answer as in float: ${percent(agreement, 1)} of the first ${grouped(compared)} pictures\n`]),
		"\n",
		table(
			[{ title: "layer" }, ...titles.map((title) => ({ title, align: "right" }) as const)],
			layers.map(({ layer, seen, covered, weightSignalToNoise, signalToNoise }) => [
				layer,
				range(seen),
				range(covered),
				decibels(weightSignalToNoise),
				decibels(signalToNoise),
			]),
		),
		"\ndB: signal-to-noise ratio against float; 20 dB more means a tenth of the error; output values include the errors of all earlier layers\n",
	].join("");
}

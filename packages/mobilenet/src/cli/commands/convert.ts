/** `mobilenet convert`: a model of any format that can be read, written as safetensors. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCommand } from "@stricli/core";
import { isAddress } from "../../base/fetch.ts";
import { parseJson } from "../../base/json.ts";
import type { MobileNet } from "../../model/mobilenet.ts";
import { namedModel } from "../../model/names.ts";
import type { Context } from "../context.ts";
import { errorLine, messageOf, quoted, usageError } from "../errors.ts";
import { changeFlags, loadOptions, type ModelChanges, modelBrief } from "../options/model.ts";
import { pictureError, picturesOf } from "../pictures.ts";
import { grouped } from "../table.ts";
import { type Compared, compare, randomPictures, same, seed, tolerance } from "../verify.ts";

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
		const files = await filesOf(model);
		await checkOverwriting(files, output);

		const { MobileNet } = await import("../../model/mobilenet.ts");
		const original = await MobileNet.load(model, loadOptions(options));
		await original.save(output);
		const bytes = { before: await sizeOf(files), after: await sizeOf([output]) };
		if (!json) stdout.write(`${converted(output, original, bytes)}\n`);

		const compared: Compared[] = [];
		if (verify) {
			const written = await MobileNet.load(output);
			for await (const one of compare(original, written, picturesOf(pictures, stdin, undefined))) {
				compared.push(one);
				if (!same(one)) this.process.exitCode = 1;
				if (json) continue;
				if ("error" in one) stderr.write(pictureError(one.input, one.error));
				else (same(one) ? stdout : stderr).write(`${readable(one)}\n`);
			}
			written.dispose();
			if (compared.some((one) => !("error" in one) && !same(one)))
				stderr.write(
					`${errorLine(`${output} does not give the outputs of ${model}: they may differ by ${tolerance} at most.`)}\n`,
				);
		}
		if (json) {
			const { source, configuration } = original.model;
			const { format } = source;
			const verification = verify && { tolerance, seed, inputs: compared.map(row) };
			stdout.write(
				`${JSON.stringify({ file: model, output, format, configuration, bytes, ...(verification && { verification }) })}\n`,
			);
		}
		original.dispose();
	},
	parameters: {
		flags: {
			output: {
				kind: "parsed",
				parse: (input: string) => input,
				placeholder: "file",
				brief: "the safetensors file to write, or to write over",
			},
			...changeFlags,
			verify: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "compare the outputs of both files, on random input and on the pictures",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON" },
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
			"Writes a model of any format that can be read as safetensors: the weights as they are, with configuration,",
			"preprocessing and labels. What the options say of those is written into the file.",
			`With --verify both files are run, on random input and on the pictures: exit code 1 if an output differs by more than`,
			`${tolerance}, or the best class differs.`,
			"",
			"EXAMPLE",
			"  mobilenet convert mobilenet_v1_0.25_224.tflite -o model.safetensors",
			"  mobilenet convert vww.tflite -o vww.safetensors --mean 0 --std 255 --verify photo.jpg",
		].join("\n"),
	},
});

function checkUsage({ output, verify }: Options, pictures: readonly string[]): void {
	if (!/\.safetensors$/i.test(output))
		throw usageError(
			`--output must end in .safetensors, the only format that is written, not ${quoted(output)}.`,
		);
	if (pictures.length > 0 && !verify)
		throw usageError(
			`${quoted(pictures[0])} is one argument too many: one model is converted, and pictures are for --verify.`,
		);
}

/** The files that a model is made of, as far as there are any: undefined for an address and the embedded one. */
export async function filesOf(model: string): Promise<readonly string[] | undefined> {
	if (namedModel(model) || isAddress(model)) return undefined;
	if (model.startsWith("file:")) return filesOf(fileURLToPath(model));
	const found = await stat(model).catch(() => undefined);
	if (!found?.isDirectory()) return found ? [model, ...(await shardsOf(model))] : [];
	const names = await readdir(model);
	if (names.includes("model.json")) return filesOf(join(model, "model.json"));
	return names.map((name) => join(model, name));
}

/** What a TensorFlow.js model.json names; nothing for any other file. */
async function shardsOf(file: string): Promise<readonly string[]> {
	if (!/\.json$/i.test(file)) return [];
	try {
		const { weightsManifest } = parseJson(await readFile(file, "utf8")) as {
			weightsManifest: { paths: string[] }[];
		};
		return weightsManifest.flatMap(({ paths }) => paths).map((path) => join(file, "..", path));
	} catch {
		// Loading it says what is wrong.
		return [];
	}
}

/** An existing file may be written over, but not the model itself. */
export async function checkOverwriting(files: readonly string[] = [], output: string): Promise<void> {
	const identity = async (file: string): Promise<string | undefined> => {
		const found = await stat(file, { bigint: true }).catch(() => undefined);
		return found && `${found.dev} ${found.ino}`;
	};
	const there = await identity(output);
	if (there === undefined) return;
	for (const file of files)
		if ((await identity(file)) === there)
			throw usageError(`${output} is a file of the model that is read: give another --output.`);
}

async function sizeOf(files: readonly string[] | undefined): Promise<number | undefined> {
	if (!files) return undefined;
	const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
	return sizes.reduce((sum, size) => sum + size, 0);
}

interface Bytes {
	readonly before: number | undefined;
	readonly after: number | undefined;
}

function converted(output: string, { model, configuration }: MobileNet, { before, after }: Bytes): string {
	const { alpha, size, inputChannels, head, classes, depth } = configuration;
	const network = [
		`α ${alpha}`,
		`${size}×${size}×${inputChannels}`,
		head ? `${classes} classes` : "no classifier",
		...(depth === "shallow" ? ["shallow"] : []),
	];
	const bytes = [
		before === undefined ? [] : [`${grouped(before)} bytes`],
		`${grouped(after ?? 0)} bytes`,
	].flat();
	return `${output}: MobileNet v1, ${network.join(", ")}, from ${model.source.format}, ${bytes.join(" → ")}`;
}

function readable({ input, difference, sameTop1 }: Exclude<Compared, { error: unknown }>): string {
	const what = input === "random" ? `random input (${randomPictures} pictures, seed ${seed})` : input;
	const top = sameTop1 === undefined ? "" : sameTop1 ? ", same top-1" : ", another top-1";
	return `${what}: largest difference ${difference === 0 ? 0 : difference.toExponential(1)}${top}`;
}

function row(compared: Compared) {
	if ("error" in compared) return { input: compared.input, error: messageOf(compared.error) };
	const { input, difference, sameTop1 } = compared;
	return { input, difference, sameTop1: sameTop1 ?? null };
}

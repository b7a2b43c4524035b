/** What each model file of ../shared is asked, and what its own runtime answered: from the files that hold the answers. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { shared } from "../support/shared-paths.ts";
import type { Question } from "./answers.ts";
import { goldenFiles, type SharedFile, type SharedFiles, weightFiles, wildFiles } from "./files.ts";

export interface Asked {
	/** Below ../shared. */
	readonly path: string;
	readonly file: SharedFile;
	/** Absent for a file that must be refused. */
	readonly question?: Question;
}

/** What must lie beside the project. */
export const needed = ["wild", "weights", "golden/formats", "golden/imagenet", "data/photos"] as const;

/** Folders of model files, and what lies there beside them. */
const folders: readonly (readonly [folder: string, files: SharedFiles, others: RegExp])[] = [
	["wild", wildFiles, /^(README\.md|expected\.json)$/],
	["weights", weightFiles, /^(README\.md|imagenet_.*\.txt)$/],
	["golden/formats", goldenFiles, /^(expected_.*\.json|inputs_.*\.bin|timm_config\.json)$/],
];

/** The answers in the form of wild/expected.json: whole rows, or of 1000 outputs the best. */
interface PhotographAnswers {
	readonly outputs?: readonly (readonly number[])[];
	readonly best?: readonly (readonly (readonly [output: number, value: number])[])[];
	readonly count?: number;
}

/** The photographs that these are about. */
const photographs = ["macaw.jpg", "tabby_cat.jpg", "espresso.png"];

export function wildQuestions(): readonly Asked[] {
	const answers = readJson(shared("wild/expected.json")) as Record<string, PhotographAnswers>;
	return asked("wild", wildFiles, (name) => ofPhotographs(answers[name]!));
}

export function weightQuestions(): readonly Asked[] {
	// Those that have no golden values: make-answers.py made them.
	const answers = readJson(new URL("answers.json", import.meta.url)) as Record<string, PhotographAnswers>;
	const pixels = readSafetensors(readFileSync(shared("golden/imagenet/pixels.safetensors")), "pixels");
	const golden = readSafetensors(readFileSync(shared("golden/imagenet/outputs.safetensors")), "outputs");
	const names = JSON.parse(pixels.metadata.files!) as string[];
	return asked("weights", weightFiles, (name) => {
		const mine = answers[name];
		if (mine) return ofPhotographs(mine);
		const { data, shape } = golden.tensors.get(name)!;
		const outputs = shape[1]!;
		const real = realOf(data.constructor.name);
		return {
			input: paths(names),
			expected: names.map((_, n) =>
				whole([...data.subarray(n * outputs, (n + 1) * outputs)].map(Number).map(real)),
			),
			outputs,
		};
	});
}

export function goldenQuestions(): readonly Asked[] {
	const folder = "golden/formats";
	interface GoldenAnswers {
		readonly probabilities?: readonly (readonly number[])[];
		readonly logits?: readonly (readonly number[])[];
		readonly output?: readonly (readonly number[])[];
		readonly outputType?: string;
	}
	const answers = {
		...(readJson(shared(`${folder}/expected_tf.json`)) as object),
		...(readJson(shared(`${folder}/expected_torch.json`)) as object),
	} as Record<string, GoldenAnswers>;
	const bytes = readFileSync(shared(`${folder}/inputs_4x64x64x3_nhwc_f32.bin`));
	const input = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
	return asked(folder, goldenFiles, (name) => {
		const { probabilities, logits, output, outputType = "" } = answers[name]!;
		const rows = (probabilities ?? logits ?? output)!;
		const real = realOf(outputType);
		return { input, expected: rows.map((row) => whole(row.map(real))), outputs: rows[0]!.length };
	});
}

/** What lies in the folders of model files and in no list: nothing may be forgotten. */
export function unlisted(): readonly string[] {
	return folders.flatMap(([folder, files, others]) =>
		entries(folder, Object.keys(files))
			.filter((name) => !(name in files) && !others.test(name))
			.map((name) => `${folder}/${name}`),
	);
}

/** Names in a folder, and in those of its folders that are no model themselves but hold some of the list. */
function entries(folder: string, listed: readonly string[]): readonly string[] {
	return readdirSync(shared(folder)).flatMap((name) =>
		listed.some((file) => file.startsWith(`${name}/`))
			? readdirSync(shared(`${folder}/${name}`)).map((inner) => `${name}/${inner}`)
			: [name],
	);
}

function asked(
	folder: string,
	files: SharedFiles,
	answers: (name: string) => Pick<Question, "input" | "expected" | "outputs">,
): readonly Asked[] {
	return Object.entries(files).map(([name, file]) => {
		const { runtime, options, integer, tolerance, as = name } = file;
		const path = `${folder}/${name}`;
		if (!existsSync(shared(path))) throw new Error(`../shared/${path} is in the list, but not there`);
		if (runtime === undefined) return { path, file };
		const question = {
			...answers(as),
			path: shared(path),
			...(options && { options }),
			...(integer !== undefined && { integer }),
			...(tolerance && { tolerance }),
		};
		return { path, file, question };
	});
}

function ofPhotographs({
	outputs,
	best,
	count,
}: PhotographAnswers): Pick<Question, "input" | "expected" | "outputs"> {
	return {
		input: paths(photographs),
		expected: outputs?.map(whole) ?? best!.map((pairs) => new Map(pairs)),
		outputs: count ?? outputs![0]!.length,
	};
}

const paths = (names: readonly string[]): readonly string[] =>
	names.map((name) => shared(`data/photos/${name}`));

const whole = (row: readonly number[]): ReadonlyMap<number, number> => new Map(row.entries());

/** The number of an output; those of integers are codes of 1/256, as TensorFlow Lite's softmax has them. */
function realOf(type: string): (value: number) => number {
	if (/uint8/i.test(type)) return (code) => code / 256;
	return /int8/i.test(type) ? (code) => (code + 128) / 256 : (value) => value;
}

function readJson(path: string | URL): unknown {
	return JSON.parse(readFileSync(path, "utf8"));
}

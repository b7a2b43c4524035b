/** How far a model file's answers are from those of its own runtime. */
import { MobileNet } from "../../src/model/mobilenet.ts";
import type { LoadOptions } from "../../src/model/options.ts";
import type { Model } from "../../src/weights/model.ts";

/** A model file, what it is asked, and what its own runtime answers. */
export interface Question {
	/** The model's file or folder. */
	readonly path: string;
	/** Pictures as a person gives them (files); or numbers as the network takes them, NHWC, one picture after the other. */
	readonly input: readonly string[] | Float32Array;
	/** For each picture what its outputs are, by number: of all outputs, or of some. */
	readonly expected: readonly ReadonlyMap<number, number>[];
	/** How many outputs there are. */
	readonly outputs: number;
	/** What a person must say because the file does not. */
	readonly options?: LoadOptions;
	/** From one code of the output to the next, where they are integers and it is not said by the model. */
	readonly step?: number;
	/** Whether the runtime's outputs are integers; such answers are compared in codes. Default: as the model runs here. */
	readonly integer?: boolean;
	readonly tolerance?: Tolerance;
}

export interface Tolerance {
	/** The largest difference allowed: of the numbers, or of the codes of integer outputs. */
	readonly apart: number;
	/** The share of the outputs that must be so near. Default: all. */
	readonly share?: number;
	/** For how many pictures the best output must be the same. Default: 0. */
	readonly best?: number;
}

/** What is right for a file of which nobody says otherwise. */
export const usual: Readonly<Record<"float" | "integer", Tolerance>> = {
	float: { apart: 1e-4 },
	integer: { apart: 1 },
};

export interface Answer {
	/** Of the numbers, or of the codes of integer outputs. */
	readonly largest: number;
	readonly unit: "" | "codes";
	/** Share of the outputs that are as near as the tolerance asks for. */
	readonly near: number;
	/** Pictures whose best output is the same. */
	readonly best: number;
	readonly right: boolean;
}

/**
 * Reads a file, runs it and compares.
 *
 * @throws what reading throws, and an error where the file is read as a network with another number of outputs
 */
export async function answer(question: Question): Promise<Answer> {
	const { path, input, expected, outputs, options, integer, step } = question;
	const network = await MobileNet.load(path, {
		...options,
		// Pictures are stretched as the runtimes' were, whatever the file says.
		preprocessing: { ...options?.preprocessing, fit: "stretch", filter: "pillow-bilinear" },
	});
	try {
		const rows = await outputsOf(network, input, expected.length);
		const inCodes = integer ?? network.arithmetic === "integer";
		const code = codesOf(inCodes ? (step ?? stepOf(network.model)) : undefined);
		const tolerance = question.tolerance ?? (inCodes ? usual.integer : usual.float);
		const differences: number[] = [];
		let best = 0;
		for (const [n, values] of expected.entries()) {
			const row = sameCount(rows[n]!, outputs);
			for (const [output, value] of values) differences.push(Math.abs(code(row[output]!) - code(value)));
			const most = [...values].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
			if (row[most] === Math.max(...row)) best++;
		}
		const near = differences.filter((apart) => apart <= tolerance.apart).length / differences.length;
		return {
			largest: Math.max(...differences),
			unit: inCodes ? "codes" : "",
			near,
			best,
			right: near >= (tolerance.share ?? 1) && best >= (tolerance.best ?? 0),
		};
	} finally {
		network.dispose();
	}
}

async function outputsOf(
	network: MobileNet,
	input: Question["input"],
	pictures: number,
): Promise<readonly Float32Array[]> {
	if (input instanceof Float32Array) {
		const all = await network.run(input, { batch: pictures });
		const count = all.length / pictures;
		return Array.from({ length: pictures }, (_, n) => all.subarray(n * count, (n + 1) * count));
	}
	const { head, output } = network.configuration;
	const rows: Float32Array[] = [];
	if (!head) return network.embed(input);
	if (output === "logits")
		for (const picture of input) rows.push((await network.features(picture, "classifier")).data);
	else
		for await (const row of network.probabilitiesEach(input)) {
			if ("error" in row) throw row.error;
			rows.push(row.probabilities);
		}
	return rows;
}

/** Of a single output p we give both classes, 1 − p and p. */
function sameCount(row: Float32Array, outputs: number): Float32Array {
	const same = outputs === 1 && row.length === 2 ? row.subarray(1) : row;
	if (same.length !== outputs) throw new Error(`has ${row.length} outputs where its runtime has ${outputs}`);
	return same;
}

/** TensorFlow Lite's softmax and sigmoid give out codes of 1/256; logits have a scale of their own. */
const stepOfProbabilities = 1 / 256;

function stepOf({ configuration, tensors }: Model): number {
	if (configuration.output !== "logits") return stepOfProbabilities;
	const scale = tensors.get("classifier.output.scale");
	if (!scale) throw new Error("has logits without a scale");
	return Number(scale.data[0]);
}

/** The code of a number; the number itself where there is no step. A probability of 1 is the code of 255. */
function codesOf(step: number | undefined): (value: number) => number {
	if (step === undefined) return (value) => value;
	return (value) => Math.min(Math.round(value / step), step === stepOfProbabilities ? 255 : Infinity);
}

/** A difference as the tables show it. */
export function shownDifference({ largest, unit, near }: Answer): string {
	if (unit === "") return largest === 0 ? "0" : largest.toExponential(1);
	const codes = `${largest} ${largest === 1 ? "code" : "codes"}`;
	return largest > 1 ? `${codes}, ${(near * 100).toFixed(1)} % within 1` : codes;
}

/** What an error says of the file at this path of ../shared or the study, without the path. */
export function sentenceOf(error: unknown, path: string): string {
	const sentence = error instanceof Error ? error.message : String(error);
	const from = sentence.indexOf(path);
	const rest = from < 0 ? sentence : sentence.slice(from + path.length).replace(/^[^ :]*:? /, "");
	return rest.replaceAll("|", "\\|");
}

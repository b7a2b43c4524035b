/**
 * Top-1 and top-5 of real networks on 500 pictures of ImageNet's validation set, through `mobilenet classify --json`
 * as a user runs it, beside what TensorFlow reaches on the same pictures.
 *
 *   npm run accuracy        (docs/accuracy.md holds its results)
 */
import { readFileSync } from "node:fs";
import { run } from "../../src/cli/program.ts";
import { shared } from "../support/shared-paths.ts";

export const pictures = "data/ilsvrc_val_227";
export const golden = "golden/imagenet/accuracy.json";

export interface Measured {
	readonly file: string;
	/** Points of percent that it may be off. */
	readonly points: number;
	/** The size to run it at, if not its own. */
	readonly size?: number;
}

/** Float networks, and integer ones, which run in integers. */
export const networks: readonly Measured[] = [
	{ file: "mobilenet_v1_1.0_224_tfjs", points: 0.6 },
	{ file: "mobilenet_v1_0.25_224_tfjs", points: 0.6 },
	{ file: "mobilenet_v1_0.25_224.h5", points: 0.6 },
	// At these sizes Keras pads otherwise than TensorFlow (keras_sizes.py).
	{ file: "mobilenet_v1_0.25_224.h5", points: 0, size: 200 },
	{ file: "mobilenet_v1_0.25_224.h5", points: 0, size: 180 },
	{ file: "mobilenet_v1_0.25_224.h5", points: 0, size: 150 },
	{ file: "mobilenet_v1_0.25_224.tflite", points: 0.6 },
	{ file: "mobilenet_v1_0.25_224_fp16.tflite", points: 0.6 },
	{ file: "mobilenet_v1_0.25_224_int8.tflite", points: 1 },
	{ file: "mobilenet_v1_1.0_224_quant.tflite", points: 1 },
	{ file: "mobilenet_v1_0.5_160_quant.tflite", points: 1 },
	{ file: "mobilenet_v1_0.25_128_quant.tflite", points: 1 },
];

export interface Accuracy {
	/** Percent. */
	readonly top1: number;
	readonly top5: number;
}

/** What TensorFlow, TensorFlow Lite or, at another size, Keras reaches, in percent. */
export function expectedAccuracy({ file, size }: Measured): Accuracy {
	if (size !== undefined) {
		const { [file]: bySize } = JSON.parse(
			readFileSync(new URL("keras-sizes.json", import.meta.url), "utf8"),
		) as Record<string, Record<number, Accuracy>>;
		return percent(bySize![size]!);
	}
	const { models } = JSON.parse(readFileSync(shared(golden), "utf8")) as {
		models: Record<string, { ilsvrc_val_227: { top1: number; top5: number } }>;
	};
	return percent(models[file]!.ilsvrc_val_227);
}

function percent({ top1, top5 }: Accuracy): Accuracy {
	return { top1: top1 * 100, top5: top5 * 100 };
}

/** What we reach, in percent. */
export async function accuracyOf({ file, size }: Measured, ...options: readonly string[]): Promise<Accuracy> {
	const labels = new Map(
		readFileSync(shared(`${pictures}/labels.tsv`), "utf8")
			.trim()
			.split("\n")
			.slice(1)
			.map((line) => line.split("\t"))
			.map(([name, index]) => [name!, Number(index)]),
	);
	let output = "";
	const exitCode = await run(
		[
			"classify",
			"--json",
			...options,
			...(size === undefined ? [] : ["--size", String(size)]),
			"--fit",
			"stretch",
			"--filter",
			"pillow-bilinear",
			"--model",
			shared(`weights/${file}`),
			shared(pictures),
		],
		{
			stdout: { write: (text) => (output += text) },
			stderr: process.stderr,
			stdin: process.stdin,
			env: {},
		},
	);
	const rows = output
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as { file: string; predictions: { index: number }[] });
	if (exitCode !== 0 || rows.length !== labels.size)
		throw new Error(`classify gave ${rows.length} rows and exit code ${exitCode}`);
	const right = (among: number): number =>
		rows.filter(({ file, predictions }) =>
			predictions.slice(0, among).some(({ index }) => index === labels.get(file.replace(/^.*[/\\]/, ""))),
		).length;
	return { top1: (right(1) / rows.length) * 100, top5: (right(5) / rows.length) * 100 };
}

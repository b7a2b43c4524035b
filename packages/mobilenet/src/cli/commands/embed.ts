/** `mobilenet embed`: pictures in, the network's features out, as JSON lines or as a NumPy array. */
import { buildCommand } from "@stricli/core";
import { layers } from "../../network/index.ts";
import type { Context } from "../context.ts";
import { messageOf } from "../errors.ts";
import { writeNpy } from "../npy.ts";
import { loadOptions, type ModelOptions, modelFlags } from "../options/model.ts";
import { checkEnding, jsonLine } from "../output.ts";
import {
	checkPictures,
	type PicturesOptions,
	pictureError,
	pictureFlags,
	picturesArgument,
	picturesOf,
	redirects,
} from "../pictures.ts";

interface Options extends ModelOptions, PicturesOptions {
	readonly output?: string | undefined;
}

export const embedCommand = buildCommand<Options, string[], Context>({
	async func(options, ...inputs) {
		const { stdout, stderr, stdin } = this.process;
		const { batch, output } = options;
		checkPictures(inputs, "embed");
		if (output !== undefined) checkEnding("--output", output, "vectors");
		const { MobileNet } = await import("../../index.ts");
		const model = await MobileNet.load(options.model, loadOptions(options, this.process.stderr));
		const files: string[] = [];
		const embeddings: Float32Array[] = [];
		const pictures = picturesOf(inputs, stdin, options.rgb);
		for await (const row of model.embedEach(pictures, { batch, redirects })) {
			const file = row.key;
			if ("error" in row) {
				this.process.exitCode = 1;
				if (output === undefined) stdout.write(jsonLine({ file, error: messageOf(row.error) }));
				else stderr.write(`${pictureError(file, row.error)}\n`);
			} else if (output === undefined)
				stdout.write(jsonLine({ file, embedding: Array.from(row.embedding, short) }));
			else {
				files.push(file);
				embeddings.push(row.embedding);
			}
		}
		model.dispose();
		if (output === undefined) return;
		const { outputChannels } = layers(model.configuration).find(({ name }) => name === "pool")!;
		const { writeLocation } = await import("../../formats/index.ts");
		await writeLocation(output, writeNpy(embeddings, outputChannels));
		for (const file of files) stdout.write(`${file}\n`);
	},
	parameters: {
		flags: {
			...modelFlags,
			...pictureFlags,
			output: {
				kind: "parsed",
				parse: (input: string) => input,
				optional: true,
				placeholder: "file",
				brief: "the NumPy file (.npy) to write: float32, one row for each picture that could be read",
			},
		},
		aliases: { o: "output" },
		positional: picturesArgument,
	},
	docs: {
		brief: "Turn pictures into vectors: the features that the classifier uses",
		fullDescription: [
			"Turns pictures into vectors: the pooled features that the classifier uses, 1024 numbers at α = 1. Pictures that look",
			"alike have vectors that point in similar directions.",
			'Prints a line of JSON for each picture: {"file", "embedding"} or {"file", "error"}. With -o the vectors go to a NumPy',
			"file of shape [pictures, channels], and the pictures' names go to standard output in the same order.",
			"",
			"EXAMPLE",
			"  mobilenet embed photo.jpg",
			"  mobilenet embed --model model.tflite -o vectors.npy photos/ > names.txt",
		].join("\n"),
	},
});

/** The same float32 in fewer digits: nine are enough to tell any two apart. */
function short(value: number): number {
	return Number(value.toPrecision(9));
}

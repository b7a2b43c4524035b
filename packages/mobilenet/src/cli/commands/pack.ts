/** `mobilenet pack`: an npm package of a model, which others install to have it by name. */
import { mkdir, readdir } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { usageError } from "../errors.ts";
import { changeFlags, loadOptions, type ModelChanges, modelBrief } from "../options/model.ts";
import { jsonLine } from "../output.ts";
import { grouped } from "../table.ts";

interface Options extends ModelChanges {
	readonly name: string;
	readonly version?: string | undefined;
	readonly license?: string | undefined;
	readonly output?: string | undefined;
	readonly json: boolean;
}

const text = { kind: "parsed", parse: (input: string) => input, optional: true } as const;

export const packCommand = buildCommand<Options, [string], Context>({
	async func(options, source) {
		const { name, version, license, json } = options;
		const { changedModel, loadModel } = await import("../../index.ts");
		const { packModel } = await import("../../catalog/index.ts");
		const { writeLocation } = await import("../../formats/index.ts");
		const changes = loadOptions(options, this.process.stderr);
		const model = changedModel(await loadModel(source, changes), { size: changes.size });
		const files = packModel(model, { name, version, license });
		const manifest = JSON.parse(new TextDecoder().decode(files.get("package.json"))) as { name: string };
		const output = options.output || manifest.name;
		if ((await readdir(output).catch(() => [])).length > 0)
			throw usageError(`${output} is a folder with files in it: give another --output.`);
		// Where that fails, writing the first file says why.
		await mkdir(output, { recursive: true }).catch(() => undefined);
		for (const [path, bytes] of files) await writeLocation(join(output, path), bytes);
		const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
		this.process.stdout.write(
			json
				? jsonLine({ output, package: manifest.name, name, bytes, files: [...files.keys()] })
				: `${output}: the package ${manifest.name}, ${grouped(bytes)} bytes. npm publish ${isAbsolute(output) ? output : `./${output}`} publishes it; whoever installs it loads ${name}.\n`,
		);
	},
	parameters: {
		flags: {
			name: {
				kind: "parsed",
				parse: (input: string) => input,
				placeholder: "name",
				brief: "what it is called when it is loaded, such as flowers or flowers/small",
			},
			version: { ...text, placeholder: "version", brief: "the package's version (default: 1.0.0)" },
			license: {
				...text,
				placeholder: "license",
				brief: "the package's license (default: the model's own, else UNLICENSED)",
			},
			output: { ...text, placeholder: "folder", brief: "a new folder (default: the package's name)" },
			...changeFlags,
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON" },
		},
		aliases: { o: "output" },
		positional: {
			kind: "tuple",
			parameters: [{ brief: modelBrief, parse: (input: string) => input, placeholder: "model" }],
		},
	},
	docs: {
		brief: "Make an npm package of a model",
		fullDescription: [
			'Makes an npm package of a model. Whoever installs it loads the model by name: MobileNet.load("flowers").',
			"",
			"EXAMPLE",
			"  mobilenet pack flowers.safetensors --name flowers --license CC-BY-4.0",
			"  npm publish ./mobilenet-weights-flowers",
		].join("\n"),
	},
});

/** `mobilenet pull`: fetches networks by name, to have them without a network later; or removes them. */
import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { usageError } from "../errors.ts";
import { jsonLine } from "../output.ts";
import { grouped } from "../table.ts";
import { downloading } from "../terminal.ts";

interface Options {
	readonly remove: boolean;
	readonly json: boolean;
}

export const pullCommand = buildCommand<Options, string[], Context>({
	async func({ remove, json }, ...names) {
		if (names.length === 0)
			throw usageError("pull takes the name of a network: mobilenet models lists them.");
		const { stdout, stderr } = this.process;
		const { pullWeights, removeWeights } = await import("../../catalog/index.ts");
		const onProgress = downloading(stderr);
		for (const name of names) {
			if (remove) {
				const bytes = await removeWeights(name);
				stdout.write(
					json
						? jsonLine({ name, removed: bytes })
						: bytes === 0
							? `${name}: there was nothing to remove\n`
							: `${name}: ${grouped(bytes)} bytes removed\n`,
				);
				continue;
			}
			const pulled = await pullWeights(name, { onProgress });
			if (json) stdout.write(jsonLine(pulled));
			else
				for (const { location, bytes } of pulled.files)
					stdout.write(`${pulled.name}  ${location} (${grouped(bytes)} bytes)\n`);
		}
	},
	parameters: {
		flags: {
			remove: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "remove them from the cache; other programs that share it lose them, too",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON per network" },
		},
		positional: {
			kind: "array",
			parameter: {
				brief: "names, as mobilenet models lists them, or hf:owner/name",
				parse: (input: string) => input,
				placeholder: "name",
			},
		},
	},
	docs: {
		brief: "Download networks by name, to use them offline",
		fullDescription: [
			"Downloads networks into the cache, where every command finds them without a network. Repositories of Hugging Face's",
			"hub go into its own cache (HF_HOME), which Python shares; other files into MOBILENET_CACHE.",
			"",
			"EXAMPLE",
			"  mobilenet pull imagenet",
			"  mobilenet pull hf:google/mobilenet_v1_1.0_224",
			"  mobilenet pull --remove imagenet",
		].join("\n"),
	},
});

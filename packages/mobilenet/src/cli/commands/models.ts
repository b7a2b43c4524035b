/** `mobilenet models`: the networks that can be had by name, and which of them are here. */
import { buildCommand } from "@stricli/core";
import type { CatalogEntry, PulledWeights } from "../../catalog/index.ts";
import type { Context } from "../context.ts";
import { jsonLine } from "../output.ts";
import { table } from "../table.ts";

interface Options {
	readonly here: boolean;
	readonly json: boolean;
}

interface Row extends PulledWeights {
	readonly entry: CatalogEntry;
	/** Other names of it. */
	readonly aliases: readonly string[];
}

export const modelsCommand = buildCommand<Options, [], Context>({
	async func({ here, json }) {
		const { stdout } = this.process;
		const { aliases, cachedWeights, entries } = await import("../../catalog/index.ts");
		const rows: Row[] = [];
		for (const entry of entries) {
			const found = await cachedWeights(entry.name);
			const others = Object.keys(aliases).filter((alias) => aliases[alias] === entry.name);
			if (!here || found.files.length > 0) rows.push({ ...found, entry, aliases: others });
		}
		if (json)
			for (const { entry, ...row } of rows) stdout.write(jsonLine({ ...entry, ...row, ...place(row) }));
		else if (rows.length > 0) stdout.write(readable(rows));
		else stdout.write("none is here yet: mobilenet pull imagenet downloads one\n");
	},
	parameters: {
		flags: {
			here: {
				kind: "boolean",
				default: false,
				withNegated: false,
				brief: "only those that need no download: in the cache or in an installed package",
			},
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON per network" },
		},
	},
	docs: {
		brief: "List the networks that have names",
		fullDescription: [
			"Lists the networks that --model takes by name. They are downloaded the first time, and kept. Other networks of",
			"Hugging Face's hub are hf:owner/name.",
			"",
			"EXAMPLE",
			"  mobilenet models",
			"  mobilenet classify --model imagenet photo.jpg",
		].join("\n"),
	},
});

function place({ package: installed, files }: PulledWeights) {
	return { here: files.length > 0, package: installed ?? null, files };
}

function readable(rows: readonly Row[]): string {
	const cells = rows.map(({ entry, aliases, package: installed, files }) => [
		[entry.name, ...aliases.filter((alias) => !alias.includes("/"))].join(", "),
		entry.title,
		megabytes(entry),
		entry.published ? entry.published.top1.toFixed(1) : "",
		entry.license,
		installed ? "package" : files.length > 0 ? "yes" : "",
	]);
	const columns = [
		{ title: "name" },
		{ title: "what" },
		{ title: "MB", align: "right" },
		{ title: "top-1", align: "right" },
		{ title: "license" },
		{ title: "here" },
	] as const;
	return `${table(columns, cells)}
top-1: as published, in percent of ImageNet's validation pictures. MB: empty where it is not known. imagenet alone is the one to begin with: small, quantized.
`;
}

function megabytes({ files }: CatalogEntry): string {
	const known = files.every(({ bytes }) => bytes !== undefined);
	return known ? (files.reduce((sum, { bytes }) => sum + bytes!, 0) / 1e6).toFixed(1) : "";
}

/** Which rows there are: every runtime that is asked for, ours once for each build. */
import type { Checkout } from "./against.ts";
import { versionOf } from "./folders.ts";
import type { FileName } from "./network.ts";
import type { Options } from "./options.ts";
import type { NetworkFile, Precision } from "./protocol.ts";
import { oursInChromium, type Runtime, type RuntimeName, runtimeNames, runtimes } from "./runtimes/table.ts";
import { UsageError } from "./usage-error.ts";

export interface Row {
	/** Name of the runtime. */
	readonly name: string;
	readonly version: string;
	readonly program: string;
	/** The build that ours must use. */
	readonly simd?: string | undefined;
	readonly precision: Precision;
	readonly threads: number;
	/** Environment variables of its process, besides those of this one. */
	readonly environment?: Readonly<Record<string, string>>;
	/** Another checkout of this repository, whose program runs its package. */
	readonly checkout?: Checkout;
	/** What tells it from another row of the same runtime, for people. */
	readonly label?: string;
}

/** @param note called with the reason if a runtime that was not requested by name is left out */
export function chooseRows(
	{ only, simd, threads, precision }: Options,
	note: (line: string) => void,
): readonly Row[] {
	const rows = ((only ?? runtimeNames) as readonly RuntimeName[]).flatMap((name): readonly Row[] => {
		const { package: packageName, program, mostThreads, floatOnly }: Runtime = runtimes[name];
		const fault =
			threads > mostThreads
				? `${name} runs on ${mostThreads} thread here, not on ${threads}`
				: precision === "int8" && floatOnly !== undefined
					? `${name} cannot run networks of integers: ${floatOnly}`
					: undefined;
		if (fault !== undefined) {
			if (only) throw new UsageError(`${fault}.`);
			note(`left out: ${fault}`);
			return [];
		}
		const row = { name, version: versionOf(packageName), program, precision, threads };
		return name === "mobilenet" && simd ? simd.map((build) => ({ ...row, simd: build })) : [row];
	});
	// Ours also in the browser, beside the runtime that only runs there.
	const ours = rows.find(({ name }) => name === "mobilenet");
	if (ours && rows.some(({ name }) => name === "litert.js")) {
		const { simd: _, ...rest } = ours;
		rows.push({ ...rest, program: oursInChromium });
	}
	if (precision === "fp32") return rows;
	// Ours in float32 as well, for comparison.
	return rows.flatMap((row) =>
		row.name === "mobilenet" ? [row, { ...row, precision: "fp32" as const, label: "fp32" }] : [row],
	);
}

/** Rows of ours and of onnxruntime-node, on one thread and on the requested number. */
export function overloadRows({ simd, threads, precision }: Options): readonly Row[] {
	return (["mobilenet", "onnxruntime-node"] as const).flatMap((name) => {
		const { package: packageName, program } = runtimes[name];
		const row = { name, version: versionOf(packageName), program, precision };
		return [...new Set([1, threads])].map((count) => ({
			...row,
			simd: name === "mobilenet" ? simd?.[0] : undefined,
			threads: count,
			label: `${count} thread${count === 1 ? "" : "s"}`,
		}));
	});
}

/** The file that a row's runtime reads. */
export function fileOf({ name, precision }: Row, session: Precision): FileName {
	return name === "mobilenet" ? networkOf(precision, session) : runtimes[name as RuntimeName].file;
}

/** The file that ours runs: in a session in integers, its float32 rows have a separate file. */
export function networkOf(precision: Precision, session: Precision): NetworkFile {
	return precision === session ? "network.safetensors" : "folded.safetensors";
}

export function environmentOf({ simd, environment }: Row): Readonly<Record<string, string>> {
	return { ...environment, ...(simd === undefined ? {} : { MOBILENET_SIMD: simd }) };
}

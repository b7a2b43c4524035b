/** Which rows there are: every runtime that is asked for, ours once for each build. */
import { versionOf } from "./folders.ts";
import { type Options, UsageError } from "./options.ts";
import { type RuntimeName, runtimeNames, runtimes } from "./runtimes/table.ts";

export interface Row {
	readonly name: RuntimeName;
	readonly version: string;
	readonly program: string;
	/** The build that ours is told to take. */
	readonly simd?: string;
}

/** @param note told why a runtime that was not asked for by name is left out */
export function chooseRows({ only, simd, threads }: Options, note: (line: string) => void): readonly Row[] {
	const rows = (only ?? runtimeNames).flatMap((name): readonly Row[] => {
		const { package: packageName, program, mostThreads } = runtimes[name];
		if (threads > mostThreads) {
			const why = `${name} runs on ${mostThreads} thread here, not on ${threads}`;
			if (only) throw new UsageError(`${why}.`);
			note(`left out: ${why}`);
			return [];
		}
		const row = { name, version: versionOf(packageName), program };
		return name === "mobilenet" && simd ? simd.map((build) => ({ ...row, simd: build })) : [row];
	});
	// In the same browser as the runtime that is there only.
	const ours = rows.find(({ name }) => name === "mobilenet");
	if (ours && rows.some(({ name }) => name === "litert.js"))
		rows.push({ name: ours.name, version: ours.version, program: "mobilenet-chromium" });
	return rows;
}

export function environmentOf({ simd }: Row): Readonly<Record<string, string>> {
	return simd === undefined ? {} : { MOBILENET_SIMD: simd };
}

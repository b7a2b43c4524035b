/**
 * `--against`: ours of another checkout of this repository beside ours of this one. Names inside the package change from
 * commit to commit, so the other checkout runs its own program of the benchmark on its own package, and only the messages
 * of protocol.ts, the files of a job and the paths of the two programs must stay what they are.
 */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { home, versionIn } from "./folders.ts";
import { buildPrograms } from "./programs.ts";
import { labelOf } from "./report.ts";
import type { Row } from "./rows.ts";
import { runtimes } from "./runtimes/table.ts";
import type { Measured } from "./session.ts";
import { table } from "./table.ts";
import { trainers } from "./training/table.ts";
import { UsageError } from "./usage-error.ts";

export interface Checkout {
	/** Abbreviated, with `-dirty` where tracked files were changed; `against` where git knows no commit. */
	readonly commit: string;
	/** The version of its package. */
	readonly version: string;
	/** Its programs without types. */
	readonly programs: string;
}

/**
 * Builds the programs of another checkout into its own packages/benchmarks/dist, which git ignores: from there their
 * imports find its own package. They import no peer, so that it needs none.
 *
 * @throws UsageError where the folder is no checkout, is not built, or would run the package of another one
 */
export function openCheckout(given: string): Checkout {
	const folder = resolve(given);
	const benchmarks = join(folder, "packages/benchmarks");
	const ours = join(folder, "packages/mobilenet");
	for (const { program } of [runtimes.mobilenet, trainers.mobilenet]) {
		const path = join(benchmarks, "src", `${program}.ts`);
		if (!existsSync(path))
			throw new UsageError(`--against must be a checkout of this repository, and ${path} is not there.`);
	}
	if (!existsSync(join(ours, "dist/index.js")))
		throw new UsageError(`--against ${given} is not built: run npm ci there, which builds it.`);
	const found = packageFrom(benchmarks);
	if (found !== realpathSync(join(ours, "package.json")))
		throw new UsageError(
			`--against ${given} would import ${found === undefined ? "no package" : `the package in ${dirname(found)}`}, not its own: run npm ci there.`,
		);
	buildPrograms(benchmarks);
	return {
		commit: commitOf(folder) ?? "against",
		version: versionIn(ours),
		programs: join(benchmarks, "dist"),
	};
}

/** The package.json of the package that programs of a folder import, or undefined where they find none. */
function packageFrom(benchmarks: string): string | undefined {
	try {
		return createRequire(join(benchmarks, "package.json")).resolve("mobilenet/package.json");
	} catch {
		return undefined;
	}
}

/** The commit of a checkout, by default of this one. */
export function commitOf(folder = home): string | undefined {
	const { status, stdout } = spawnSync(
		"git",
		["--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"],
		{ cwd: folder, encoding: "utf8" },
	);
	return status === 0 ? stdout.trim() : undefined;
}

/** Each row of ours in Node, followed by the same one of another checkout. */
export function besideFormer(rows: readonly Row[], checkout: Checkout): readonly Row[] {
	const programs: readonly string[] = [runtimes.mobilenet.program, trainers.mobilenet.program];
	return rows.flatMap((row) =>
		programs.includes(row.program) ? [row, { ...row, version: checkout.version, checkout }] : [row],
	);
}

/** This checkout over the other one, undefined where there is none. Rows are in the order of `besideFormer`. */
export function againstTable(measured: readonly Measured[], unit: "ms" | "images/s"): string | undefined {
	const lines = measured.flatMap((former, i) => {
		const own = measured[i - 1];
		if (!own || !former.row.checkout) return [];
		const ratio = (of: "minimum" | "median"): string => {
			const times = own.times[of] / former.times[of];
			return (unit === "ms" ? times : 1 / times).toFixed(3);
		};
		// The build that a machine gets by default may be another one since.
		const build = former.ready.build === own.ready.build ? "" : ` / ${former.ready.build}`;
		return [[`${labelOf(own.row, own.ready)}${build}`, ratio("minimum"), ratio("median")]];
	});
	const commit = measured.find(({ row }) => row.checkout)?.row.checkout?.commit;
	if (commit === undefined) return undefined;
	const quicker = unit === "ms" ? "below" : "above";
	return table([[`${unit}, this / ${commit} (${quicker} 1 this is quicker)`, "minima", "medians"], ...lines]);
}

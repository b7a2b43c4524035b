/** The peak of the core, and how much of it ours reaches. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { cost } from "mobilenet/network";
import { programs } from "./folders.ts";
import type { Network } from "./network.ts";
import type { Options } from "./options.ts";
import { commandOf } from "./programs.ts";
import { labelOf } from "./report.ts";
import type { Peak } from "./roofline/measure.ts";
import type { Measured } from "./session.ts";

/** If the second figure is larger by this factor, V8 has really widened the instructions. */
const widened = 1.2;

export function roofline(measured: readonly Measured[], network: Network, options: Options): string {
	const { narrow, wide, read } = measurePeak(options.cores);
	const isWide = wide > widened * narrow;
	const lines = [
		`core: multiply-add peak ${narrow.toFixed(0)} GFLOP/s with 128-bit vectors${
			isWide ? `, ${wide.toFixed(0)} with 256` : " (V8 widens nothing here)"
		}; memory read ${read.toFixed(1)} GB/s`,
	];
	const { multAdds } = cost(network.model.configuration);
	const operations = 2 * multAdds * options.batch;
	for (const { row, ready, times } of measured) {
		if (row.name !== "mobilenet") continue;
		const reached = operations / times.minimum / 1e6;
		const share = (peak: number): string => `${((100 * reached) / peak / row.threads).toFixed(0)} %`;
		// The peak is that of float multiply-adds, which integers do not use.
		const isFloat = row.precision === "fp32";
		const shares = [
			...(isFloat && ready.build !== "wide" ? [`${share(narrow)} of the 128-bit peak`] : []),
			...(isFloat && isWide ? [`${share(wide)} of the 256-bit peak`] : []),
		];
		lines.push(
			[
				`${labelOf(row, ready)}: ${(operations / 1e6).toFixed(0)} million operations in ${times.minimum.toFixed(3)} ms = ${reached.toFixed(1)} ${isFloat ? "GFLOP/s" : "GOP/s"}`,
				...shares,
			].join(", "),
		);
	}
	return lines.join("\n");
}

/** On the first of the cores and with this Node, since the peak does not depend on the Node that is measured. */
function measurePeak(cores: string): Peak {
	const place = { cores: /^\d+/.exec(cores)?.[0] ?? cores, node: process.execPath };
	const [command, ...flags] = commandOf(place);
	const { status, stdout, stderr } = spawnSync(command, [...flags, join(programs, "roofline/measure.js")], {
		encoding: "utf8",
	});
	if (status !== 0) throw new Error(`the core's peak could not be measured: ${stderr.trim()}`);
	return JSON.parse(stdout) as Peak;
}

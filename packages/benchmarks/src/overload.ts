/**
 * How an overloaded machine affects a run: ours and onnxruntime-node on one and several threads, first on idle cores, then
 * with a busy process on each core. Threads that wait for one another suffer most.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { programs } from "./folders.ts";
import type { Options } from "./options.ts";
import { commandOf } from "./programs.ts";
import { labelOf, milliseconds } from "./report.ts";
import type { Row } from "./rows.ts";
import { type Measured, type SessionOptions, withRunning } from "./session.ts";
import { table } from "./table.ts";

export async function overloadTable(
	rows: readonly Row[],
	options: SessionOptions,
	place: Options,
): Promise<string> {
	const [quiet, busy] = await withRunning(rows, options, async (again) => {
		const before = await again(options.seconds);
		const stop = keepBusy(place);
		try {
			return [before, await again(options.seconds)] as const;
		} finally {
			stop();
		}
	});
	const columns = ({ times }: Measured): readonly string[] =>
		[times.minimum, times.median, times.p90, times.worst].map(milliseconds);
	return table([
		[
			"",
			"quiet: minimum ms",
			"median",
			"p90",
			"worst",
			"busy: minimum ms",
			"median",
			"p90",
			"worst",
			"medians",
		],
		...quiet.map((own, i) => {
			const { row, ready, times } = own;
			const under = busy[i]!;
			const slower = under.times.median / times.median;
			return [labelOf(row, ready), ...columns(own), ...columns(under), `× ${slower.toFixed(2)}`];
		}),
	]);
}

/** Starts a busy process for every core of this machine. @returns a function that stops them */
function keepBusy(place: Options): () => void {
	const processes = Array.from({ length: availableParallelism() }, (_, core) => {
		const [execPath, ...execArgv] = commandOf({ ...place, cores: String(core) });
		return fork(join(programs, "overload/spin.js"), { execPath, execArgv });
	});
	return () => {
		for (const process of processes) process.kill();
	};
}

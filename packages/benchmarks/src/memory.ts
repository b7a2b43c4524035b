/**
 * The peak memory of each runtime's process (VmHWM), from its start through some runs on one input. Runtimes in Chromium
 * are left out, because its processes share memory.
 */
import type { Options } from "./options.ts";
import { start } from "./programs.ts";
import type { Job } from "./protocol.ts";
import { labelOf } from "./report.ts";
import { environmentOf, type Row } from "./rows.ts";
import { oursInChromium } from "./runtimes/table.ts";
import { table } from "./table.ts";

const runs = 20;

export async function memoryTable(
	rows: readonly Row[],
	jobOf: (row: Row) => Job,
	place: Options,
	note: (line: string) => void,
): Promise<string> {
	const lines: (readonly string[])[] = [];
	const bare = await peakOf("runtimes/bare", {}, jobOf(rows[0]!), place);
	for (const row of rows) {
		if (row.name === "litert.js" || row.program === oursInChromium) {
			note(`left out: ${row.name} in Chromium, whose memory belongs to several processes`);
			continue;
		}
		const { bytes, ...ready } = await peakOf(row.program, environmentOf(row), jobOf(row), place);
		lines.push([labelOf(row, ready), megabytes(bytes), megabytes(bytes - bare.bytes)]);
	}
	return table([["", "peak MB", "less bare Node"], ["bare Node", megabytes(bare.bytes), ""], ...lines]);
}

async function peakOf(
	name: string,
	environment: Readonly<Record<string, string>>,
	job: Job,
	place: Options,
): Promise<{ readonly build?: string | undefined; readonly bytes: number }> {
	const program = start(name, place, environment);
	try {
		const { build } = await program.ask({ kind: "prepare", job });
		await program.ask({ kind: "run", runs });
		return { build, bytes: await program.ask({ kind: "memory" }) };
	} finally {
		await program.stop();
	}
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

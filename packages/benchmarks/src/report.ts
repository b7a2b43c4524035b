/** A session's times as a table for people and as rows for programs. */
import type { Options } from "./options.ts";
import type { Job } from "./protocol.ts";
import type { Row } from "./rows.ts";
import type { Measured } from "./session.ts";
import { table } from "./table.ts";

export function timesTable(measured: readonly Measured[]): string {
	return table([
		["", "version", "minimum ms", "median ms", "p90 ms", "runs", "host"],
		...measured.map(({ row, ready, times }) => [
			labelOf(row, ready),
			row.version,
			...[times.minimum, times.median, times.p90].map(milliseconds),
			String(times.runs),
			ready.host,
		]),
	]);
}

/** Ours over each peer: below 1 ours is quicker. Undefined where there is none of one of the two. */
export function ratiosTable(measured: readonly Measured[]): string | undefined {
	const ours = measured.filter(({ row }) => row.name === "mobilenet");
	const peers = measured.filter(({ row }) => row.name !== "mobilenet");
	if (ours.length === 0 || peers.length === 0) return undefined;
	return table([
		["ours / peer (minima, medians)", ...ours.map(({ row, ready }) => buildOf(row, ready.build!))],
		...peers.map((peer) => [
			peer.row.name,
			...ours.map(({ times }) =>
				[times.minimum / peer.times.minimum, times.median / peer.times.median]
					.map((ratio) => ratio.toFixed(2))
					.join("  "),
			),
		]),
	]);
}

export function jsonRows(
	measured: readonly Measured[],
	{ batch, threads }: Options,
	{ size }: Job,
	alpha: number,
): readonly object[] {
	return measured.map(({ row, ready, times }) => ({
		runtime: row.name,
		version: row.version,
		alpha,
		size,
		precision: "fp32",
		batch,
		threads,
		simd: ready.build ?? null,
		host: ready.host,
		minMs: times.minimum,
		medianMs: times.median,
	}));
}

export function milliseconds(value: number): string {
	return value.toPrecision(value < 1 ? 3 : 4);
}

export function labelOf(row: Row, { build }: { readonly build?: string | undefined }): string {
	return build === undefined ? row.name : `${row.name} ${buildOf(row, build)}`;
}

/** The build of ours, and where it runs if not in Node. */
function buildOf({ program }: Row, build: string): string {
	return program === "mobilenet-chromium" ? `${build} in Chromium` : build;
}
